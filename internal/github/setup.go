package github

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/signoff"
)

// Setup reads an environment with what may be deployed to it, without its
// variables. One that does not exist is no error.
func (r *Repository) Setup(ctx context.Context, name string) (signoff.Setup, error) {
	ctx, cancel := ask(ctx)
	defer cancel()
	e, err := r.environment(ctx, name)
	if errors.Is(err, signoff.ErrNoEnvironment) {
		return signoff.Setup{Environment: signoff.Environment{Name: name, BypassAllowed: true}}, nil // as GitHub would create it
	} else if err != nil {
		return signoff.Setup{}, err
	}
	s := signoff.Setup{Environment: e.protection(), Exists: true, Protected: e.Policy != nil && e.Policy.Protected}
	s.Name = name // GitHub's names have no case
	if e.Policy == nil || !e.Policy.Custom {
		return s, nil
	}
	policies, err := r.policies(ctx, name)
	s.Refs = []signoff.Ref{}
	for _, p := range policies {
		s.Refs = append(s.Refs, p.ref())
	}
	return s, err
}

// Variables reads the variables of an environment that exists.
func (r *Repository) Variables(ctx context.Context, name string) (map[string]string, error) {
	ctx, cancel := ask(ctx)
	defer cancel()
	list, err := pages(func(page *github.ListOptions) ([]*github.ActionsVariable, *github.Response, error) {
		var list github.ActionsVariables
		resp, err := r.page(ctx, page, &list, "environments", name, "variables")
		return list.Variables, resp, err
	})
	if err != nil {
		return nil, problem(ctx, err, "environments: read", "read variables of %s", name)
	}
	all := map[string]string{}
	for _, v := range list {
		if v != nil {
			all[v.Name] = v.Value
		}
	}
	return all, nil
}

// policy is a pattern of branches or tags.
type policy struct {
	ID   int64  `json:"id,omitempty"`
	Name string `json:"name"`
	Type string `json:"type,omitempty"` // branch when empty
}

func (p policy) ref() signoff.Ref { return signoff.Ref{Tag: p.Type == "tag", Pattern: p.Name} }

func (r *Repository) policies(ctx context.Context, name string) ([]policy, error) {
	all, err := pages(func(page *github.ListOptions) ([]policy, *github.Response, error) {
		var list struct {
			Policies []policy `json:"branch_policies"`
		}
		resp, err := r.page(ctx, page, &list, "environments", name, "deployment-branch-policies")
		return list.Policies, resp, err
	})
	if err != nil {
		return nil, problem(ctx, err, "actions: read", "read what deploys to %s", name)
	}
	return all, nil
}

// protection is the whole of what a request sets: what it leaves out is off.
type protection struct {
	Wait      int           `json:"wait_timer,omitempty"`
	NoSelf    bool          `json:"prevent_self_review,omitempty"`
	Reviewers []reviewerID  `json:"reviewers"`
	Bypass    *bool         `json:"can_admins_bypass,omitempty"`
	Policy    *deployedFrom `json:"deployment_branch_policy"`
}

type reviewerID struct {
	Type string `json:"type"`
	ID   int64  `json:"id"`
}

// SetUp makes an environment as it should be, and leaves alone what is so already.
// It needs a token that administers the repository.
func (r *Repository) SetUp(ctx context.Context, have, want signoff.Setup) error {
	ctx, cancel := ask(ctx)
	defer cancel()
	bare := func(s signoff.Setup) signoff.Setup { s.Variables, s.Others = nil, nil; return s }
	if len(signoff.Changes(bare(have), bare(want))) > 0 {
		if err := r.protect(ctx, have, want); err != nil {
			return err
		}
		if err := r.deployFrom(ctx, want); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want.Variables)) {
		before, has := have.Variables[name]
		if has && before == want.Variables[name] {
			continue
		}
		if err := r.setVariable(ctx, want.Name, github.ActionsVariable{Name: name, Value: want.Variables[name]}, has); err != nil {
			return err
		}
	}
	return nil
}

