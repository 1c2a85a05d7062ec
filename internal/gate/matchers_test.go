package gate_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// noted answers 1 to everything, and keeps what it was asked.
type noted struct {
	mu    sync.Mutex
	asked []string
}

func (n *noted) Query(_ context.Context, query string) (gate.Result, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked = append(n.asked, query)
	now := time.Now()
	value := 1.0
	switch {
	case strings.HasPrefix(query, "max(timestamp("):
		value = float64(now.Unix())
	case strings.Contains(query, "min(sum_over_time("):
		value = 100 // scrapes, so that there is a past to measure
	}
	return gate.Result{At: now, Series: []gate.Series{{Labels: map[string]string{"slot": "green"}, Value: value, At: now}}}, nil
}

func TestEveryQueryAsksForTheMatchers(t *testing.T) {
	t.Parallel()
	for name, target := range map[string]string{"labels": `up{slot="{{slot}}"}`, "no labels": "up", "an end with a comma": `up{slot="{{slot}}",}`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := bare()
			s.Pack, s.Target, s.Metrics.Matchers = gate.PackPlan, target, map[string]string{"job": `a "shop"`, "env": "prod"}
			var n noted
			w := watching(t, s, &n)
			w.Evaluate(t.Context(), baking())
			if _, err := w.Flow(t.Context(), release.Green, time.Minute); err != nil {
				t.Error(err)
			}
			if _, err := w.Served(t.Context(), release.Green); err != nil {
				t.Error(err)
			}
			if m := metricsOf(t, n.asked); len(m) < 11 {
				t.Errorf("only %d metrics were asked for: %v", len(m), m)
			}
		})
	}
}

// metricsOf is the metrics that queries ask for, each with the matchers. What
// counts the series that have a label asks about all of them.
func metricsOf(t *testing.T, queries []string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, query := range queries {
		picked, _, err := gate.Selectors(query)
		if err != nil {
			t.Errorf("%s: %v", query, err)
		}
		for _, text := range picked {
			if !strings.HasPrefix(query, "count(") && !strings.HasSuffix(text, `env="prod",job="a \"shop\""}`) {
				t.Errorf("%s asks for %s", query, text)
			}
			metric, _, _ := strings.Cut(text, "{")
			found[metric] = true
		}
	}
	return found
}
