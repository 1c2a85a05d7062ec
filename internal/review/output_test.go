package review_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/review"
)

const mixed = `-- bluegreen: allow drop-column nobody has read it since release 41
ALTER TABLE users DROP nick;
ALTER TABLE users RENAME mail TO e_mail;
-- bluegreen: allow create-index small table, quiet hour
CREATE INDEX i ON teams (name);
ALTER TABLE users ADD COLUMN x text;`

func TestSARIFIsValid(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{"findings": mixed, "none": "SELECT 1", "no SQL": "SELEC 1"} {
		r := judge(t, users, sql, review.Options{LockTimeout: time.Second})
		text, err := r.SARIF(nil)
		if err != nil {
			t.Fatal(err)
		}
		report, err := sarif.FromBytes(text, sarif.WithStrictValidation())
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, text)
			continue
		}
		if n := len(report.Runs[0].Results); n != len(r.Findings()) {
			t.Errorf("%s: %d results of %d findings", name, n, len(r.Findings()))
		}
		for _, result := range report.Runs[0].Results {
			place := result.Locations[0].PhysicalLocation
			if *place.Region.StartLine < 1 || filepath.IsAbs(*place.ArtifactLocation.URI) || *report.Runs[0].Tool.Driver.Rules[result.RuleIndex].ID != *result.RuleID {
				t.Errorf("%s: %+v", name, result)
			}
		}
	}
}

// TestSARIFSuppressesNothingThatIsOpen holds the suppressions to the verdict: what ends
// lint and migrate is an alert in code scanning.
func TestSARIFSuppressesNothingThatIsOpen(t *testing.T) {
	t.Parallel()
	const failing = "SELECT 1;\n-- bluegreen: allow concurrently-with-others I want it\nCREATE INDEX CONCURRENTLY i ON users (mail)"
	for _, sql := range []string{mixed, failing} {
		for _, policy := range [][]string{nil, {"drop-column"}} {
			r := judge(t, users, sql, review.Options{LockTimeout: time.Second})
			text, err := r.SARIF(policy)
			if err != nil {
				t.Fatal(err)
			}
			report, err := sarif.FromBytes(text)
			if err != nil {
				t.Fatal(err)
			}
			for i, result := range report.Runs[0].Results {
				p := r.Findings()[i]
				if suppressed := len(result.Suppressions) > 0; suppressed && p.Open(policy) || suppressed != (p.Reason != "" && !p.Open(policy)) {
					t.Errorf("%q: %s, with the reason %q: suppressed %v", policy, p.Rule.ID, p.Reason, suppressed)
				}
			}
		}
	}
}

