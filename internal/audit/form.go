package audit

import (
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/checklist"
)

// form is the plan's sign-off form, filled in, and the deployment summary.
type form struct {
	Rows       []fact
	Leads      []lead
	Notes      []note
	NotesKnown bool
	Issues     []string
	PostDeploy []string
	Summary    []fact
}

type lead struct {
	Title string
	checklist.Signature
}

type note struct{ By, Text string }

func newForm(d checklist.Document) form {
	f := d.Form
	at, live := f.Live()
	took, timed := f.Duration()
	out := form{
		Rows: []fact{
			{Name: "Release version", Text: orUnknown(string(f.Release.Version))},
			{Name: "Release date", Text: known(at.UTC().Format(time.DateOnly), live)},
			{Name: "Deployed by", Text: orUnknown(f.DeployedBy)},
			{Name: "Deployment duration", Text: known(span(took), timed)},
		},
		NotesKnown: f.ApprovalsRead, Issues: cut(f.Issues), PostDeploy: cut(f.PostDeploy),
		Summary: []fact{
			{Name: "Total deployment time", Text: known(span(took), timed)},
			{Name: "Issues encountered", Text: counted("", length(f.Issues)).Value},
			{Name: "Rollbacks required", Text: counted("", f.Rollbacks).Value},
			{Name: "Post-deployment issues", Text: counted("", length(f.PostDeploy)).Value},
		},
	}
	for _, l := range checklist.Leads {
		s := d.Signature(l)
		s.Name = short(s.Name)
		out.Leads = append(out.Leads, lead{l.Title, s})
	}
	for _, a := range f.Comments() {
		out.Notes = append(out.Notes, note{short(a.By) + " (" + a.Role + ")", short(strings.TrimSpace(a.Comment))})
	}
	for _, text := range f.Notes {
		out.Notes = append(out.Notes, note{Text: short(strings.TrimSpace(text))})
	}
	return out
}

func cut(list []string) []string {
	var all []string
	for _, text := range list {
		all = append(all, short(text))
	}
	return all
}
