package checklist_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/checklist"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

var update = flag.Bool("update", false, "write the golden files")

// complete is evidence for everything that a release without a rollback has to
// show.
func complete() []release.Evidence {
	var all []release.Evidence
	for _, item := range checklist.Items() {
		switch {
		case item.Kind == checklist.SignOff:
			all = append(all, shown(item.ID, release.SignedOff, 5))
		case item.Kind != checklist.Demo && item.Kind != checklist.Later && !strings.HasPrefix(item.ID, "7.2."):
			all = append(all, shown(item.ID, release.Passed, 1))
		}
	}
	return all
}

func form() checklist.Form {
	none := 0
	return checklist.Form{
		Release: release.Record{
			ID: "acme-mailblast-77", Version: "v1.2.0", Started: noon,
			Shifted: &release.Shifted{Weight: 100, At: noon.Add(42 * 60e9)},
		},
		DeployedBy: "erin",
		Approvals: []checklist.Approval{
			{Role: "qa", By: "alice", Approved: true, Comment: "watch the bounce rate\nfor a day", At: noon},
			{Role: "development", By: "bob", Approved: true, At: noon},
			{Role: "devops", By: "carol", Approved: true, At: noon},
			{Role: "product", By: "dave", Approved: true, At: noon},
		},
		ApprovalsRead: true, Issues: []string{}, PostDeploy: []string{}, Rollbacks: &none,
	}
}

func without(id string) []release.Evidence {
	return slices.DeleteFunc(complete(), func(e release.Evidence) bool { return e.ID == id })
}

func withoutRollback() []release.Evidence {
	about := map[string]bool{}
	for _, item := range checklist.Items() {
		about[item.ID] = item.Owner == "rollback"
	}
	return slices.DeleteFunc(complete(), func(e release.Evidence) bool { return about[e.ID] })
}

func TestOverallStatus(t *testing.T) {
	one := 1
	tests := []struct {
		sentence string
		evidence []release.Evidence
		change   func(*checklist.Form)
		approved bool
		reason   string
	}{
		{"everything shown and four approvals: approved", complete(), nil, true, ""},
		{"nothing about a rollback shown, since there was none: approved", withoutRollback(), nil, true, ""},
		{"nothing shown: rejected", nil, nil, false, "items were not shown"},
		{"one approval missing: rejected", without("7.2.t4"), nil, false, "without approval of the Product Owner"},
		{"one item not shown: rejected", without("B.8.v4"), nil, false, "B.8.v4"},
		{"one item failed: rejected", append(complete(), shown("C.2.4", release.Failed, 3)), nil, false, "items failed"},
		{"a failed item of the demo: rejected", append(complete(), shown("1.1.p5", release.Failed, 3)), nil, false, "1.1.p5"},
		{"rolled back by the record: rejected", complete(), func(f *checklist.Form) { f.Release.Shifted.RolledBack = true }, false, "rolled back"},
		{"rolled back once and shifted again: rejected", complete(), func(f *checklist.Form) { f.Rollbacks = &one }, false, "rolled back"},
		{"a number that is not known: rejected", complete(), func(f *checklist.Form) { f.Rollbacks = nil }, false, "7.2.s3"},
		{"an approval in the form alone is none", without("7.2.t1"), nil, false, "QA Lead"},
		{"an action cannot approve by itself", append(without("7.2.t1"), shown("7.2.st", release.Passed, 9)), nil, false, "QA Lead"},
	}
	for _, test := range tests {
		t.Run(test.sentence, func(t *testing.T) {
			t.Parallel()
			f := form()
			if test.change != nil {
				test.change(&f)
			}
			d, err := checklist.New(test.evidence, f)
			if err != nil {
				t.Fatal(err)
			}
			reasons := strings.Join(d.Overall.Reasons(), "\n")
			if d.Overall.Approved != test.approved || !strings.Contains(reasons, test.reason) {
				t.Errorf("approved %v because %q, want %v because of %q", d.Overall.Approved, reasons, test.approved, test.reason)
			}
			status, _ := d.Checklist.Line("7.2.st")
			if (status.Status == release.Passed) != test.approved {
				t.Errorf("7.2.st is %q", status.Status)
			}
		})
	}
}

func TestMarkdown(t *testing.T) {
	tests := map[string][]release.Evidence{
		"approved": complete(),
		"rejected": {
			shown("A.1.1", release.Passed, 0), shown("A.1.2", release.Failed, 0),
			shown("7.1.5", release.SignedOff, -5), shown("7.2.t2", release.SignedOff, 0), shown("7.2.t1", release.Failed, 0),
		},
	}
	for name, evidence := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := checklist.New(evidence, form())
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".md", beforeFold(d.Markdown()))
		})
	}
}

// beforeFold leaves the full list out of the golden files: it is one row per
// item, which another test counts.
func beforeFold(text string) string {
	before, _, _ := strings.Cut(text, "<details>")
	return before
}

func TestTheFullListHasEveryItem(t *testing.T) {
	d, err := checklist.New(nil, checklist.Form{})
	if err != nil {
		t.Fatal(err)
	}
	_, fold, _ := strings.Cut(d.Markdown(), "<details>")
	for _, item := range checklist.Items() {
		if n := strings.Count(fold, "\n| "+item.ID+" | "); n != 1 {
			t.Errorf("%s has %d rows", item.ID, n)
		}
	}
}

func TestJSON(t *testing.T) {
	d, err := checklist.New(without("7.2.t4"), form())
	if err != nil {
		t.Fatal(err)
	}
	text, err := d.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Status string
		Items  []struct{ ID, Status string }
		Counts map[string]int
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, n := range got.Counts {
		total += n
	}
	if got.Status != "REJECTED" || len(got.Items) != 517 || total != 517 {
		t.Errorf("status %s, %d items, %d counted", got.Status, len(got.Items), total)
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs from the golden file; run the test with -update and read the change. Got:\n%s", name, got)
	}
}