func TestAcknowledgements(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		sql    string
		policy []string
		open   []string // rule ids
	}{
		"risky, with a reason":            {"-- bluegreen: allow create-index it is small\nCREATE INDEX i ON users (mail)", nil, nil},
		"in a block comment":              {"/* bluegreen: allow create-index it is small */ CREATE INDEX i ON users (mail)", nil, nil},
		"two lines before":                {"-- bluegreen: allow create-index it is small\n\n-- by mail\nCREATE INDEX i ON users (mail)", nil, nil},
		"unsafe, without a policy":        {"-- bluegreen: allow drop-column nobody reads it\nALTER TABLE users DROP nick", nil, []string{"drop-column"}},
		"unsafe, with a policy":           {"-- bluegreen: allow drop-column nobody reads it\nALTER TABLE users DROP nick", []string{"drop-column"}, nil},
		"a policy without a reason":       {"ALTER TABLE users DROP nick", []string{"drop-column"}, []string{"drop-column"}},
		"no reason":                       {"-- bluegreen: allow create-index\nCREATE INDEX i ON users (mail)", nil, []string{"bad-acknowledgement", "create-index"}},
		"no rule":                         {"-- bluegreen: allow\nCREATE INDEX CONCURRENTLY i ON users (mail)", nil, []string{"bad-acknowledgement"}},
		"a rule that there is not":        {"-- bluegreen: allow everything it is fine\nCREATE INDEX CONCURRENTLY i ON users (mail)", nil, []string{"bad-acknowledgement"}},
		"another rule":                    {"-- bluegreen: allow drop-index it is small\nCREATE INDEX i ON users (mail)", nil, []string{"create-index"}},
		"after the statement":             {"CREATE INDEX i ON users (mail) -- bluegreen: allow create-index it is small\n", nil, []string{"create-index"}},
		"before another statement":        {"-- bluegreen: allow create-index it is small\nSELECT 1;\nCREATE INDEX i ON users (mail)", nil, []string{"create-index"}},
		"one for each statement":          {"-- bluegreen: allow create-index it is small\nCREATE INDEX i ON users (mail);\nCREATE INDEX j ON users (name)", nil, []string{"create-index"}},
		"what would fail":                 {"SELECT 1;\n-- bluegreen: allow concurrently-with-others I want it\nCREATE INDEX CONCURRENTLY i ON users (mail)", nil, []string{"bad-acknowledgement", "concurrently-with-others"}},
		"what a block does":               {"-- bluegreen: allow create-index it is small\nDO $$ BEGIN CREATE INDEX i ON users (mail); END $$", nil, nil},
		"in a constant":                   {"COMMENT ON TABLE users IS '\n-- bluegreen: allow create-index it is small\n';\nCREATE INDEX i ON users (mail)", nil, []string{"create-index"}},
		"a comment that only looks alike": {"-- bluegreen: allowed\nSELECT 1", nil, nil},
	}
	for name, tt := range tests {
		r := judge(t, users, tt.sql, review.Options{LockTimeout: time.Second})
		var open []string
		for _, p := range r.Open(tt.policy) {
			open = append(open, p.Rule.ID)
		}
		if strings.Join(sorted(open), " ") != strings.Join(tt.open, " ") {
			t.Errorf("%s: open %q, want %q", name, open, tt.open)
		}
		if err := r.Refusal(tt.policy); (err == nil) != (len(tt.open) == 0) || err != nil && (release.ExitStatus(err) != 1 || release.HintOf(err) == "") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestARefusalNamesFileLineRuleAndRemedy(t *testing.T) {
	t.Parallel()
	err := judge(t, users, "SELECT 1;\n\nALTER TABLE users\n  DROP COLUMN nick;", review.Options{LockTimeout: time.Second}).Refusal(nil)
	for _, want := range []string{"2_new.up.sql:3: unsafe: ", "column nick of users", "[drop-column]"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v: not said: %s", err, want)
		}
	}
	if hint := release.HintOf(err); !strings.Contains(hint, "-- bluegreen: allow drop-column") {
		t.Error(hint)
	}
}

func TestThePolicyTakesUnsafeRulesOnly(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]bool{"drop-column": true, "create-index": false, "syntax-error": false, "drop-colum": false} {
		if err := review.Policy([]string{id}); (err == nil) != want {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestJSONHasEveryStatement(t *testing.T) {
	t.Parallel()
	text, err := judge(t, users, mixed, review.Options{LockTimeout: time.Second}).JSON([]string{"drop-column"})
	if err != nil {
		t.Fatal(err)
	}
	var list []map[string]any
	if err := json.Unmarshal(text, &list); err != nil || len(list) != 4 || list[0]["verdict"] != "unsafe" || list[3]["effect"] != "ACCESS EXCLUSIVE on users" {
		t.Errorf("%v %s", err, text)
	}
}

func TestEvidence(t *testing.T) {
	t.Parallel()
	show := func(sql string, policy ...string) map[string]release.Status {
		var seen release.Findings
		r := review.Review{}
		if sql != "" {
			r = judge(t, users, sql, review.Options{LockTimeout: time.Second})
		}
		r.Evidence(policy, &seen)
		all := map[string]release.Status{}
		for _, e := range seen.List() {
			all[e.ID] = e.Status
		}
		return all
	}
	if all := show(""); all["B.2.v1"] != release.NotShown || len(all) != 1 {
		t.Errorf("no file: %v", all)
	}
	all := show("ALTER TABLE users ADD COLUMN x text;\nALTER TABLE users DROP nick")
	for id, want := range map[string]release.Status{
		"B.2.v1": release.Failed, "B.2.r1": release.Passed, "B.2.r2": release.NotShown, "B.2.r3": release.Failed, "B.2.r5": release.NotShown,
	} {
		if all[id] != want {
			t.Errorf("%s: %v, want %v", id, all[id], want)
		}
	}
	if all := show("-- bluegreen: allow drop-column nobody reads it\nALTER TABLE users DROP nick", "drop-column"); all["B.2.v1"] != release.Passed || all["B.2.r3"] != release.Passed {
		t.Errorf("acknowledged: %v", all)
	}
}

func TestVersionsOfServers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"15.18": 15, "12": 12, "18.1": 17, "17beta2": 17, "11.22": 0, "": 0, "x": 0} {
		if n, err := review.Version(text); n != want || (err == nil) != (want > 0) {
			t.Errorf("%q: %d, %v", text, n, err)
		}
	}
}
