package signoff

import (
	"errors"
	"fmt"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Settings says who signs off, and how strictly.
type Settings struct {
	Roles           []Role `yaml:"roles" help:"Who signs off, before which phase, for which items of the plan. Left out: development and devops before migrate, qa and live before shift, product before finalize; [] asks nobody."`
	AllowBypass     bool   `yaml:"allow-bypass" default:"false" help:"Whether an administrator's bypass of the environment's rules counts as an approval."`
	AllowSelfReview bool   `yaml:"allow-self-review" default:"false" help:"Whether whoever started the run may sign it off, where the environment does not prevent that."`
	RequireCode     bool   `yaml:"require-code" default:"false" help:"Whether the comment of an approval must quote the code of the images, such as: images 0123456789ab."`
}

// Check refuses two roles of one name.
func (s Settings) Check() error {
	var errs []error
	seen := map[string]bool{}
	for _, r := range s.Roles {
		if seen[r.Name] {
			errs = append(errs, fmt.Errorf("role %s stands twice: want one entry", r.Name))
		}
		seen[r.Name] = true
	}
	return errors.Join(errs...)
}

// All returns the roles in force: the configured ones, completed from the plan,
// or the plan's. An empty list is nobody.
func (s Settings) All() []Role {
	if s.Roles == nil {
		return Plan()
	}
	all := make([]Role, len(s.Roles))
	for i, r := range s.Roles {
		all[i] = r.complete()
	}
	return all
}

// Before lists the names of the roles that a phase waits for.
func (s Settings) Before(p Phase) []string {
	names := []string{}
	for _, r := range s.All() {
		if r.Before == p {
			names = append(names, r.Name)
		}
	}
	return names
}

// Role returns one of the roles in force.
func (s Settings) Role(name string) (Role, error) {
	var names []string
	for _, r := range s.All() {
		if r.Name == name {
			return r, nil
		}
		names = append(names, r.Name)
	}
	return Role{}, release.Reject("use one of the roles, or add it to sign-off.roles", "role %q: want one of %s", name, strings.Join(names, ", "))
}
