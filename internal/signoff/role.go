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
	Step     Phase = "step" // a step of the shift, which names the role
)

// Look says what there is to look at before deciding, on the page of the run. The
// candidate can be seen itself before the shift where a preview is set up.
func (p Phase) Look(preview bool) []string {
	switch p {
	case Migrate:
		return []string{"preflight: the pull request, its checks and the alerts", "build: the images, their sizes and scans", "the migration files of the commit"}
	case Shift:
		all := []string{"migrate: the review, the rehearsal and the backup", "deploy-green: what runs, and its log", "smoke: every answer of the candidate, and its JUnit file"}
		if preview {
			all = append(all, "the candidate itself, with the secret value in the header X-Bluegreen-Preview or the cookie bluegreen_preview")
		}
		return all
	case Step:
		return []string{"shift: the step that is running, its gates and its numbers"}
	case Finalize:
		return []string{"shift: the numbers of every step, and the validation with all the traffic", "the application itself, which now is the new version"}
	}
	return nil
}

// UnmarshalText accepts "migrate", "shift", "finalize" and "step".
func (p *Phase) UnmarshalText(text []byte) error {
	switch v := Phase(text); v {
	case Migrate, Shift, Finalize, Step:
		*p = v
		return nil
	}
	return fmt.Errorf("phase %q: want migrate, shift, finalize or step", text)
}

// Role is somebody who signs off. The environment of a role is named for the
// target and the role, such as production-qa.
type Role struct {
	Name     string   `yaml:"role" help:"Name of the role; its environment is the target environment, a hyphen and this name."`
	Title    string   `yaml:"title" help:"The role on the sign-off form."`
	Before   Phase    `yaml:"before" help:"The phase that waits for this role: migrate, shift or finalize; or step, for a role that shift.steps[].approval names."`
	Evidence []string `yaml:"evidence" help:"The items of the plan that the approval covers, by id. A role of the plan has the plan's items when this is left out."`
	Asked    []Person `yaml:"reviewers" help:"Whom bluegreen environments sets as required reviewers: logins, and teams as team/slug; at most 6."`
}

var (
	nameForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	whoForm  = regexp.MustCompile(`^(team/)?[A-Za-z0-9]+([-_][A-Za-z0-9]+)*$`)
	idForm   = regexp.MustCompile(`^[A-D0-9]\.[0-9]+\.[a-z]*[0-9]*[a-z]?$`)
)

// Check refuses a role without a name or a phase, and what is no item's id.
func (r Role) Check() error {
	if !nameForm.MatchString(r.Name) {
		return fmt.Errorf("role %q: want lower-case letters, digits and hyphens, such as qa", r.Name)
	}
	if r.Before == "" {
		return fmt.Errorf("role %s: before is missing: want migrate, shift, finalize or step", r.Name)
	}
	if len(r.Asked) > 6 {
		return fmt.Errorf("role %s: %d reviewers: GitHub takes 6 at most; name a team", r.Name, len(r.Asked))
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
		{"development", "Development Lead", Migrate, []string{"B.2.r4", "3.3.f3", "7.1.5", "7.1.6", "7.1.7", "7.1.8", "7.2.t2"}, nil},
		{"devops", "DevOps Lead", Migrate, []string{"A.3.6", "A.5.v5", "7.1.9", "7.1.10", "7.1.11", "7.1.12", "7.1.13", "7.2.t3"}, nil},
		{"qa", "QA Lead", Shift, []string{"A.2.5", "6.1.14", "7.1.1", "7.1.2", "7.1.3", "7.1.4", "7.2.t1"}, nil},
		{"live", "Go live", Shift, nil, nil},
		{"product", "Product Owner", Finalize, []string{"A.2.6", "6.1.15", "7.1.14", "7.1.15", "7.1.16", "7.1.17", "7.2.t4"}, nil},
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
