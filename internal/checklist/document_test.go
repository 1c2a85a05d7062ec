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
	"github.com/bluegreen-actions/bluegreen/internal/course"
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

func without(ids ...string) []release.Evidence {
	return slices.DeleteFunc(complete(), func(e release.Evidence) bool { return slices.Contains(ids, e.ID) })
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
		want     string
		reason   string
	}{
		{"everything shown and four approvals: approved", complete(), nil, "APPROVED", ""},
		{"nothing about a rollback shown, since there was none: approved", withoutRollback(), nil, "APPROVED", ""},
		{"nothing shown: nobody has rejected it", nil, nil, "OPEN", "items not shown yet"},
		{"one approval missing: open", without("7.2.t4"), nil, "OPEN", "without approval of the Product Owner"},
		{"nobody is asked: open, and nobody is missed", without("7.2.t1", "7.2.t2", "7.2.t3", "7.2.t4"), func(f *checklist.Form) { f.Unasked = true }, "OPEN", "nobody is asked to sign off: sign-off.roles is empty"},
		{"nobody is asked any more, and three have signed: the fourth is missed", without("7.2.t4"), func(f *checklist.Form) { f.Unasked = true }, "OPEN", "without approval of the Product Owner"},
		{"a lead rejects: rejected", append(without("7.2.t4"), shown("7.2.t4", release.Failed, 3)), nil, "REJECTED", "1 item failed: 7.2.t4"},
		{"one item not shown: open, with what it is part of", without("B.8.v4"), nil, "OPEN", "3 items not shown yet: 1.3.s2, B.8.v4, 6.3.1"},
		{"one that does not apply: approved", without("6.2.18"), func(f *checklist.Form) { f.NotApplicable = map[string]string{"6.2.18": "mail leaves by SMTP"} }, "APPROVED", ""},
		{"one item failed: rejected", append(complete(), shown("C.2.4", release.Failed, 3)), nil, "REJECTED", "failed"},
		{"a failed item of the demo: rejected", append(complete(), shown("1.1.p5", release.Failed, 3)), nil, "REJECTED", "1.1.p5"},
		{"rolled back by the record: rejected", complete(), func(f *checklist.Form) { f.Release.Shifted.RolledBack = true }, "REJECTED", "rolled back"},
		{"rolled back once and shifted again: rejected", complete(), func(f *checklist.Form) { f.Rollbacks = &one }, "REJECTED", "rolled back"},
		{"a number that is not known: open", complete(), func(f *checklist.Form) { f.Rollbacks = nil }, "OPEN", "7.2.s3"},
		{"an approval in the form alone is none", without("7.2.t1"), nil, "OPEN", "QA Lead"},
		{"an action cannot approve by itself", append(without("7.2.t1"), shown("7.2.st", release.Passed, 9)), nil, "OPEN", "QA Lead"},
	}
	for _, test := range tests {
		t.Run(test.sentence, func(t *testing.T) {
			t.Parallel()
			f := form()
			if test.change != nil {
				test.change(&f)
			}
			d := checklist.New(test.evidence, f)
			reasons := strings.Join(d.Overall.Reasons(), "\n")
			if d.Overall.String() != test.want || !strings.Contains(reasons, test.reason) {
				t.Errorf("%v because %q, want %s because of %q", d.Overall, reasons, test.want, test.reason)
			}
			status, _ := d.Checklist.Line("7.2.st")
			if want := map[string]release.Status{"APPROVED": release.Passed, "REJECTED": release.Failed, "OPEN": release.NotShown}[test.want]; status.Status != want {
				t.Errorf("7.2.st is %q, want %q", status.Status, want)
			}
		})
	}
}

// What the shift has dropped may have been a warning.
func TestWhatCameAfterIsKnownOnlyAsAWhole(t *testing.T) {
	t.Parallel()
	for want, f := range map[string]checklist.Form{
		"the shift warned of 1 things between 100 % and its end": {PostDeploy: []string{"slow"}, Course: new(course.Course)},
		"3 events of the shift were not kept":                    {PostDeploy: []string{"slow"}, Course: &course.Course{Dropped: 3}},
		"not known to the record":                                {},
	} {
		l, _ := checklist.New(nil, f).Checklist.Line("7.2.s4")
		if (l.Status == release.Passed) != strings.HasPrefix(want, "the shift") || !strings.Contains(l.Observed, want) {
			t.Errorf("%s: %s, want %s", l.Status, l.Observed, want)
		}
	}
}

// Four rows that one person has signed are not four people's word.
func TestOnePersonForSeveralLeadsIsNoted(t *testing.T) {
	t.Parallel()
	for sentence, test := range map[string]struct {
		by   [4]string // qa, development, devops, product; rejected where it starts with a dash
		want []string
	}{
		"four people":                  {[4]string{"alice", "bob", "carol", "dave"}, nil},
		"one person":                   {[4]string{"alice", "Alice", "alice", "alice"}, []string{"one person, alice, approved as 4 leads: QA Lead, Development Lead, DevOps Lead, Product Owner"}},
		"two for two each":             {[4]string{"alice", "bob", "bob", "alice"}, []string{"one person, alice, approved as 2 leads: QA Lead, Product Owner", "one person, bob, approved as 2 leads: Development Lead, DevOps Lead"}},
		"whoever rejected signs once":  {[4]string{"alice", "-alice", "carol", "dave"}, nil},
		"who did not answer is nobody": {[4]string{"", "", "carol", "dave"}, nil},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			f := form()
			f.Approvals = nil
			for i, role := range []string{"qa", "development", "devops", "product"} {
				if by, rejected := strings.CutPrefix(test.by[i], "-"); by != "" {
					f.Approvals = append(f.Approvals, checklist.Approval{Role: role, By: by, Approved: !rejected})
				}
			}
			d := checklist.New(complete(), f)
			if !slices.Equal(d.Form.Notes, test.want) {
				t.Errorf("notes %q, want %q", d.Form.Notes, test.want)
			}
			for _, want := range test.want {
				if !strings.Contains(d.Markdown(), "- "+want+"\n") {
					t.Errorf("the form does not say %q", want)
				}
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
			d := checklist.New(evidence, form())
			golden(t, name+".md", beforeFold(d.Markdown()))
		})
	}
}

// beforeFold leaves the lists of all items out of the golden files: they are one
// row per item, which another test counts.
func beforeFold(text string) string {
	before, rest, _ := strings.Cut(text, "\n- [ ] 1.1.p1 ")
	if _, after, ok := strings.Cut(rest, "\n</details>"); ok {
		before += "\n…\n</details>" + after
	}
	before, _, _ = strings.Cut(before, "\n<details><summary>6.1 ")
	before, _, _ = strings.Cut(before, "\n## 6.1 ")
	return before
}

func TestTheFullListHasEveryItem(t *testing.T) {
	d := checklist.New(nil, checklist.Form{})
	_, fold, _ := strings.Cut(d.Markdown(), "<details><summary>All 517 items")
	for _, item := range checklist.Items() {
		if n := strings.Count(fold, "\n| "+item.ID+" | "); n != 1 {
			t.Errorf("%s has %d rows", item.ID, n)
		}
	}
}

func TestJSON(t *testing.T) {
	d := checklist.New(without("7.2.t4"), form())
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
	if got.Status != "OPEN" || len(got.Items) != 517 || total != 516 {
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
