package checklist

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Settings is the section record of the configuration.
type Settings struct {
	ReleasesToken release.Secret    `yaml:"releases-token" help:"A token that may write contents, such as ${RELEASES_TOKEN:-}, for a page that is attached to a GitHub release where the job's own token may only read."`
	NotApplicable map[string]string `yaml:"not-applicable" help:"Items of the plan that the application has no use for, by id, each with the reason, which the record shows: such as 6.2.18 and that mail leaves by SMTP. What was observed of one counts all the same, and the sign-offs always apply."`
}

// Check refuses an item without a reason, and one that always applies.
func (s Settings) Check() error {
	var problems []error
	for _, id := range slices.Sorted(maps.Keys(s.NotApplicable)) {
		switch {
		case strings.TrimSpace(s.NotApplicable[id]) == "":
			problems = append(problems, fmt.Errorf("not-applicable %s: want the reason, in words", id))
		case always(id):
			problems = append(problems, fmt.Errorf("not-applicable %s: the sign-offs and their form always apply: leave it out", id))
		}
	}
	return errors.Join(problems...)
}

// Excused is NotApplicable by the ids as the plan writes them.
func (s Settings) Excused() map[string]string {
	all := map[string]string{}
	for id, reason := range s.NotApplicable {
		all[canonical(id)] = reason
	}
	return all
}

// always reports whether an item is a sign-off or of their form, which nobody but
// the people that they name can fill in.
func (i Item) always() bool { return i.Kind == SignOff || strings.HasPrefix(i.ID, "7.") }

func always(id string) bool {
	item, _ := named(id)
	return item.always()
}

// Said is what people say of items that nothing has shown, by id.
type Said struct {
	Confirmed     map[string]Confirmation
	NotApplicable map[string]string // why there is no such thing
}

// about fills in what was said. It heals no failure, and does not stand in for a
// sign-off of somebody else's.
func (s Said) about(l Line) Line {
	if l.Status != release.NotShown || l.always() {
		return l
	}
	if c, ok := s.Confirmed[l.ID]; ok {
		l.Status, l.Observed, l.NotApplicable, l.At = release.SignedOff, c.String()+"; without them: "+l.Observed, "", c.At
	} else if reason := s.NotApplicable[l.ID]; reason != "" {
		l.NotApplicable, l.Observed = reason, "not applicable, as the configuration has it: "+reason
	}
	return l
}

// excused reports whether an item that was not shown says nothing about one that
// sums it up: it does not apply, or no release has to show it.
func (l Line) excused() bool {
	return l.Status == release.NotShown && (l.NotApplicable != "" || l.aside)
}

// canonical is an id as the plan writes it, whatever its case here.
func canonical(id string) string {
	if item, ok := named(id); ok {
		return item.ID
	}
	return id
}

// named is the item of an id, whatever its case here.
func named(id string) (Item, bool) {
	for _, item := range items() {
		if strings.EqualFold(item.ID, id) {
			return item, true
		}
	}
	return Item{}, false
}
