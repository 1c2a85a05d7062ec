package gate_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// What a counter grew by before the slot was scraped is not known: all that it
// ever counted would be taken for it.
func TestAFlowReachesNoFurtherThanTheScrapes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		scrapes float64
		window  time.Duration // 0 for a slot of which nothing can be said yet
	}{
		"a slot that is scraped for long":          {40, 5 * time.Minute},
		"a slot that is scraped for half a minute": {3, 30 * time.Second},
		"a slot that was scraped once":             {1, 0},
		"a slot that was never scraped":            {0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := healthy(t)
			w.scrapes = []float64{c.scrapes}
			settings := bare(errorRate())
			settings.Metrics.Requests, settings.Metrics.Duration = "all", "gauge"
			f, err := watching(t, settings, w).Flow(t.Context(), release.Blue, 5*time.Minute)
			if c.window == 0 {
				if err == nil || !strings.Contains(err.Error(), "too little history") || f.Requests != 0 {
					t.Errorf("%+v, %v: want no measurement", f, err)
				}
				return
			}
			if err != nil || f.Window != c.window || f.Requests != 10_000 {
				t.Errorf("%+v, %v: want 10000 requests within %v", f, err, c.window)
			}
			offset := fmt.Sprintf(" offset %.0fs", c.window.Seconds())
			for _, query := range w.asked {
				if strings.Contains(query, " offset ") && !strings.Contains(query, offset) {
					t.Errorf("asked %s: want%s", query, offset)
				}
			}
		})
	}
}
