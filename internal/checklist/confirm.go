package checklist

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// A confirmation signs an item off, so only a line that says nothing else is one:
// up to its colon it has the word and ids. Whatever is more than that may deny the
// item, or be about something else.

// Confirmation is what somebody who approved says to have seen of an item.
type Confirmation struct {
	By   string
	Role string
	Saw  string
	At   time.Time // when it was written down, right after the wait; zero where nobody knows
}

// String is who has seen it, and what.
func (c Confirmation) String() string {
	return fmt.Sprintf("%s (%s) confirmed: %s", c.By, c.Role, c.Saw)
}

const (
	opening = `^[ \t]*(?:[-*][ \t]+)?confirm(?:ed|s)?[ \t]+`
	oneID   = `[a-d0-9]\.[0-9]+\.(?:[a-z]+[0-9]*[a-z]?|[0-9]+[a-z]?)`
	between = `(?:[ \t]*,[ \t]*(?:and[ \t]+)?|[ \t]+(?:and[ \t]+)?)`
)

var (
	claim        = regexp.MustCompile(`(?im)` + opening + `.*$`)
	confirmation = regexp.MustCompile(`(?i)` + opening + `(` + oneID + `(?:` + between + oneID + `)*)[ \t]*:[ \t]*(\S.*)$`)
	anID         = regexp.MustCompile(`(?i)\b` + oneID + `\b`)
)

// confirmed is what the approvals of the form say beyond yes, by item, and why a
// line that names items does not count for them. Of two who confirm the same, the
// first counts.
func (f Form) confirmed(evidence []release.Evidence) (map[string]Confirmation, []string) {
	all, issues := map[string]Confirmation{}, []string(nil)
	for _, a := range f.Approvals {
		for _, line := range a.claims() {
			line = strings.TrimSpace(line)
			m := confirmation.FindStringSubmatch(line)
			if m == nil && anID.MatchString(line) {
				issues = append(issues, fmt.Sprintf("%s (%s) wrote %q, which confirms nothing: want ids, a colon and what was seen, such as: confirm 6.2.18: sent a mail", a.By, a.Role, line))
			}
			if m == nil {
				continue
			}
			for _, id := range anID.FindAllString(m[1], -1) {
				id = canonical(id)
				if why := a.unfit(id, evidence); why != "" {
					issues = append(issues, fmt.Sprintf("%s (%s) confirmed %s, which does not count: %s", a.By, a.Role, id, why))
				} else if _, twice := all[id]; !twice {
					all[id] = Confirmation{a.By, a.Role, m[2], a.At}
				}
			}
		}
	}
	return all, issues
}

// claims are the lines of an approval that begin as a confirmation does.
func (a Approval) claims() []string {
	if !a.Approved {
		return nil
	}
	return claim.FindAllString(a.Comment, -1)
}

// lastSeen is the last action whose items somebody can have seen who approves before
// another one. Those of finalize are of the time with all the traffic, which is when
// its approval is asked for. A step of a shift that waits has not shown the others.
var lastSeen = map[string]string{"migrate": "build", "shift": "smoke", "step": "smoke", "finalize": "finalize"}

// running is the actions in the order in which they run.
var running = []string{"preflight", "build", "migrate", "deploy-green", "smoke", "shift", "rollback", "finalize", "record"}

// unfit says why the approval confirms nothing of an item; empty when it does.
func (a Approval) unfit(id string, evidence []release.Evidence) string {
	item, known := named(id)
	seen := slices.IndexFunc(evidence, func(e release.Evidence) bool { return e.ID == id })
	switch {
	case !known:
		return "it is no item of the plan"
	case item.always():
		return "a sign-off and its form are their role's alone"
	case item.Kind == Refers:
		return "it sums up others, of which those can be confirmed that only a person sees: " + strings.Join(item.Refers, ", ")
	case item.By == Tool:
		return item.Owner + " shows it, or nobody does"
	case item.By == "":
		return "no release has to show it"
	case seen >= 0 && evidence[seen].Status == release.Failed:
		return "it has failed: " + evidence[seen].Observed
	case seen >= 0 && item.By != People:
		return fmt.Sprintf("a %s has looked: %s", item.By, evidence[seen].Observed)
	case slices.Index(running, item.Owner) > slices.Index(running, lastSeen[a.Before]):
		return fmt.Sprintf("it is of %s, which ran after this approval", item.Owner)
	}
	return ""
}
