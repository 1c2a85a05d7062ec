package signoff

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// ErrNoEnvironment is what a Source returns for an environment that does not
// exist.
var ErrNoEnvironment = errors.New("no such environment")

// Environment is what protects the jobs that name it.
type Environment struct {
	Name                string
	Users               []string // reviewers, one of whom has to approve
	Teams               []string // reviewers too, by slug
	Reviewed            bool     // whether approval is required at all
	SelfReviewPrevented bool     // whoever started the run cannot approve it
	BypassAllowed       bool     // administrators may start waiting jobs without approval
	Wait                time.Duration
	Others              []string // types of further rules that may hold a job
}

// Guarded refuses an environment that does not hold a sign-off: one without a
// reviewer, and one in which a bypass could not be told from an approval.
func (s Settings) Guarded(e Environment) error {
	switch {
	case !e.Reviewed:
		return release.Refuse("add required reviewers to the environment "+e.Name,
			"environment %s asks nobody: it has no required reviewers", e.Name)
	case len(e.Users)+len(e.Teams) == 0:
		return release.Refuse("add a user or a team to the required reviewers of the environment "+e.Name,
			"environment %s asks nobody: its list of reviewers is empty", e.Name)
	case len(e.Teams) > 0 && e.BypassAllowed && !s.AllowBypass:
		return release.Refuse("turn off the administrators' bypass on the environment "+e.Name+", list its reviewers as users, or set sign-off.allow-bypass",
			"environment %s lets administrators bypass it and is reviewed by teams (%s): a bypass could not be told from an approval", e.Name, strings.Join(e.Teams, ", "))
	}
	return nil
}

// Ready refuses, before anything is built, what Guarded refuses, and an environment in
// which whoever started the run could approve, which would be refused after the wait.
func (s Settings) Ready(e Environment) error {
	if err := s.Guarded(e); err != nil {
		return err
	}
	if !e.SelfReviewPrevented && !s.AllowSelfReview {
		return release.Refuse("prevent it: bluegreen environments --apply, or set sign-off.allow-self-review",
			"environment %s lets whoever started the run approve, which signoff would refuse after the wait", e.Name)
	}
	return nil
}

// Asks says whom an environment asks, and which ways past them it leaves open.
func (s Settings) Asks(e Environment) string {
	who := slices.Clone(e.Users)
	for _, team := range e.Teams {
		who = append(who, "team "+team)
	}
	text := "it asks " + strings.Join(who, " or ")
	if e.SelfReviewPrevented {
		text += ", and not whoever started the run"
	}
	switch {
	case e.BypassAllowed && s.AllowBypass:
		text += "; administrators may bypass it, and that counts"
	case e.BypassAllowed:
		text += "; administrators may bypass it, which signoff then refuses"
	}
	return text
}

// Missing refuses an environment that does not exist: GitHub would create it, and
// ask nobody.
func Missing(name string) error {
	return release.Refuse("create it: bluegreen environments --apply", "environment %s does not exist, so GitHub would ask nobody", name)
}

// Unguarded refuses whatever would make a job of the target environment wait,
// since a rollback must wait for nobody.
func Unguarded(e Environment) error {
	var held []string
	if e.Reviewed {
		held = append(held, "required reviewers")
	}
	if e.Wait > 0 {
		held = append(held, "a wait timer of "+e.Wait.String())
	}
	held = append(held, e.Others...)
	if len(held) == 0 {
		return nil
	}
	return release.Refuse("move these rules to "+e.Name+"-live or to the environment of a role",
		"environment %s would make a rollback wait: it has %s", e.Name, strings.Join(held, ", "))
}

// lists reports whether a user is among the reviewers by name.
func (e Environment) lists(user string) bool {
	return slices.ContainsFunc(e.Users, func(u string) bool { return strings.EqualFold(u, user) })
}
