package traffic_test

import (
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

func TestBrief(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]traffic.Progress{
		"10% for 3m of 5m, p95 112ms":         {Weight: 10, Good: 3 * time.Minute, Bake: 5 * time.Minute, P95: 112345 * time.Microsecond, Verdict: gate.Pass},
		"50% for 1m30s of 1h0m0s":             {Weight: 50, Good: 90 * time.Second, Bake: time.Hour, Verdict: gate.Warn},
		"10% for 0s of 12s, held: " + "pause": {Weight: 10, Bake: 12 * time.Second, Verdict: gate.Pause},
	} {
		if got := p.Brief(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
