package checklist

import (
	"encoding/json"
	"fmt"
	"time"

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
// the whole. An unknown evidence id is refused.
func New(evidence []release.Evidence, form Form) (Document, error) {
	var findings release.Findings
	findings.Merge(evidence)
	form.Show(&findings)
	list, err := Fill(Items(), findings.List())
	if err != nil {
		return Document{}, err
	}
	d := Document{Checklist: list, Form: form, Overall: judge(list, form)}
	d.sumUp()
	return d, nil
}

// sumUp fills in the item that is about all others. What an action may have
// said about it does not count.
func (d *Document) sumUp() {
	for i := range d.Checklist.Lines {
		l := &d.Checklist.Lines[i]
		if l.ID != overallID {
			continue
		}
		l.Status, l.Observed, l.At = release.Failed, d.Overall.String(), time.Time{}
		if d.Overall.Approved {
			l.Status = release.Passed
		}
	}
}

type jsonLine struct {
	ID       string         `json:"id"`
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
		lines[i] = jsonLine{l.ID, l.Section, l.Text, l.Kind, l.Role, l.Refers, l.Owner, l.Status, l.Observed, l.At}
	}
	approvals := make([]jsonApproval, len(d.Form.Approvals))
	for i, a := range d.Form.Approvals {
		approvals[i] = jsonApproval(a)
	}
	text, err := json.MarshalIndent(struct {
		Release    release.Record         `json:"release"`
		Status     string                 `json:"status"`
		Overall    Overall                `json:"overall"`
		DeployedBy string                 `json:"deployedBy,omitempty"`
		Run        string                 `json:"run,omitempty"`
		Approvals  []jsonApproval         `json:"approvals"`
		Notes      []string               `json:"notes,omitempty"`
		Issues     []string               `json:"issues"`
		Rollbacks  *int                   `json:"rollbacks"`
		PostDeploy []string               `json:"postDeployment"`
		Counts     map[release.Status]int `json:"counts"`
		Items      []jsonLine             `json:"items"`
	}{
		d.Form.Release, d.Overall.String(), d.Overall, d.Form.DeployedBy, d.Form.RunURL, approvals,
		d.Form.Notes, d.Form.Issues, d.Form.Rollbacks, d.Form.PostDeploy, d.Checklist.Count(), lines,
	}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode record: %w", err)
	}
	return append(text, '\n'), nil
}
