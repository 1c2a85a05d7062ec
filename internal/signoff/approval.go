package signoff

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Decision is one entry of a run's approval history. The history is kept per
// run, not per attempt, and without times.
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
	Code    string  // of the images that it is for
	Bypass  string  // why it may be an administrator's bypass; empty when it is none
	Binding Binding // what ties it to the run and the images

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
	held []Binding // what approvals of this commit were for
}

// choose returns the approval that counts, or why none does.
func (r ruling) choose(history []Decision) (Decision, error) {
	var approved, rejected []Decision
	for _, d := range history {
		switch {
		case d.Environment != r.env.Name:
		case d.State == "approved":
			approved = append(approved, d)
		case d.State == "rejected":
			rejected = append(rejected, d)
		}
	}
	if len(rejected) > 0 && r.stands(len(approved), len(rejected)) {
		return rejected[0], release.Refuse("settle what the comment says, then re-run the failed jobs", "%s rejected by %s: %s",
			r.role.Title, rejected[0].By, quote(rejected[0].Comment))
	}
	err := release.Refuse("approve the deployment to "+r.env.Name+" on the page of the run, then re-run this job",
		"nobody approved %s in run %d", r.env.Name, r.run.ID)
	if len(approved) > 0 {
		if err := r.bound(len(approved)); err != nil {
			return Decision{}, err
		}
	}
	for _, d := range approved {
		if err = r.counts(d); err == nil {
			return d, nil
		}
	}
	return Decision{}, err
}

// stands reports whether a rejection is the last word. An earlier attempt may have
// been rejected; GitHub started this one's job only because somebody approved since,
// so there is an approval that was not written down yet. In the first attempt there is
// no earlier one.
func (r ruling) stands(approvals, rejections int) bool {
	last := r.last()
	return rejections > last.Rejections && (approvals <= last.Approvals || r.run.Attempt <= 1)
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
