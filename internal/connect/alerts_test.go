package connect_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/smoke"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// lastHour is an hour and what a slow machine adds to it.
var lastHour = regexp.MustCompile(`ALERTS\{alertstate="firing"\}\[3[6-9]\d\ds\]`)

// An alert that fires is said, and neither stops a release nor ticks its item: it may
// be about anything.
func TestAlertsSinceTheFirstTraffic(t *testing.T) {
	t.Parallel()
	const rule = `{"type":"alerting","name":"Errors","query":"a > 1","health":"ok"}`
	firing := `{"metric":{"alertname":"Errors"},"value":[1700000000.5,"1"]}`
	tests := map[string]struct {
		rules, firing string
		status        release.Status
		says          string
		shows         bool
	}{
		"none has fired":  {rule, "", release.Passed, "none of 1 alert rules", true},
		"one has":         {rule, firing, release.Failed, "fired since the release had traffic: Errors", false},
		"there is no one": {"", "", release.NotShown, "no alert rule is loaded", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/api/v1/rules" {
					fmt.Fprintf(w, `{"status":"success","data":{"groups":[{"rules":[%s]}]}}`, tt.rules)
					return
				}
				if query := r.FormValue("query"); !lastHour.MatchString(query) {
					t.Errorf("asked %s", query)
				}
				fmt.Fprintf(w, `{"status":"success","data":{"resultType":"vector","result":[%s]}}`, tt.firing)
			}))
			t.Cleanup(server.Close)
			job := new(action.Job)
			job.Release.Candidate, job.Release.Started = release.Green, time.Now().Add(-72*time.Hour) // a wait for an approval
			job.Config.Prometheus.URL, job.Config.Prometheus.Timeout, job.Config.Prometheus.ScrapeInterval = server.URL, 20*time.Second, time.Second
			questions, err := connect.Ask(job)
			if err != nil {
				t.Fatal(err)
			}
			all := questions.Last(t.Context(), time.Now().Add(-time.Hour))
			i := slices.IndexFunc(all, func(p traffic.Proof) bool { return p.What == "the alerts of Prometheus" })
			text, _ := json.Marshal(all)
			if i < 0 || all[i].Status != tt.status || all[i].Stops || !strings.Contains(all[i].Saw, tt.says) || slices.Contains(all[i].Evidence, "D.3.m5") != tt.shows {
				t.Errorf("%s", text)
			}
		})
	}
}

// A Prometheus that does not answer holds up none of the questions that are a reason to
// go back: they are asked beside it, and it has less time than they have.
func TestASlowPrometheusHoldsUpNothing(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
	}))
	door := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-asked }))
	t.Cleanup(slow.Close)
	t.Cleanup(door.Close)
	job := new(action.Job)
	job.Release.Candidate = release.Green
	job.Config.Prometheus.URL, job.Config.Prometheus.Timeout, job.Config.Prometheus.ScrapeInterval = slow.URL, time.Hour, time.Second
	job.Config.Smoke = smoke.Settings{
		PublicURL: door.URL, Timeout: time.Minute, Parallel: 1,
		Checks: []smoke.Check{{Name: "home", Path: "/", Public: true, Expect: smoke.Expect{Status: []smoke.Status{200}}}},
	}
	questions, err := connect.Ask(job)
	if err != nil {
		t.Fatal(err)
	}
	all := questions.Last(t.Context(), time.Now())
	if len(all) != 2 || all[0].Status != release.Passed || all[1].Status != release.NotShown || all[1].Stops || !strings.Contains(all[1].Saw, "the questions about alerts took longer than 5s") {
		t.Errorf("%+v", all)
	}
}
