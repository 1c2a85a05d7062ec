package audit

import (
	"fmt"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/checklist"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// fact is one line about the release.
type fact struct {
	Name, Text string
	Link       string // of an address, which the page shows and does not load
	Code       bool   // is shown letter by letter
}

func facts(d checklist.Document) []fact {
	f, r := d.Form, d.Form.Release
	at, live := f.Live()
	date := unknown
	if live {
		date = at.UTC().Format("2 January 2006, 15:04 UTC")
	}
	all := []fact{
		{Name: "Release", Text: orUnknown(string(r.ID)), Code: true},
		{Name: "Commit", Text: orUnknown(string(r.Commit)), Code: true},
		{Name: "Live since", Text: date},
		{Name: "Deployed by", Text: orUnknown(f.DeployedBy)},
		{Name: "Slot", Text: way(r)},
		{Name: "Run", Text: orUnknown(f.RunURL), Link: address(f.RunURL)},
	}
	if s := r.Schema; s != nil {
		all = append(all, fact{Name: "Schema", Text: fmt.Sprintf("%d → %d", s.Before, s.After)})
	}
	if b := r.Backup; b != nil {
		all = append(all, fact{Name: "Backup", Text: short(b.Name), Code: true})
	}
	return all
}

func way(r release.Record) string {
	switch {
	case r.Candidate == "":
		return unknown
	case r.First:
		return string(r.Candidate) + ", the first release: no way back"
	}
	return fmt.Sprintf("%s, with %s as the way back", r.Candidate, orUnknown(string(r.Good)))
}

// address is a link only where a browser would go to a page.
func address(text string) string {
	if strings.HasPrefix(text, "https://") || strings.HasPrefix(text, "http://") {
		return text
	}
	return ""
}

// card is one figure at the top.
type card struct{ Name, Value, Note, Tone string }

func cards(d checklist.Document) []card {
	f, n := d.Form, d.Tally()
	took, timed := f.Duration()
	return []card{
		{Name: "Duration", Value: known(span(took), timed), Note: "from preflight to all the traffic"},
		moved(f),
		counted("Rollbacks", f.Rollbacks),
		counted("Issues", length(f.Issues)),
		{Name: "Shown", Value: fmt.Sprint(n.Ticked()), Note: fmt.Sprintf("of %d items that are due; %d failed, %d not shown", n.Due(), n[checklist.Failed], n[checklist.NotShown]), Tone: tone(n[checklist.Failed])},
	}
}

func moved(f checklist.Form) card {
	c := card{Name: "Traffic", Value: unknown, Note: "no shift has said so"}
	if s := f.Release.Shifted; s != nil {
		c.Value, c.Note = fmt.Sprintf("%d %%", int(s.Weight)), "of it on "+orUnknown(string(f.Release.Candidate))
		if s.RolledBack {
			c.Note, c.Tone = "rolled back", "bad"
		}
	}
	return c
}

func counted(name string, n *int) card {
	if n == nil {
		return card{Name: name, Value: unknown}
	}
	return card{Name: name, Value: fmt.Sprint(*n), Tone: tone(*n)}
}

func length(list []string) *int {
	if list == nil {
		return nil
	}
	n := len(list)
	return &n
}

func tone(n int) string {
	if n > 0 {
		return "bad"
	}
	return ""
}

func known(text string, ok bool) string {
	if !ok {
		return unknown
	}
	return text
}

// span is a duration as people say it, without its small change.
func span(d time.Duration) string {
	switch minutes, seconds := int(d.Minutes()), int(d.Seconds())%60; {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return fmt.Sprintf("%.3g s", d.Seconds())
	case d < time.Hour && seconds == 0:
		return fmt.Sprintf("%d min", minutes)
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", minutes, seconds)
	default:
		return fmt.Sprintf("%d h %02d min", minutes/60, minutes%60)
	}
}
