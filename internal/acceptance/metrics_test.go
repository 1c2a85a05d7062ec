package acceptance_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func TestNothingPassesWithoutMetrics(t *testing.T) {
	r := waiting(t)
	good, l := r.candidate().Other(), r.users(t)
	const bake = time.Second

	s := r.shifting(t, bake.String(), nil)
	s.says(t, "pass at 10%")
	r.blind(t)
	s.says(t, "inconclusive: .*the clock stands at")
	for begin := time.Now(); time.Since(begin) < 2*bake; time.Sleep(50 * time.Millisecond) {
		if w := r.weights(t); w != release.Split(r.candidate(), 10) || s.over() {
			t.Fatalf("the weights are %v without metrics, the shift over: %v", w, s.over())
		}
	}
	r.see(t)
	s.end(t).want(t, 0).has(t, inputs{"outcome": "shifted", "weight": "100"})
	r.stands(t, r.candidate(), 100)
	t.Logf("held at 10%% for %v without metrics, twice the bake, and went on to 100%%", 2*bake)
	r.must(t, "rollback", nil).has(t, inputs{"moved": "true", "slot": string(good)})

	s = r.shifting(t, bake.String(), inputs{"shift-max-pause": "4s"})
	s.says(t, "pass at 10%")
	r.blind(t)
	got := s.end(t).want(t, 1)
	got.has(t, inputs{"outcome": "rolled back", "weight": "0"})
	got.shows(t, "longer than max-pause 4s")
	r.stands(t, good, 100)
	t.Logf("without metrics for longer than max-pause: %s", got.errors)
	r.see(t)
	l.leave(t)
}

// blind stops Prometheus, and see starts it again.
func (h *house) blind(t *testing.T) {
	t.Helper()
	if err := h.Metrics.Stop(); err != nil {
		t.Fatal(err)
	}
}

func (h *house) see(t *testing.T) {
	t.Helper()
	if err := h.Metrics.Restart(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// What the slots say themselves is enough: Prometheus is stopped, and the
// configuration does not name it.
func TestAReleaseWithoutAPrometheusServer(t *testing.T) {
	r := waiting(t)
	good, l := r.candidate().Other(), r.users(t)
	r.blind(t)
	s := r.shifting(t, "1s", inputs{"config": r.unserved(t)})
	s.says(t, "pass at 10%")
	s.end(t).want(t, 0).has(t, inputs{"outcome": "shifted", "weight": "100"})
	r.stands(t, r.candidate(), 100)
	r.see(t)
	r.must(t, "rollback", nil).has(t, inputs{"moved": "true", "slot": string(good)})
	l.leave(t)
}

var prometheusSection = regexp.MustCompile(`(?m)^prometheus:\n(  .*\n)+`)

// unserved writes the configuration of the application with its own metrics in
// the place of the server, and returns its path.
func (h *house) unserved(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(h.Root, "examples", "mailblast", ".github", "bluegreen.yml"))
	if err != nil {
		t.Fatal(err)
	}
	own := prometheusSection.ReplaceAll(text, []byte("scrape: { services: [backend, frontend], interval: 500ms, timeout: 500ms }\n"))
	path := filepath.Join(t.TempDir(), "bluegreen.yml")
	if err := os.WriteFile(path, own, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
