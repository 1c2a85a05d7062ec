package preflight_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/preflight"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func TestAlertsThatCount(t *testing.T) {
	t.Parallel()
	rule := func(change func(*preflight.AlertRule)) []preflight.AlertRule {
		r := preflight.AlertRule{Name: "Errors", Query: "a >\n  0.01", For: 2 * time.Minute, Severity: "critical", Items: []string{"5.3.c1"}}
		if change != nil {
			change(&r)
		}
		return []preflight.AlertRule{{Name: "another"}, r}
	}
	tests := map[string]struct {
		rules   []preflight.AlertRule
		useless map[string]string
		status  release.Status
		says    string
		missing bool
	}{
		"a rule as the plan has it":          {rule(nil), nil, release.Passed, "Errors, critical, after 2m0s: a > 0.01", false},
		"one that waits less":                {rule(func(r *preflight.AlertRule) { r.For = time.Minute }), nil, release.Passed, "", false},
		"one that waits longer":              {rule(func(r *preflight.AlertRule) { r.For = time.Hour }), nil, release.NotShown, "waits 1h0m0s: the plan has 2m0s", true},
		"one of another severity":            {rule(func(r *preflight.AlertRule) { r.Severity = "info" }), nil, release.NotShown, `the severity "info"`, true},
		"one that cannot be evaluated":       {rule(func(r *preflight.AlertRule) { r.Problem = "cannot be evaluated: no such function" }), nil, release.NotShown, "Errors cannot be evaluated: no such function", true},
		"a second one as the plan has it":    {append(rule(func(r *preflight.AlertRule) { r.For, r.Name = time.Hour, "Slow" }), rule(nil)...), nil, release.Passed, "Errors, critical", false},
		"two that are not":                   {append(rule(func(r *preflight.AlertRule) { r.For = time.Hour }), rule(func(r *preflight.AlertRule) { r.Severity = "info" })...), nil, release.NotShown, "waits 1h0m0s", true},
		"none":                               {nil, nil, release.NotShown, "no alert rule has 5.3.c1", true},
		"none, where there is no use for it": {nil, map[string]string{"5.3.c1": "no requests"}, release.NotShown, "", false},
	}
	for name, tt := range tests {
		var found release.Findings
		missing := preflight.ShowAlerts(tt.rules, tt.useless, &found)
		all := found.List()
		e := all[slices.IndexFunc(all, func(e release.Evidence) bool { return e.ID == "5.3.c1" })]
		if e.Status != tt.status || !strings.Contains(e.Observed, tt.says) || slices.Contains(missing, "5.3.c1") != tt.missing {
			t.Errorf("%s: %+v, missing %v", name, e, missing)
		}
	}
}
