package prometheus_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/preflight"
	"github.com/bluegreen-actions/bluegreen/internal/prometheus"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// MailBlast's alerts, as Prometheus itself has loaded them, are those of the plan, but
// for what MailBlast has no metrics of.
func TestTheAlertRulesOfMailBlast(t *testing.T) {
	t.Parallel()
	file, err := filepath.Abs("../../examples/mailblast/monitoring/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	server, err := prometheus.New(settings(lab.Prometheus(t, fmt.Sprintf("global: {evaluation_interval: 1s}\nrule_files: [%q]\n", file)).URL))
	if err != nil {
		t.Fatal(err)
	}
	var missing []string
	var found *release.Findings
	for end := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) { // until each has been evaluated once
		rules, err := server.AlertRules(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		found = new(release.Findings)
		missing = preflight.ShowAlerts(rules, map[string]string{"5.1.a2": "no SES"}, found)
		if len(missing) <= 2 || time.Now().After(end) {
			break
		}
	}
	if got := strings.Join(missing, " "); got != "5.1.t3 5.1.t4" {
		t.Errorf("without a rule: %s", got)
	}
	for _, e := range found.List() {
		if e.ID == "5.3.c1" && (e.Status != release.Passed || !strings.HasPrefix(e.Observed, "HighErrorRate, critical, after 2m0s: ")) {
			t.Errorf("%+v", e)
		}
	}
}

func TestTheHealthOfRules(t *testing.T) {
	t.Parallel()
	rule := func(health string) string {
		return `{"type":"alerting","name":"Errors","query":"a","health":` + health + `}`
	}
	server, err := prometheus.New(speaking(t, 200, `{"data":{"groups":[{"rules":[`+rule(`"ok"`)+","+rule(`"unknown"`)+","+rule(`"err","lastError":"no such function"`)+`]}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	rules, err := server.AlertRules(t.Context())
	if err != nil || len(rules) != 3 {
		t.Fatal(err, rules)
	}
	for i, want := range []string{"", "has not been evaluated yet", "cannot be evaluated: err no such function"} {
		if rules[i].Problem != want {
			t.Errorf("got %q, want %q", rules[i].Problem, want)
		}
	}
}

func TestAnswersAboutRulesThatAreNone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		want   string
	}{
		"rubbish":   {200, "<html>", "is no list of rules"},
		"a refusal": {404, `{"status":"error","error":"no such path"}`, "no such path"},
		"no access": {401, "", "401"},
	} {
		server, err := prometheus.New(speaking(t, c.status, c.body))
		if err != nil {
			t.Fatal(err)
		}
		if rules, err := server.AlertRules(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v", name, rules, err)
		}
	}
}
