package gate_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
)

// sure is a gate that always says the same, after a while.
type sure struct {
	t     *testing.T
	takes time.Duration
	says  gate.Decision
	busy  bool
	ended error // of the context, when it had to wait
}

func (s *sure) Evaluate(ctx context.Context, _ gate.Moment) gate.Decision {
	if s.busy {
		s.t.Error("asked twice at a time")
	}
	s.busy = true
	defer func() { s.busy = false }()
	select {
	case <-time.After(s.takes):
	case <-ctx.Done():
		s.ended = ctx.Err()
	}
	return s.says
}

func one(rule string, v gate.Verdict) gate.Decision {
	return gate.Decision{Verdict: v, Readings: []gate.Reading{{Rule: rule, Verdict: v}}}
}

func TestSeveralGatesMakeOneDecision(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_700_000_000, 0)
	timed := one("timed", gate.Pass)
	timed.At = at
	optional := one("optional", gate.Inconclusive)
	optional.Readings[0].Optional = true
	for name, c := range map[string]struct {
		said  []gate.Decision
		want  gate.Verdict
		rules []string
	}{
		"all pass":                             {[]gate.Decision{one("a", gate.Pass), timed}, gate.Pass, []string{"a", "timed"}},
		"the worst wins":                       {[]gate.Decision{one("a", gate.Pause), one("b", gate.Warn), timed}, gate.Pause, []string{"a", "b", "timed"}},
		"one without a reading stops the step": {[]gate.Decision{timed, {}}, gate.Inconclusive, []string{"timed", "gates"}},
		"one that may be missing does not":     {[]gate.Decision{timed, optional}, gate.Pass, []string{"timed", "optional"}},
		"none stop the step":                   {nil, gate.Inconclusive, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var members []gate.Evaluator
			for _, d := range c.said {
				members = append(members, &sure{t: t, says: d})
			}
			got := gate.Join(members...).Evaluate(t.Context(), baking())
			var rules []string
			for _, r := range got.Readings {
				rules = append(rules, r.Rule)
			}
			if got.Verdict != c.want || !slices.Equal(rules, c.rules) {
				t.Errorf("%v of %v, want %v of %v", got.Verdict, rules, c.want, c.rules)
			}
			if len(c.said) > 0 && !got.At.Equal(at) {
				t.Errorf("at %v, want %v", got.At, at)
			}
		})
	}
}

func TestARollbackDoesNotWaitForSlowerGates(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := &sure{t: t, takes: time.Minute, says: one("slow", gate.Pass)}
		both := gate.Join(slow, &sure{t: t, takes: time.Millisecond, says: one("dead", gate.Rollback)})
		begin := time.Now()
		for range 2 { // nobody is asked twice at a time
			if d := both.Evaluate(t.Context(), baking()); d.Verdict != gate.Rollback || len(d.Readings) != 2 {
				t.Errorf("%v with %d readings", d.Verdict, len(d.Readings))
			}
		}
		if took := time.Since(begin); took > time.Second {
			t.Errorf("it took %v", took)
		}
		synctest.Wait()
		if slow.ended == nil {
			t.Error("the slow gate still works")
		}
	})
}
