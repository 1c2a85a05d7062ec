package gate_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func TestTheTrafficThatTheRulesWillHave(t *testing.T) {
	t.Parallel()
	steps := []gate.Bake{{Weight: 10, For: 5 * time.Minute}, {Weight: 50, For: 10 * time.Minute}, {Weight: 100, For: 15 * time.Minute}}
	for name, c := range map[string]struct {
		change func(*world, *gate.Rule)
		want   string
		err    string
	}{
		"enough":                       {func(w *world, _ *gate.Rule) { w.scrapes = []float64{8} }, "95.2 []", ""}, // 10,000 requests in 7 intervals
		"too little in the first step": {func(w *world, _ *gate.Rule) { w.scrapes = []float64{9} }, "83.3 [errors at 10% has its 2995 requests after 6m0s, and the step is 5m0s]", ""},
		"none":                         {func(w *world, _ *gate.Rule) { w.all = nil }, "0 [errors at 10% never has its 2995 requests errors at 50% never has its 2995 requests errors at 100% never has its 2995 requests]", ""},
		"an optional rule is no matter": {func(w *world, r *gate.Rule) { w.all, r.Optional = []float64{1}, true },
			"0 []", ""},
		"a slot that is scraped since a moment ago": {func(w *world, _ *gate.Rule) { w.scrapes = []float64{1} }, "", "too little history"},
		"a source that does not answer":             {func(w *world, _ *gate.Rule) { w.err = errDown }, "", "connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, rule := healthy(t), errorRate()
			rule.MinSamples = 2995
			if name == "enough" {
				rule.MinSamples = 2800
			}
			c.change(w, &rule)
			perSecond, short, err := gate.Forecast(t.Context(), bare(rule), w, pace, release.Blue, steps)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("%v: want %q in it", err, c.err)
				}
				return
			}
			if got := fmt.Sprintf("%.3g %v", perSecond, short); err != nil || got != c.want {
				t.Errorf("%s, %v\nwant %s", got, err, c.want)
			}
		})
	}
}
