package connect_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/smoke"
)

// A candidate that does not answer is only to blame when the runner can reach
// somebody: the live slot, well or not.
func TestWhoIsAwayIsToldByTheLiveSlot(t *testing.T) {
	t.Parallel()
	const nobody = "http://127.0.0.1:1"
	serves := func(status int) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		t.Cleanup(s.Close)
		return s.URL
	}
	for name, c := range map[string]struct {
		green, blue  string
		failed, away bool
	}{
		"a candidate that answers":              {serves(200), nobody, false, false},
		"one that answers otherwise":            {serves(503), nobody, true, false},
		"one that is gone, beside a live slot":  {nobody, serves(200), true, false},
		"one that is gone, beside a sick slot":  {nobody, serves(503), true, false},
		"one that is gone, as all the rest is":  {nobody, nobody, true, true},
		"one that is gone, without a live slot": {nobody, "", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			job := new(action.Job)
			job.Release.Candidate = release.Green
			job.Config.Slots.Green.Services = map[string]string{"web": c.green}
			if c.blue != "" {
				job.Config.Slots.Blue.Services = map[string]string{"web": c.blue}
			}
			ready := smoke.Check{Name: "ready", Service: "web", Path: "/ready", Critical: true, Repeat: 1}
			ready.Expect.Status = []smoke.Status{200}
			job.Config.Smoke = smoke.Settings{Checks: []smoke.Check{ready}, Timeout: 30 * time.Second, Parallel: 1}
			questions, err := connect.Ask(job)
			if err != nil {
				t.Fatal(err)
			}
			got := questions.Again(t.Context(), gate.Moment{Weight: 10})
			if len(got) != 1 || got[0].Err != nil != c.failed || got[0].Away != c.away {
				t.Errorf("%+v: want failed %t and away %t", got, c.failed, c.away)
			}
		})
	}
}
