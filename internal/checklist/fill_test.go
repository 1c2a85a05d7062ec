package checklist_test

import (
	"slices"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/checklist"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

var noon = time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)

func shown(id string, status release.Status, minutes int) release.Evidence {
	return release.Evidence{ID: id, Status: status, Observed: "saw " + id, At: noon.Add(time.Duration(minutes) * time.Minute)}
}

func TestFill(t *testing.T) {
	tests := []struct {
		sentence string
		evidence []release.Evidence
		id       string
		want     release.Status
	}{
		{"an item without evidence is not shown", nil, "A.1.1", release.NotShown},
		{"an item that refers to nothing shown is not shown", nil, "6.1.1", release.NotShown},
		{"evidence ticks its item", []release.Evidence{shown("A.1.1", release.Passed, 0)}, "A.1.1", release.Passed},
		{"and what refers to it", []release.Evidence{shown("A.1.1", release.Passed, 0)}, "6.1.1", release.Passed},
		{"one of two is not enough", []release.Evidence{shown("A.1.s2a", release.Passed, 0)}, "6.1.4", release.NotShown},
		{"the worst of two counts", []release.Evidence{shown("A.1.s2a", release.Passed, 0), shown("A.1.s2b", release.Failed, 0)}, "6.1.4", release.Failed},
		{"a failure counts before what is not shown", []release.Evidence{shown("A.1.s2b", release.Failed, 0)}, "6.1.4", release.Failed},
		{"references are followed to their end", []release.Evidence{shown("1.4.e1", release.Passed, 0)}, "6.2.8", release.Passed},
		{"own evidence does not replace a missing reference", []release.Evidence{shown("6.2.8", release.Passed, 0)}, "6.2.8", release.NotShown},
		{"own evidence that failed counts beside the references", []release.Evidence{shown("B.3.v2", release.Passed, 0), shown("6.2.7", release.Failed, 0)}, "6.2.7", release.Failed},
		{"two observations of one item count as the worse", []release.Evidence{shown("A.1.1", release.Failed, 0), shown("A.1.1", release.Passed, 1)}, "A.1.1", release.Failed},
		{"an observation is no sign-off", []release.Evidence{shown("7.1.1", release.Passed, 0)}, "7.1.1", release.NotShown},
		{"a sign-off is no observation", []release.Evidence{shown("A.1.1", release.SignedOff, 0)}, "A.1.1", release.NotShown},
		{"a person signs off what only a person can", []release.Evidence{shown("7.1.1", release.SignedOff, 0)}, "7.1.1", release.SignedOff},
		{"a rejection is a failure", []release.Evidence{shown("7.1.1", release.Failed, 0)}, "7.1.1", release.Failed},
		{"an unknown status is not shown", []release.Evidence{shown("A.1.1", "fine", 0)}, "A.1.1", release.NotShown},
		{"a backup before the migration is one", []release.Evidence{shown("A.5.v1", release.Passed, 0), shown("B.2.v4", release.Passed, 1)}, "6.1.19", release.Passed},
		{"and none is due where nothing was migrated", []release.Evidence{shown("A.5.v1", release.NotApplicable, 1), shown("B.2.v4", release.NotApplicable, 0)}, "6.1.19", release.NotShown},
		{"a backup after the migration is none", []release.Evidence{shown("A.5.v1", release.Passed, 1), shown("B.2.v4", release.Passed, 0)}, "6.1.19", release.Failed},
	}
	for _, test := range tests {
		t.Run(test.sentence, func(t *testing.T) {
			t.Parallel()
			list := checklist.Fill(checklist.Items(), test.evidence, checklist.Said{})
			l, ok := list.Line(test.id)
			if !ok || l.Status != test.want {
				t.Errorf("%s is %q (%s), want %q", test.id, l.Status, l.Observed, test.want)
			}
			if l.Observed == "" {
				t.Errorf("%s says nothing", test.id)
			}
		})
	}
}

// A typing error costs no record; it stands where the form has the issues.
func TestUnknownEvidenceIsAnIssue(t *testing.T) {
	d := checklist.New([]release.Evidence{shown("A.1.1", release.Passed, 0), shown("A.1.11", release.Failed, 0)}, checklist.Form{})
	if l, _ := d.Checklist.Line("A.1.1"); l.Status != release.Passed {
		t.Errorf("A.1.1 is %q", l.Status)
	}
	if issues := d.Form.Issues; len(issues) != 1 || issues[0] != `"A.1.11" is no item of the plan, so this ticks nothing: failed: saw A.1.11` {
		t.Errorf("issues %q", issues)
	}
	if l, _ := d.Checklist.Line("7.2.s2"); l.Observed != "1 issues" {
		t.Errorf("the form has %q", l.Observed)
	}
	if got := checklist.Unknown([]string{"A.1.1", "A.1.11", "7.1.1", ""}); !slices.Equal(got, []string{"A.1.11", ""}) {
		t.Errorf("unknown: %q", got)
	}
}

func TestACircleOfReferencesIsNotShown(t *testing.T) {
	items := []checklist.Item{
		{ID: "a", Kind: checklist.Refers, Refers: []string{"b"}},
		{ID: "b", Kind: checklist.Refers, Refers: []string{"a"}},
	}
	list := checklist.Fill(items, nil, checklist.Said{})
	for _, l := range list.Lines {
		if l.Status != release.NotShown {
			t.Errorf("%s is %q", l.ID, l.Status)
		}
	}
}
