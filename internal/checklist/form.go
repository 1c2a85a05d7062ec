package checklist

import (
	"time"

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
	PostDeploy    []string   // issues opened since 100 %
	ApprovalsRead bool       // whether Approvals was read at all
}

// Approval is a person's answer in a protected environment.
type Approval struct {
	Role     string
	By       string
	Approved bool
	Comment  string
	At       time.Time // when it was read: GitHub keeps no time of an approval
}

// of returns the approval of a role.
func (f Form) of(role string) (Approval, bool) {
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

// live reports when the candidate had all the traffic, if it did.
func (f Form) live() (time.Time, bool) {
	s := f.Release.Shifted
	if s == nil || s.RolledBack || s.Weight != 100 {
		return time.Time{}, false
	}
	return s.At, true
}

// duration is from the start of the preflight to 100 %, if the release got there.
func (f Form) duration() (time.Duration, bool) {
	at, ok := f.live()
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
	at, live := f.live()
	took, timed := f.duration()
	show("7.2.i1", f.Release.Version != "", "version %s", f.Release.Version)
	show("7.2.i2", live, "%s", at.UTC().Format(time.DateOnly))
	show("7.2.i3", f.DeployedBy != "", "%s", f.DeployedBy)
	show("7.2.i4", timed, "%v", took)
	show("7.2.s2", f.Issues != nil, "%d issues", len(f.Issues))
	show("7.2.s4", f.PostDeploy != nil, "%d issues since 100 %%", len(f.PostDeploy))
	show("7.2.n", f.ApprovalsRead, "%d comments and conditions", len(f.comments())+len(f.Notes))
	if f.Rollbacks != nil {
		findings.Show("7.2.s3", true, "%d rollbacks", *f.Rollbacks)
	} else {
		findings.Miss("7.2.s3", "not known to the record")
	}
}

func (f Form) comments() []Approval {
	var list []Approval
	for _, a := range f.Approvals {
		if a.Comment != "" {
			list = append(list, a)
		}
	}
	return list
}
