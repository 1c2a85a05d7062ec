package main

import (
	"cmp"
	"context"
	"fmt"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

var planPhase = action.New(action.About{
	Name: "plan", Summary: "Prints what a release would do now, system by system, and what would be refused; changes nothing. GitHub is asked by preflight only.",
	Settings: []string{"router", "routers", "slots"},
	Quiet:    []string{"application", "images", "shift", "prometheus", "scrape", "gates", "smoke", "database", "queue", "sign-off"},
	Needed:   []string{},
	Plain:    true,
}, plan)

type planInputs struct {
	Version release.Version `input:"version" help:"Version that would be released; it becomes the tag of the images."`
	First   bool            `input:"first-release" default:"false" help:"Nothing is live yet."`
	Format  Format          `input:"format" default:"text" help:"text for people, or json for programs."`
}

// Format is how something is printed.
type Format string

// UnmarshalText accepts "text" and "json".
func (f *Format) UnmarshalText(text []byte) error {
	if *f = Format(text); *f != "text" && *f != "json" {
		return fmt.Errorf("format %q: want text or json", text)
	}
	return nil
}

// plan prints what it could foresee. What would be refused is the exit status 1; what
// could not be seen is said beside the rest, and is 3.
func plan(ctx context.Context, job *action.Job, in planInputs) (none, error) {
	p := connect.Foresee(ctx, job, in.Version, in.First)
	var err error
	if in.Format == "json" {
		err = writeJSON(job.Output, p)
	} else {
		err = job.Show(planPage(p, in.Version))
	}
	switch problems := p.Problems(); {
	case err != nil:
		return none{}, err
	case len(p.Refused) > 0:
		return none{}, release.Refuse("correct these, and run plan again", "a release would be refused: %d reasons", len(p.Refused))
	case len(problems) > 0:
		return none{}, release.CannotTell("make it answer, or run this where it does", "could not see everything: %s", names(problems))
	}
	return none{}, nil
}

// planPage says first whether the release would be refused, and why.
func planPage(p connect.Plan, version release.Version) *summary.Page {
	page := new(summary.Page)
	what := cmp.Or(string(version), "a release")
	switch {
	case len(p.Refused) > 0:
		page.Verdict(summary.Bad, "plan: %s would be refused", what)
	case len(p.Problems()) > 0:
		page.Verdict(summary.Warn, "plan: not all that %s depends on could be seen", what)
	default:
		page.Verdict(summary.Good, "plan: %s would go to %s", what, p.Way.Seen.Candidate)
	}
	var refused list
	lines(refused.line, "REFUSED", p.Refused)
	page.Append(refused.page())
	page.Section("Now")
	page.Append(table(p.Status))
	page.Section("A release would, in this order:")
	page.Append(course(p).page())
	return page
}

// course is what would be done.
func course(p connect.Plan) *list {
	var rows list
	line := rows.line
	if p.Way.Seen == nil {
		line("go to", told(p.Way))
	} else if p.Way.Seen.Good == "" {
		line("go to", string(p.Way.Seen.Candidate), "there is no way back: nothing is live")
	} else {
		line("go to", string(p.Way.Seen.Candidate), "the way back is "+string(p.Way.Seen.Good))
	}
	lines(line, "build", p.Images)
	migrationLines(line, p)
	line("deploy", told(p.Services))
	line("ask live", told(p.Live))
	lines(line, "step", p.Steps)
	if p.Gates.Seen == nil {
		line("gate", told(p.Gates))
	} else {
		lines(line, "gate", *p.Gates.Seen)
	}
	lines(line, "sign-off", p.SignOffs)
	return &rows
}

func lines(line func(...string), what string, all []string) {
	for _, one := range all {
		line(what, one)
	}
}

func migrationLines(line func(...string), p connect.Plan) {
	m := p.Migrations.Seen
	if m == nil {
		line("migrate", told(p.Migrations))
		return
	}
	line("back up", m.Backup)
	line("migrate", fmt.Sprintf("from version %s to %s", m.Version, m.Target))
	for _, f := range m.Files {
		what := map[bool]string{true: "contract", false: "migrate"}[f.Contract]
		line(what, f.File, f.Says)
		for _, found := range f.Findings {
			line("", "", found)
		}
	}
	lines(line, "fill", m.Fills)
	for _, f := range m.Held {
		line("contract", f.File, "waits: "+f.Says)
	}
	lines(line, "note", m.Notes)
}
