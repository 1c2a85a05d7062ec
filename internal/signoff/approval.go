package signoff

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Decision is one entry of a run's approval history. The history is kept per
// run, not per attempt, without times, and in no order that GitHub promises.
type Decision struct {
	Environment string
	State       string // approved, rejected or pending
	By          string
	Comment     string
}

// Run is the run that the decisions are about.
type Run struct {
	ID      int64
	Attempt int // from 1
	Commit  release.Commit
	Actor   string // who started the run
	Trigger string // who started this attempt of it
}

// Approval is a decision that counts.
type Approval struct {
	Role    Role
	By      string
	Comment string
	Code    string    // of the images that it is for
	Bypass  string    // why it may be an administrator's bypass; empty when it is none
	At      time.Time // when it was written down, right after the wait; zero where it was not yet

	Bindings []Binding // what there is to write down of the run's decisions

	Environment string
	Commit      release.Commit // of the run
}

// ruling is everything that decides whether a decision counts.
type ruling struct {
	Settings
	role Role
	env  Environment
	run  Run
	code string
	held []Binding  // what decisions of this run were for
	past []Decision // that do not count
}

// choose returns the approval that counts, or why none does. One that nobody has seen
// before is for the images that are there now, and each other one for its own.
func (r ruling) choose(history []entry) (entry, error) {
	approved, rejected := r.fresh(history, "approved"), r.fresh(history, "rejected")
	if len(rejected) > 0 && (len(approved) == 0 || r.run.Attempt <= 1) {
		return rejected[0], release.Refuse("settle what the comment says, then re-run the failed jobs", "%s rejected by %s: %s",
			r.role.Title, rejected[0].By, quote(rejected[0].Comment))
	}
	if len(rejected) == 0 {
		approved = append(approved, r.here(history)...)
	}
	err := r.nobody(history)
	for _, e := range approved {
		if err = r.counts(e.Decision); err == nil {
			return e, nil
		}
	}
	return entry{}, err
}

// nobody says why there is no approval to judge: all were for other images, or there
// is none.
func (r ruling) nobody(history []entry) error {
	for _, e := range history {
		if was := r.boundTo(e); e.State == "approved" && was != "" && was != r.code {
			return release.Refuse("re-run all jobs of the run, look at the new images, and approve "+r.env.Name+" again",
				"the approval of %s in run %d was for images %s, and this release has images %s", r.env.Name, r.run.ID, was, r.code)
		}
	}
	return release.Refuse("approve the deployment to "+r.env.Name+" on the page of the run, then re-run this job",
		"nobody approved %s in run %d", r.env.Name, r.run.ID)
}

// counts refuses an approval that nobody, the wrong person, or for other images
// gave.
func (r ruling) counts(d Decision) error {
	for _, rule := range []func(Decision) error{r.person, r.independent, r.reviewer, r.sameImages} {
		if err := rule(d); err != nil {
			return err
		}
	}
	return nil
}

func (r ruling) person(d Decision) error {
	if d.By == "" || strings.HasSuffix(d.By, "[bot]") {
		return release.Refuse("let a person approve", "%s was approved by %q, who is nobody", r.env.Name, d.By)
	}
	return nil
}

// independent refuses the approval of whoever started the run, or this attempt of it.
// Whoever has approved before may run the failed jobs again.
func (r ruling) independent(d Decision) error {
	self := strings.EqualFold(d.By, r.run.Actor) || strings.EqualFold(d.By, r.run.Trigger) && !r.kept(d.By)
	if self && (r.env.SelfReviewPrevented || !r.AllowSelfReview) {
		return release.Refuse("let another reviewer approve", "%s was approved by %s, who started the run", r.env.Name, d.By)
	}
	return nil
}

func (r ruling) reviewer(d Decision) error {
	if why := r.bypass(d); why != "" && !r.AllowBypass {
		return release.Refuse("let a listed reviewer approve, or set sign-off.allow-bypass", "%s was approved by %s, %s", r.env.Name, d.By, why)
	}
	return nil
}

// bypass says why an approval is an administrator's bypass, or may be one.
func (r ruling) bypass(d Decision) string {
	switch {
	case r.env.lists(d.By):
		return ""
	case len(r.env.Teams) == 0:
		return fmt.Sprintf("who is not among its reviewers (%s): an administrator's bypass", strings.Join(r.env.Users, ", "))
	case r.env.BypassAllowed:
		return fmt.Sprintf("who is no reviewer by name: a member of %s, or an administrator's bypass", strings.Join(r.env.Teams, ", "))
	}
	return "" // a member of a team, since nobody else could
}

var quotedCode = regexp.MustCompile(`(?i)\bimages[ :]+([0-9a-f]{12})\b`)

// sameImages holds an approval to the images that its comment names, if it
// names some.
func (r ruling) sameImages(d Decision) error {
	m := quotedCode.FindStringSubmatch(d.Comment)
	switch {
	case m == nil && r.RequireCode:
		return release.Refuse("approve again with the comment: images "+r.code,
			"%s approved %s without naming the images, which sign-off.require-code asks for", d.By, r.env.Name)
	case m != nil && !strings.EqualFold(m[1], r.code):
		return release.Refuse("look at the new images, then approve with the comment: images "+r.code,
			"%s approved images %s, and this release has images %s", d.By, m[1], r.code)
	}
	return nil
}

func quote(comment string) string {
	const most = 160
	if runes := []rune(comment); len(runes) > most {
		comment = string(runes[:most]) + "…"
	}
	return fmt.Sprintf("%q", comment)
}
