package checklist

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/course"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Document is the record of a release for people: the release checklist, the
// sign-off form, the deployment summary and the full list.
type Document struct {
	Checklist Checklist
	Form      Form
	Overall   Overall
}

// New fills in the plan's items from the evidence and from the form, and judges
// the whole. What was shown of an id that the plan does not have is an issue.
func New(evidence []release.Evidence, form Form) Document {
	var findings release.Findings
	findings.Merge(evidence)
	confirmed, issues := form.confirmed(findings.List())
	form.Issues = append(slices.Clip(form.Issues), slices.Concat(strangers(evidence), form.strangers(), issues)...)
	form.Notes = append(slices.Clip(form.Notes), form.alone()...)
	form.Show(&findings)
	list := Fill(Items(), findings.List(), Said{confirmed, form.NotApplicable})
	d := Document{Checklist: list, Form: form, Overall: judge(list, form)}
	d.sumUp()
	return d
}

func strangers(evidence []release.Evidence) (issues []string) {
	for _, e := range evidence {
		if len(Unknown([]string{e.ID})) > 0 {
			issues = append(issues, fmt.Sprintf("%q is no item of the plan, so this ticks nothing: %s: %s", e.ID, e.Status, e.Observed))
		}
	}
	return issues
}

// strangers is what was left out under an id that is none.
func (f Form) strangers() (issues []string) {
	for _, id := range Unknown(slices.Sorted(maps.Keys(f.NotApplicable))) {
		issues = append(issues, fmt.Sprintf("%q is no item of the plan, so this ticks nothing: %s", id, f.NotApplicable[id]))
	}
	return issues
}

// sumUp fills in the item that is about all others. What an action may have
// said about it does not count.
func (d *Document) sumUp() {
	for i := range d.Checklist.Lines {
		l := &d.Checklist.Lines[i]
		if l.ID != overallID {
			continue
		}
		l.Status, l.Observed, l.At = d.Overall.status(), d.Overall.String(), time.Time{}
	}
}

type jsonLine struct {
	ID       string         `json:"id"`
	Standing Standing       `json:"standing"`
	Section  string         `json:"section"`
	Item     string         `json:"item"`
	Kind     Kind           `json:"kind"`
	Role     string         `json:"role,omitempty"`
	Refers   []string       `json:"refers,omitempty"`
	Owner    string         `json:"owner"`
	Status   release.Status `json:"status"`
	Observed string         `json:"observed"`
	At       time.Time      `json:"at,omitzero"`
}

type jsonApproval struct {
	Role     string    `json:"role"`
	Before   string    `json:"before,omitempty"`
	By       string    `json:"by"`
	Approved bool      `json:"approved"`
	Comment  string    `json:"comment,omitempty"`
	At       time.Time `json:"at,omitzero"`
}

// JSON returns the document as indented JSON: the release, the overall status,
// the approvals and every item with its status.
func (d Document) JSON() ([]byte, error) {
	lines := make([]jsonLine, len(d.Checklist.Lines))
	for i, l := range d.Checklist.Lines {
		lines[i] = jsonLine{l.ID, d.Standing(l), l.Section, l.Text, l.Kind, l.Role, l.Refers, l.Owner, l.Status, l.Observed, l.At}
	}
	approvals := make([]jsonApproval, len(d.Form.Approvals))
	for i, a := range d.Form.Approvals {
		approvals[i] = jsonApproval(a)
	}
	text, err := json.MarshalIndent(struct {
		Release    release.Record `json:"release"`
		Status     string         `json:"status"`
		Overall    Overall        `json:"overall"`
		DeployedBy string         `json:"deployedBy,omitempty"`
		Run        string         `json:"run,omitempty"`
		Approvals  []jsonApproval `json:"approvals"`
		Notes      []string       `json:"notes,omitempty"`
		Issues     []string       `json:"issues"`
		Rollbacks  *int           `json:"rollbacks"`
		PostDeploy []string       `json:"postDeployment"`
		Counts     Tally          `json:"counts"`
		Course     *course.Course `json:"course,omitempty"`
		Items      []jsonLine     `json:"items"`
	}{
		d.Form.Release, d.Overall.String(), d.Overall, d.Form.DeployedBy, d.Form.RunURL, approvals,
		d.Form.Notes, d.Form.Issues, d.Form.Rollbacks, d.Form.PostDeploy, d.Tally(), d.Form.Course, lines,
	}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode record: %w", err)
	}
	return append(text, '\n'), nil
}
