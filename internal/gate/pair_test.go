package gate_test

import (
	"context"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
)

// scraped is a world in which a scrape arrives between two questions, a number
// of times: both counts grow by as much, and none of the requests is bad.
type scraped struct {
	*world
	times int
}

func (s *scraped) Query(ctx context.Context, query string) (gate.Result, error) {
	if s.times > 0 && strings.HasPrefix(query, "sum(all{") {
		s.times--
		s.bad, s.all = []float64{s.bad[0] + 1000}, []float64{s.all[0] + 1000}
	}
	return s.world.Query(ctx, query)
}

// A fraction of which one part has a scrape more than the other is no
// measurement: everything is within the bound here.
func TestAFractionIsOfOneSetOfScrapes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		times int
		want  look
	}{
		"a scrape comes between":    {1, look{gate.Pass, gate.OK}},
		"and another":               {2, look{gate.Pass, gate.OK}},
		"scrapes come all the time": {1000, look{gate.Inconclusive, gate.Partial}},
		"nothing comes between":     {0, look{gate.Pass, gate.OK}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &scraped{healthy(t), c.times}
			w.bad, w.all = []float64{3000}, []float64{3000}
			rule := gate.Rule{
				Name: "latency", Fraction: badQuery, Requests: allQuery, Window: errorRate().Window, MinSamples: 10, Pause: below(0.95),
			}
			r := watching(t, bare(rule), w).Evaluate(t.Context(), baking()).Readings[0]
			if got := (look{r.Verdict, r.Code}); got != c.want {
				t.Errorf("%v, want %v: %s", got, c.want, r.Reason)
			}
		})
	}
}
