package checklist

import (
	"fmt"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/course"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Form is what the sign-off form says beside the checklist. What is nil is not
// known, which is not the same as none.
type Form struct {
	Release       release.Record
	DeployedBy    string     // who started this attempt of the run
	RunURL        string     // of the run that made the release
	Approvals     []Approval // the approvals of the run, one per role at most
	Notes         []string   // acknowledgements and conditions
	Issues        []string   // pauses, warnings and failures of the release
	Rollbacks     *int       // how often the balancer went back, over all attempts
	PostDeploy    []string   // what was seen to be wrong since 100 %
	ApprovalsRead bool       // whether Approvals was read at all
	Unasked       bool       // sign-off.roles is empty: nobody is asked for an approval

	NotApplicable map[string]string // reasons by item, as Settings.Excused has them

	Course *course.Course // how the traffic went; nil where no shift has said so
}

// Approval is a person's answer in a protected environment.
type Approval struct {
	Role     string
	Before   string // the phase that waited for it: migrate, shift, step or finalize
	By       string
	Approved bool
	Comment  string
	At       time.Time // when it was written down, right after the wait; zero where nobody knows
}

// Of returns the approval of a role.
func (f Form) Of(role string) (Approval, bool) {
	for _, a := range f.Approvals {
		if a.Role == role {
			return a, true
		}
	}
	return Approval{}, false
}

// rolledBack reports whether the traffic went back at least once.
func (f Form) rolledBack() bool {
	return f.Rollbacks != nil && *f.Rollbacks > 0 || f.Release.Shifted != nil && f.Release.Shifted.RolledBack
}

// Live reports when the candidate had all the traffic, if it did.
func (f Form) Live() (time.Time, bool) {
	s := f.Release.Shifted
	if s == nil || s.RolledBack || s.Weight != 100 {
		return time.Time{}, false
	}
	return s.At, true
}

// Duration is from the start of the preflight to 100 %, if the release got there.
func (f Form) Duration() (time.Duration, bool) {
	at, ok := f.Live()
	if !ok || f.Release.Started.IsZero() || at.Before(f.Release.Started) {
		return 0, false
	}
	return at.Sub(f.Release.Started).Round(time.Second), true
}

// Show adds the evidence for the lines of the form itself, 7.2.i1 to 7.2.s4.
func (f Form) Show(findings *release.Findings) {
	show := func(id string, known bool, format string, args ...any) {
		if known {
			findings.Show(id, true, format, args...)
			return
		}
		findings.Miss(id, "not known to the record")
	}
	at, live := f.Live()
	took, timed := f.Duration()
	show("7.2.i1", f.Release.Version != "", "version %s", f.Release.Version)
	show("7.2.i2", live, "%s", at.UTC().Format(time.DateOnly))
	show("7.2.i3", f.DeployedBy != "", "%s", f.DeployedBy)
	show("7.2.i4", timed, "%v", took)
	show("7.2.s2", f.Issues != nil, "%d issues", len(f.Issues))
	show("7.2.n", f.ApprovalsRead, "%d comments and conditions", len(f.Comments())+len(f.Notes))
	show("7.2.s3", f.Rollbacks != nil, "%d rollbacks", count(f.Rollbacks))
	show("D.3.d1", live && f.RunURL != "", "this record, and the run %s", f.RunURL)
	show("D.3.d2", f.Issues != nil && f.Course != nil, "%d issues, each a line of this record", len(f.Issues))
	f.showSince(findings)
	f.showLooking(findings)
}

// showSince counts what the shift saw to be wrong with all the traffic, where it has
// kept all that it saw.
func (f Form) showSince(findings *release.Findings) {
	switch {
	case f.PostDeploy == nil:
		findings.Miss("7.2.s4", "not known to the record")
	case f.Course != nil && f.Course.Dropped > 0:
		findings.Miss("7.2.s4", "%d events of the shift were not kept, and some may be of the time since 100 %%", f.Course.Dropped)
	default:
		findings.Show("7.2.s4", true, "the shift warned of %d things between 100 %% and its end", len(f.PostDeploy))
	}
}

// showLooking shows that nobody has to look back at a release that went well. For
// another one, that somebody will is theirs to say.
func (f Form) showLooking(findings *release.Findings) {
	switch {
	case f.Course == nil || f.Rollbacks == nil:
		findings.Miss("D.3.d4", "not known to the record")
	case f.rolledBack() || f.Course.Paused() > 0:
		findings.Miss("D.3.d4", "%d rollbacks, %v paused: want the date of the look back", count(f.Rollbacks), f.Course.Paused())
	default:
		findings.Show("D.3.d4", true, "none is needed: no rollback, no pause")
	}
}

func count(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}

// alone names everybody who approved as more than one of the leads: whether that will
// do is for those who read the form.
func (f Form) alone() (notes []string) {
	var people []string
	titles := map[string][]string{}
	for _, lead := range Leads {
		if a, ok := f.Of(lead.Role); ok && a.Approved {
			who := strings.ToLower(a.By)
			people, titles[who] = append(people, a.By), append(titles[who], lead.Title)
		}
	}
	for _, by := range people {
		who := strings.ToLower(by)
		if roles := titles[who]; len(roles) > 1 {
			notes = append(notes, fmt.Sprintf("one person, %s, approved as %d leads: %s", by, len(roles), strings.Join(roles, ", ")))
		}
		delete(titles, who)
	}
	return notes
}

// Comments are the approvals that say more than yes.
func (f Form) Comments() []Approval {
	var list []Approval
	for _, a := range f.Approvals {
		if a.Comment != "" {
			list = append(list, a)
		}
	}
	return list
}
