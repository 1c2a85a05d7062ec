package signoff

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Setup is an environment as it is, or as it should be.
type Setup struct {
	Environment
	Exists    bool
	Protected bool  // only protected branches deploy to it
	Refs      []Ref // what else deploys to it; nil for everything
	Variables map[string]string
}

// Ref is a pattern of branches, or of tags.
type Ref struct {
	Tag     bool
	Pattern string
}

func (r Ref) String() string {
	if r.Tag {
		return "tags " + r.Pattern
	}
	return "branches " + r.Pattern
}

// Wish is what is wanted of the environments of a target. What it does not say
// stays as it is.
type Wish struct {
	Target    string
	Refs      []Ref             // nil leaves them; the same for each environment
	Variables map[string]string // of the target
}

// Names lists the environments in the order in which they are set up: one for each
// role, and then the target, which asks nobody from then on.
func (s Settings) Names(w Wish) []string {
	var names []string
	for _, r := range s.All() {
		names = append(names, r.Environment(w.Target))
	}
	return append(names, w.Target)
}

// Want says how an environment should be, from how it is. The target asks nobody;
// a role's asks its reviewers, or those that it has when the configuration names
// none.
func (s Settings) Want(w Wish, have Setup) (Setup, error) {
	want := have
	want.Exists, want.Others = true, nil
	if w.Refs != nil {
		want.Refs, want.Protected = w.Refs, false
	}
	if have.Name == w.Target {
		want.Reviewed, want.Users, want.Teams, want.SelfReviewPrevented, want.Wait = false, nil, nil, false, 0
		want.Variables = maps.Clone(have.Variables)
		if want.Variables == nil {
			want.Variables = map[string]string{}
		}
		maps.Copy(want.Variables, w.Variables)
		return want, nil
	}
	role, err := s.Role(strings.TrimPrefix(have.Name, w.Target+"-"))
	if err != nil {
		return Setup{}, err
	}
	want.Others = have.Others // further rules may hold a sign-off
	want.Reviewed, want.BypassAllowed, want.SelfReviewPrevented = true, s.AllowBypass, !s.AllowSelfReview
	if len(role.Asked) > 0 {
		want.Users, want.Teams = role.asked()
	}
	if len(want.Users)+len(want.Teams) == 0 {
		return Setup{}, fmt.Errorf("role %s: nobody is named, and %s asks nobody yet", role.Name, have.Name)
	}
	return want, nil
}

func (r Role) asked() (users, teams []string) {
	for _, p := range r.Asked {
		if slug, ok := p.Team(); ok {
			teams = append(teams, slug)
		} else {
			users = append(users, string(p))
		}
	}
	return users, teams
}

// Changes says what leads from one setup to another, a line each; none when they
// are the same.
func Changes(have, want Setup) (all []string) {
	if !have.Exists {
		all = append(all, "create it")
	}
	add := func(what string, from, to any) {
		if before, after := fmt.Sprint(from), fmt.Sprint(to); before != after {
			all = append(all, fmt.Sprintf("%s: %s, not %s", what, after, before))
		}
	}
	add("required reviewers", people(have.Environment), people(want.Environment))
	add("self-review", allowed(!have.SelfReviewPrevented), allowed(!want.SelfReviewPrevented))
	add("bypass by administrators", allowed(have.BypassAllowed), allowed(want.BypassAllowed))
	add("wait timer", have.Wait, want.Wait)
	add("deployed to from", have.from(), want.from())
	for _, name := range slices.Sorted(maps.Keys(want.Variables)) {
		if value, has := have.Variables[name]; !has || value != want.Variables[name] {
			all = append(all, fmt.Sprintf("variable %s: %q", name, want.Variables[name]))
		}
	}
	for _, rule := range have.Others {
		if !slices.Contains(want.Others, rule) {
			all = append(all, "by hand: remove "+rule)
		}
	}
	return all
}

func allowed(yes bool) string {
	if yes {
		return "allowed"
	}
	return "prevented"
}

// people lists the reviewers in one order; names have no case.
func people(e Environment) string {
	var all []string
	for _, user := range e.Users {
		all = append(all, strings.ToLower(user))
	}
	for _, team := range e.Teams {
		all = append(all, "team/"+team)
	}
	if len(all) == 0 {
		return "nobody"
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func (s Setup) from() string {
	switch {
	case s.Protected:
		return "protected branches"
	case s.Refs == nil:
		return "everywhere"
	case len(s.Refs) == 0:
		return "nowhere"
	}
	var all []string
	for _, r := range s.Refs {
		all = append(all, r.String())
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}
