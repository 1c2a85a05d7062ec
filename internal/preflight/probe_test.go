package preflight_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/preflight"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func sees(observed string) preflight.Look {
	return func(context.Context) (string, error) { return observed, nil }
}

func fails(err error) preflight.Look {
	return func(context.Context) (string, error) { return "", err }
}

func hangs(ctx context.Context) (string, error) {
	<-ctx.Done()
	return "", ctx.Err()
}

func TestAProbe(t *testing.T) {
	tests := []struct {
		sentence string
		look     preflight.Look
		status   release.Status
		stops    bool
		observed string
		remedy   string
	}{
		{"what was seen has passed", sees("PostgreSQL 17"), release.Passed, false, "PostgreSQL 17", ""},
		{"an error has failed, with the probe's remedy", fails(errors.New("refused")), release.Failed, true, "refused", "repair it"},
		{"an error's own hint comes first", fails(release.Refuse("ask the owner", "refused")), release.Failed, true, "refused", "ask the owner"},
		{"what cannot be told is not shown and stops", fails(release.CannotTell("wait", "odd")), release.NotShown, true, "odd", "wait"},
		{"nothing to look at is not shown and goes on", fails(preflight.Absent("not configured")), release.NotShown, false, "not configured", "repair it"},
		{"no answer in time has failed", hangs, release.Failed, true, "no answer within 10s", "repair it"},
		{"a look that ignores its context is left behind", func(context.Context) (string, error) {
			time.Sleep(time.Hour)
			return "late", nil
		}, release.Failed, true, "no answer within 10s", "repair it"},
	}
	for _, test := range tests {
		t.Run(test.sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				report := preflight.Run(t.Context(), 10*time.Second, []preflight.Probe{{Name: "it", Remedy: "repair it", Look: test.look}})
				r := report.Results[0]
				if r.Status != test.status || r.Stops != test.stops || r.Observed != test.observed || r.Remedy != test.remedy {
					t.Errorf("%+v", r)
				}
				if (report.Err() != nil) != test.stops {
					t.Errorf("error %v", report.Err())
				}
				time.Sleep(2 * time.Hour) // lets the look that was left behind end
			})
		})
	}
}

func TestAllProbesRunAtOnceAndAllFailuresAreReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		report := preflight.Run(t.Context(), 10*time.Second, []preflight.Probe{
			preflight.Database(hangs), preflight.Redis(fails(errors.New("no route"))), preflight.Registry(sees("ok")),
			preflight.Engine(release.Blue, hangs), preflight.Prometheus(fails(release.CannotTell("", "no targets"))),
		})
		if took := time.Since(started); took > 15*time.Second {
			t.Errorf("took %v: the probes waited for one another", took)
		}
		err := report.Err()
		for _, want := range []string{"database: no answer", "redis: no route", "docker of blue: no answer", "prometheus: no targets"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v lacks %q", err, want)
			}
		}
		if release.ExitStatus(err) != 1 || !strings.Contains(release.HintOf(err), "DATABASE_URL") || !strings.Contains(release.HintOf(err), "REDIS_URL") {
			t.Errorf("exit status %d, hint %q", release.ExitStatus(err), release.HintOf(err))
		}
	})
}

func TestWhatNobodyCanTellStopsTheRelease(t *testing.T) {
	report := preflight.Run(t.Context(), time.Minute, []preflight.Probe{preflight.Balancer(fails(release.CannotTell("look", "half an answer")))})
	if err := report.Err(); release.ExitStatus(err) != 3 || release.HintOf(err) != "look" {
		t.Errorf("error %v, exit status %d", err, release.ExitStatus(err))
	}
}

func TestEvidence(t *testing.T) {
	absent, broken, unknown := preflight.Absent("none"), errors.New("broken"), release.CannotTell("", "unknown")
	tests := []struct {
		sentence string
		probes   []preflight.Probe
		want     map[string]release.Status
	}{
		{"an item is shown by all of its probes", []preflight.Probe{preflight.Database(sees("a")), preflight.Redis(sees("b"))}, map[string]release.Status{"A.4.4": release.Passed}},
		{"one that failed fails it", []preflight.Probe{preflight.Database(sees("a")), preflight.Redis(fails(broken))}, map[string]release.Status{"A.4.4": release.Failed}},
		{"one that nobody can tell leaves it open", []preflight.Probe{preflight.Database(sees("a")), preflight.Redis(fails(unknown))}, map[string]release.Status{"A.4.4": release.NotShown}},
		{"one with nothing to look at takes nothing away", []preflight.Probe{preflight.Database(sees("a")), preflight.SMTP(fails(absent))}, map[string]release.Status{"A.4.4": release.Passed}},
		{"alone, it shows nothing", []preflight.Probe{preflight.SMTP(fails(absent))}, map[string]release.Status{"A.4.4": release.NotShown}},
		{"a probe without items shows none", []preflight.Probe{preflight.Compose(sees("v2"))}, nil},
	}
	for _, test := range tests {
		t.Run(test.sentence, func(t *testing.T) {
			t.Parallel()
			var findings release.Findings
			preflight.Run(t.Context(), time.Minute, test.probes).Show(&findings)
			list := findings.List()
			if len(list) != len(test.want) {
				t.Errorf("%d items, want %d", len(list), len(test.want))
			}
			for _, e := range list {
				if e.Status != test.want[e.ID] {
					t.Errorf("%s is %q: %s; want %q", e.ID, e.Status, e.Observed, test.want[e.ID])
				}
			}
		})
	}
}

func TestValuesAreNamedAndNeverShown(t *testing.T) {
	set := map[string]string{"TOKEN": "hunter2", "EMPTY": " "}
	lookup := func(name string) (string, bool) { v, ok := set[name]; return v, ok }
	tests := map[string]struct {
		names  []string
		status release.Status
		want   string
	}{
		"all set":         {[]string{"TOKEN"}, release.Passed, "1 values are set: TOKEN"},
		"some missing":    {[]string{"TOKEN", "EMPTY", "OTHER"}, release.Failed, "not set, or empty: EMPTY, OTHER"},
		"none named":      {nil, release.NotShown, "preflight.values names no variable"},
		"one of them set": {[]string{"OTHER", "TOKEN"}, release.Failed, "not set, or empty: OTHER"},
	}
	for sentence, test := range tests {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			r := preflight.Run(t.Context(), time.Minute, []preflight.Probe{preflight.Values(test.names, lookup)}).Results[0]
			if r.Status != test.status || r.Observed != test.want || strings.Contains(r.Observed+r.Remedy, "hunter2") {
				t.Errorf("%+v, want %q", r, test.want)
			}
		})
	}
}

func TestSettingsRefuseTimesThatAreNone(t *testing.T) {
	err := preflight.Settings{ChecksTimeout: -time.Second}.Check()
	for _, want := range []string{"timeout 0s", "checks-timeout -1s"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v lacks %q", err, want)
		}
	}
	if err := (preflight.Settings{Timeout: 1, ChecksTimeout: 1}).Check(); err != nil {
		t.Error(err)
	}
}
