package preflight

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// AlertRule is a rule that the metrics' server has loaded and alerts by.
type AlertRule struct {
	Name     string
	Query    string
	For      time.Duration // how long it has to hold before it fires
	Severity string        // its label of that name
	Items    []string      // of the plan that it stands for, from its annotation "evidence"
	Problem  string        // what is wrong with it, such as "cannot be evaluated: no such function"; empty when it is evaluated
}

// AlertRules looks whether the alert rules of the plan are loaded.
func AlertRules(look Look) Probe {
	return Probe{
		Name: "alert rules", Evidence: []string{"6.1.28", "D.3.m2"},
		Remedy: `load alert rules that name the plan's items, such as the annotation evidence: "5.3.c1"; bluegreen monitoring alerts prints those of the metrics that are configured`, Look: look,
	}
}

// wanted is what the plan says of an alert beside its query, which people read.
type wanted struct {
	id       string
	most     time.Duration // the longest time that it may wait; 0 where the plan has none
	severity string
}

// Source: sections 5.1, 5.3 and 5.5 of the plan.
var wantedAlerts = []wanted{
	{"5.1.t1", 0, "warning"}, {"5.1.t2", 0, "critical"}, {"5.1.t3", 0, "warning"}, {"5.1.t4", 0, "critical"},
	{"5.1.a1", 0, ""}, {"5.1.a2", 0, ""}, {"5.1.a3", 0, ""},
	{"5.3.c1", 2 * time.Minute, "critical"}, {"5.3.c2", 2 * time.Minute, "critical"}, {"5.3.c3", 0, "critical"},
	{"5.3.c4", 0, "critical"}, {"5.3.c5", 0, "critical"},
	{"5.3.w1", 5 * time.Minute, "warning"}, {"5.3.w2", 10 * time.Minute, "warning"}, {"5.3.w3", 0, "warning"}, {"5.3.w4", 5 * time.Minute, "warning"},
	{"5.5.a1", 0, ""}, {"5.5.a2", 0, ""}, {"5.5.a3", 0, ""},
}

// ShowAlerts shows the plan's alerts by the rules that name them, of several by the
// first that is as the plan has it. It returns those that no rule shows, except the
// ones that the application has no use for.
func ShowAlerts(rules []AlertRule, useless map[string]string, found *release.Findings) (missing []string) {
	for _, want := range wantedAlerts {
		rule, why := want.among(rules)
		if why == "" {
			found.Show(want.id, true, "%v", rule)
			continue
		}
		found.Miss(want.id, "%s", why)
		if useless[want.id] == "" {
			missing = append(missing, want.id)
		}
	}
	return missing
}

// among returns the rule that shows the alert, or why none does.
func (w wanted) among(rules []AlertRule) (AlertRule, string) {
	first := ""
	for _, r := range rules {
		if !slices.Contains(r.Items, w.id) {
			continue
		}
		why := w.refuses(r)
		if why == "" {
			return r, ""
		}
		first = cmp.Or(first, why)
	}
	return AlertRule{}, cmp.Or(first, fmt.Sprintf("no alert rule has %s in its annotation evidence", w.id))
}

func (w wanted) refuses(r AlertRule) string {
	switch {
	case r.Problem != "":
		return fmt.Sprintf("alert rule %s %s", r.Name, r.Problem)
	case w.most > 0 && r.For > w.most:
		return fmt.Sprintf("alert rule %s waits %v: the plan has %v", r.Name, r.For, w.most)
	case w.severity != "" && r.Severity != w.severity:
		return fmt.Sprintf("alert rule %s has the severity %q: the plan has %s", r.Name, r.Severity, w.severity)
	}
	return ""
}

// String prints the rule, such as "HighErrorRate, critical, after 2m0s: a > 0.01".
func (r AlertRule) String() string {
	return fmt.Sprintf("%s, %s, after %v: %s", r.Name, r.Severity, r.For, strings.Join(strings.Fields(r.Query), " "))
}
