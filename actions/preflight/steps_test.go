package preflight

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/preflight"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/signoff"
	"github.com/bluegreen-actions/bluegreen/internal/smoke"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// What the shift would refuse is refused before anything is built.
func TestWhatTheShiftNeedsOfOthers(t *testing.T) {
	t.Parallel()
	halfway := func(l *look) {
		l.in.Environment = "production"
		l.job.Config.Shift.Steps[1].Approval, l.job.Config.Shift.ApprovalTimeout = "half", time.Hour
		l.job.Config.SignOff.Roles = []signoff.Role{{Name: "half", Before: signoff.Step}}
	}
	for name, c := range map[string]struct {
		change func(*look)
		probe  string
		status release.Status
		stops  bool
		want   string
	}{
		"no step waits":              {func(*look) {}, "approvals of steps", release.NotShown, false, "no step waits"},
		"a step waits":               {halfway, "approvals of steps", release.Passed, false, "steps wait for half"},
		"nobody can be asked":        {func(l *look) { halfway(l); l.in.Environment = "" }, "approvals of steps", release.Failed, true, "waits for the approval of half"},
		"a role of another phase":    {func(l *look) { halfway(l); l.job.Config.SignOff.Roles[0].Before = signoff.Shift }, "approvals of steps", release.Failed, true, "signs off before shift"},
		"a first release waits not":  {func(l *look) { halfway(l); l.job.Release.First, l.in.Environment = true, "" }, "approvals of steps", release.NotShown, false, "goes to 100%"},
		"a shift in time":            {func(l *look) { l.in.Within = 2 * time.Hour }, "time for the shift", release.Passed, false, "30m0s to 1h0m0s"},
		"a shift that may be late":   {func(l *look) { l.in.Within = 45 * time.Minute }, "time for the shift", release.NotShown, false, "at its end the traffic goes back"},
		"a shift that is late":       {func(l *look) { l.in.Within = 30 * time.Minute }, "time for the shift", release.Failed, true, "its step has 30m0s"},
		"a first release takes less": {func(l *look) { l.job.Release.First, l.in.Within = true, 31*time.Minute }, "time for the shift", release.Passed, false, "15m0s to 30m0s"},
		"ids of the plan":            {func(*look) {}, "items of the plan", release.Passed, false, "the plan has all"},
		"an id that is none": {func(l *look) { l.job.Config.Smoke.Checks = []smoke.Check{{Name: "home", Evidence: []string{"B.9.z1"}}} },
			"items of the plan", release.Failed, true, `smoke check "home": evidence: B.9.z1`},
		"a job without a limit": {func(*look) {}, "time for the shift", release.NotShown, false, "shift-within is empty"},
		"no check to repeat":    {func(*look) {}, "repeated checks", release.NotShown, false, "no check of smoke"},
		"a public check and no door": {func(l *look) { l.job.Config.Smoke.Checks = []smoke.Check{{Name: "home", Path: "/", Public: true}} },
			"repeated checks", release.Failed, true, "no address to ask them at"},
		"a public check and a door": {func(l *look) {
			home := smoke.Check{Name: "home", Path: "/", Public: true, Repeat: 1, Expect: smoke.Expect{Status: []smoke.Status{200}}}
			l.job.Config.Smoke = smoke.Settings{Checks: []smoke.Check{home}, PublicURL: "http://127.0.0.1:1", Timeout: time.Second, Parallel: 1}
		}, "repeated checks", release.Passed, false, "1 public ones"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := look{job: &action.Job{Log: slog.New(slog.DiscardHandler), Token: "t"}}
			l.job.Release.Candidate = release.Green
			l.job.Runner.Repository, l.job.Runner.APIURL = "acme/app", "http://127.0.0.1:1"
			l.job.Config.Shift.Steps = []traffic.Step{{Weight: 10, Bake: 5 * time.Minute}, {Weight: 50, Bake: 10 * time.Minute}, {Weight: 100, Bake: 15 * time.Minute}}
			c.change(&l)
			all := []preflight.Probe{preflight.Items(l.items), preflight.Repeated(l.repeated), preflight.Approvals(l.approvals), preflight.Length(l.length)}
			for _, got := range preflight.Run(t.Context(), time.Minute, all).Results {
				if got.Name == c.probe && (got.Status != c.status || got.Stops != c.stops || !strings.Contains(got.Observed, c.want) || got.Status == release.Failed && got.Remedy == "") {
					t.Errorf("%+v: want %s, stops %t, %q", got, c.status, c.stops, c.want)
				}
			}
		})
	}
}
