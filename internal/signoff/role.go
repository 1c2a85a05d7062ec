package signoff

import (
	"fmt"
	"regexp"
	"slices"
)

// Phase is the part of a release that waits for a sign-off.
type Phase string

// The phases that wait.
const (
	Migrate  Phase = "migrate"
	Shift    Phase = "shift"
	Finalize Phase = "finalize"
)

// UnmarshalText accepts "migrate", "shift" and "finalize".
func (p *Phase) UnmarshalText(text []byte) error {
	switch v := Phase(text); v {
	case Migrate, Shift, Finalize:
		*p = v
		return nil
	}
	return fmt.Errorf("phase %q: want migrate, shift or finalize", text)
}

// Role is somebody who signs off. The environment of a role is named for the
// target and the role, such as production-qa.
type Role struct {
	Name     string   `yaml:"role" help:"Name of the role; its environment is the target environment, a hyphen and this name."`
	Title    string   `yaml:"title" help:"The role on the sign-off form."`
	Before   Phase    `yaml:"before" help:"The phase that waits for this role: migrate, shift or finalize."`
	Evidence []string `yaml:"evidence" help:"The items of the plan that the approval covers, by id. A role of the plan has the plan's items when this is left out."`
}

var (
	nameForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	idForm   = regexp.MustCompile(`^[A-D0-9]\.[0-9]+\.[a-z]*[0-9]*[a-z]?$`)
)

// Check refuses a role without a name or a phase, and what is no item's id.
func (r Role) Check() error {
	if !nameForm.MatchString(r.Name) {
		return fmt.Errorf("role %q: want lower-case letters, digits and hyphens, such as qa", r.Name)
	}
	if r.Before == "" {
		return fmt.Errorf("role %s: before is missing: want migrate, shift or finalize", r.Name)
	}
	for _, id := range r.Evidence {
		if !idForm.MatchString(id) {
			return fmt.Errorf("role %s: evidence %q: want an id of the plan, such as 7.1.1", r.Name, id)
		}
	}
	return nil
}

// Environment is the name of the role's environment for a target.
func (r Role) Environment(target string) string { return target + "-" + r.Name }

// Plan returns the roles of the plan, and the go-live gate that has no row in
// its form.
func Plan() []Role {
	return []Role{
		{"development", "Development Lead", Migrate, []string{"B.2.r4", "3.3.f3", "7.1.5", "7.1.6", "7.1.7", "7.1.8", "7.2.t2"}},
		{"devops", "DevOps Lead", Migrate, []string{"A.3.6", "A.5.v5", "7.1.9", "7.1.10", "7.1.11", "7.1.12", "7.1.13", "7.2.t3"}},
		{"qa", "QA Lead", Shift, []string{"A.2.5", "6.1.14", "7.1.1", "7.1.2", "7.1.3", "7.1.4", "7.2.t1"}},
		{"live", "Go live", Shift, nil},
		{"product", "Product Owner", Finalize, []string{"A.2.6", "6.1.15", "7.1.14", "7.1.15", "7.1.16", "7.1.17", "7.2.t4"}},
	}
}

// complete gives a role what it left out and the plan knows.
func (r Role) complete() Role {
	plan := Plan()
	if i := slices.IndexFunc(plan, func(p Role) bool { return p.Name == r.Name }); i >= 0 {
		if r.Title == "" {
			r.Title = plan[i].Title
		}
		if r.Evidence == nil {
			r.Evidence = plan[i].Evidence
		}
	}
	if r.Title == "" {
		r.Title = r.Name
	}
	return r
}