func (r *Repository) protect(ctx context.Context, have, want signoff.Setup) error {
	body := protection{Wait: int(want.Wait / time.Minute), NoSelf: want.SelfReviewPrevented}
	if want.BypassAllowed != have.BypassAllowed {
		body.Bypass = &want.BypassAllowed
	}
	if want.Protected || want.Refs != nil {
		body.Policy = &deployedFrom{Protected: want.Protected, Custom: !want.Protected}
	}
	var err error
	if body.Reviewers, err = r.reviewers(ctx, want.Environment); err != nil {
		return err
	}
	if _, err := r.send(ctx, http.MethodPut, body, "environments", want.Name); err != nil {
		return problem(ctx, err, "administration: write", "set up environment %s", want.Name)
	}
	return nil
}

// LookUp refuses reviewers that are not there, before anything is set up.
func (r *Repository) LookUp(ctx context.Context, e signoff.Environment) error {
	ctx, cancel := ask(ctx)
	defer cancel()
	_, err := r.reviewers(ctx, e)
	return err
}

// reviewers turns names into GitHub's numbers.
func (r *Repository) reviewers(ctx context.Context, e signoff.Environment) ([]reviewerID, error) {
	var all []reviewerID
	for _, login := range e.Users {
		user, _, err := r.client.Users.Get(ctx, login)
		if err != nil {
			return nil, unknown(ctx, err, "user "+login)
		}
		all = append(all, reviewerID{"User", user.GetID()})
	}
	for _, slug := range e.Teams {
		team, _, err := r.client.Teams.GetTeamBySlug(ctx, r.owner, slug)
		if err != nil {
			return nil, unknown(ctx, err, "team "+slug+" of "+r.owner)
		}
		all = append(all, reviewerID{"Team", team.GetID()})
	}
	return all, nil
}

func unknown(ctx context.Context, err error, who string) error {
	if notFound(err) {
		return release.Refuse("correct sign-off.roles[].reviewers: a login, or team/ and the slug of a team of the owner", "there is no %s that this token can see", who)
	}
	return problem(ctx, err, "members: read", "look up %s", who)
}

// deployFrom adds the patterns that are missing and removes those that are not
// wanted.
func (r *Repository) deployFrom(ctx context.Context, want signoff.Setup) error {
	if want.Protected || want.Refs == nil {
		return nil
	}
	have, err := r.policies(ctx, want.Name)
	if err != nil {
		return err
	}
	for _, ref := range want.Refs {
		if slices.ContainsFunc(have, func(p policy) bool { return p.ref() == ref }) {
			continue
		}
		p := policy{Name: ref.Pattern, Type: "branch"}
		if ref.Tag {
			p.Type = "tag"
		}
		if _, err := r.send(ctx, http.MethodPost, p, "environments", want.Name, "deployment-branch-policies"); err != nil {
			return problem(ctx, err, "administration: write", "let %v deploy to %s", ref, want.Name)
		}
	}
	for _, p := range have {
		if slices.Contains(want.Refs, p.ref()) {
			continue
		}
		if _, err := r.send(ctx, http.MethodDelete, nil, "environments", want.Name, "deployment-branch-policies", strconv.FormatInt(p.ID, 10)); err != nil {
			return problem(ctx, err, "administration: write", "no longer let %v deploy to %s", p.ref(), want.Name)
		}
	}
	return nil
}

func (r *Repository) setVariable(ctx context.Context, environment string, v github.ActionsVariable, has bool) error {
	method, path := http.MethodPost, []string{"environments", environment, "variables"}
	if has {
		method, path = http.MethodPatch, append(path, v.Name)
	}
	if _, err := r.send(ctx, method, v, path...); err != nil {
		return problem(ctx, err, "environments: write", "set variable %s of %s", v.Name, environment)
	}
	return nil
}
