package preflight_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/preflight"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// watch is Scanners that answer from fields; each look for an analysis takes the
// next of them.
type watch struct {
	code, packages, secrets []preflight.Alert
	analysed                []bool
	broken                  error
}

func (w *watch) CodeAlerts(context.Context, string) ([]preflight.Alert, error) {
	return w.code, w.broken
}
func (w *watch) DependencyAlerts(context.Context) ([]preflight.Alert, error) {
	return w.packages, w.broken
}
func (w *watch) SecretAlerts(context.Context) ([]preflight.Alert, error) { return w.secrets, w.broken }

func (w *watch) Analysed(context.Context, string, release.Commit) (bool, error) {
	next := w.analysed[0]
	if len(w.analysed) > 1 {
		w.analysed = w.analysed[1:]
	}
	return next, w.broken
}

func alert(severity preflight.Severity) []preflight.Alert {
	return []preflight.Alert{{Number: 3, Severity: severity, What: "x/net"}}
}

func TestTheAlerts(t *testing.T) {
	t.Parallel()
	running := [][]preflight.Check{{{Name: "codeql", Run: 70}, {Name: "release", Run: 77}}}
	tests := []struct {
		sentence string
		change   func(*watch, *story, *preflight.Settings)
		probe    int // 0 code scanning, 1 packages, 2 secrets
		status   release.Status
		stops    bool
		observed string
	}{
		{"the code has none", nil, 0, release.Passed, false, "no open alert of severity high or above"},
		{"the packages have none", nil, 1, release.Passed, false, "Dependabot has no open alert"},
		{"no secret was found", nil, 2, release.Passed, false, "secret scanning has no open alert"},
		{"a milder one is counted", func(w *watch, _ *story, _ *preflight.Settings) { w.packages = alert("medium") }, 1, release.Passed, false, "and 1 below"},
		{"one at the threshold stops", func(w *watch, _ *story, _ *preflight.Settings) { w.packages = alert("high") }, 1, release.Failed, true, "1 open alerts of severity high or above: 3 x/net high"},
		{"one above it stops", func(w *watch, _ *story, _ *preflight.Settings) { w.code = alert("critical") }, 0, release.Failed, true, "3 x/net critical"},
		{"one of a grade that nobody knows stops", func(w *watch, _ *story, _ *preflight.Settings) { w.code = alert("") }, 0, release.Failed, true, "3 x/net"},
		{"any secret stops", func(w *watch, _ *story, _ *preflight.Settings) { w.secrets = alert("") }, 2, release.Failed, true, "1 open alerts"},
		{"the worst of many come first", func(w *watch, _ *story, _ *preflight.Settings) {
			for range 9 {
				w.packages = append(w.packages, alert("high")...)
			}
			w.packages = append(w.packages, preflight.Alert{Number: 8, Severity: "critical", What: "worse"})
		}, 1, release.Failed, true, "10 open alerts of severity high or above: 8 worse critical, 3"},
		{"the threshold can be lower", func(w *watch, _ *story, s *preflight.Settings) { w.packages, s.Dependencies = alert("low"), "low" }, 1, release.Failed, true, "3 x/net low"},
		{"nobody wants to know, not even strictly", func(w *watch, _ *story, s *preflight.Settings) {
			w.code, s.CodeScanning, s.RequireScans = alert("critical"), preflight.Off, true
		}, 0, release.NotShown, false, "preflight.code-scanning is off"},
		{"what cannot be read is not shown", func(w *watch, _ *story, _ *preflight.Settings) { w.broken = preflight.Absent("may not") }, 1, release.NotShown, false, "may not"},
		{"and stops where it is asked for", func(w *watch, _ *story, s *preflight.Settings) {
			w.broken, s.RequireScans = preflight.Absent("may not"), true
		}, 1, release.Failed, true, "may not"},
		{"the commit was not looked at, and nothing runs that would", func(w *watch, _ *story, _ *preflight.Settings) { w.analysed = []bool{false} }, 0, release.Failed, true, "has not looked at"},
		{"only the own run still runs", func(w *watch, s *story, _ *preflight.Settings) {
			w.analysed, s.checks = []bool{false}, [][]preflight.Check{{{Name: "release", Run: 77}}}
		}, 0, release.Failed, true, "has not looked at"},
		{"the analysis is waited for", func(w *watch, s *story, _ *preflight.Settings) {
			w.analysed, s.checks = []bool{false, false, true}, running
		}, 0, release.Passed, false, "has looked at"},
		{"the branch went on, so that its alerts are not the commit's", func(_ *watch, s *story, _ *preflight.Settings) {
			s.standing = preflight.Standing{Branch: "main", Status: "behind", Behind: 3}
		}, 0, release.NotShown, false, "is 3 commits behind it"},
		{"which stops where it has to be shown", func(_ *watch, s *story, c *preflight.Settings) {
			s.standing, c.RequireScans = preflight.Standing{Branch: "main", Status: "behind", Behind: 3}, true
		}, 0, release.Failed, true, "is 3 commits behind it"},
		{"an alert stops, wherever the branch is", func(w *watch, s *story, _ *preflight.Settings) {
			w.code, s.standing.Behind = alert("critical"), 3
		}, 0, release.Failed, true, "3 x/net critical"},
		{"it never ends", func(w *watch, s *story, _ *preflight.Settings) { w.analysed, s.checks = []bool{false}, running }, 0, release.Failed, true, "yet: no answer within 10m0s"},
	}
	for _, test := range tests {
		t.Run(test.sentence, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				scanners, history := &watch{analysed: []bool{true}}, &story{checks: [][]preflight.Check{nil}}
				settings := preflight.Settings{CodeScanning: "high", Dependencies: "high", Secrets: true, ChecksTimeout: 10 * time.Minute}
				if test.change != nil {
					test.change(scanners, history, &settings)
				}
				probes := preflight.Alerts(scanners, history, settings, commit, 77)
				r := preflight.Run(t.Context(), time.Minute, probes[test.probe:test.probe+1]).Results[0]
				if r.Status != test.status || r.Stops != test.stops || !strings.Contains(r.Observed, test.observed) {
					t.Errorf("%q, stops %v: %s; want %q: %s", r.Status, r.Stops, r.Observed, test.status, test.observed)
				}
			})
		})
	}
}

func TestSeverity(t *testing.T) {
	t.Parallel()
	var s preflight.Severity
	for text, good := range map[string]bool{"off": true, "low": true, "critical": true, "": false, "High": false, "severe": false} {
		if err := s.UnmarshalText([]byte(text)); (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, pair := range []string{"low low", "high medium", "critical low", "unheard-of critical"} {
		var is, threshold preflight.Severity
		fmt.Sscan(pair, &is, &threshold)
		if !is.Reaches(threshold) {
			t.Errorf("%s does not reach %s", is, threshold)
		}
	}
	if preflight.Severity("medium").Reaches("high") {
		t.Error("medium reaches high")
	}
}
