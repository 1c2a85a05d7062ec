package github

import (
	"context"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/signoff"
)

// environment is the part of GitHub's answer that protects. The library's own
// type fails on kinds of reviewers that it does not know.
type environment struct {
	Name            string        `json:"name"`
	CanAdminsBypass *bool         `json:"can_admins_bypass"`
	ProtectionRules []rule        `json:"protection_rules"`
	Policy          *deployedFrom `json:"deployment_branch_policy"`
}

// deployedFrom says what may deploy; exactly one of the two is set.
type deployedFrom struct {
	Protected bool `json:"protected_branches"`
	Custom    bool `json:"custom_branch_policies"`
}

type rule struct {
	Type              string     `json:"type"`
	WaitTimer         int        `json:"wait_timer"` // minutes
	PreventSelfReview bool       `json:"prevent_self_review"`
	Reviewers         []reviewer `json:"reviewers"`
}

type reviewer struct {
	Type     string `json:"type"`
	Reviewer struct {
		Login string `json:"login"`
		Slug  string `json:"slug"`
	} `json:"reviewer"`
}

// Environment reads an environment's protection. One that does not exist is
// signoff.ErrNoEnvironment, as long as the repository itself can be read.
func (r *Repository) Environment(ctx context.Context, name string) (signoff.Environment, error) {
	ctx, cancel := ask(ctx)
	defer cancel()
	e, err := r.environment(ctx, name)
	return e.protection(), err
}

func (r *Repository) environment(ctx context.Context, name string) (e environment, err error) {
	if _, err := r.get(ctx, &e, "environments", name); err != nil {
		if notFound(err) && r.visible(ctx) {
			return e, signoff.ErrNoEnvironment
		}
		return e, problem(ctx, err, "actions: read", "read environment %s", name)
	}
	return e, nil
}

// visible reports whether the token can read the repository at all: GitHub says
// 404 for what is not there and for what must not be seen.
func (r *Repository) visible(ctx context.Context) bool {
	_, err := r.get(ctx, nil)
	return err == nil
}

func (e environment) protection() signoff.Environment {
	p := signoff.Environment{Name: e.Name, BypassAllowed: e.CanAdminsBypass == nil || *e.CanAdminsBypass}
	for _, rule := range e.ProtectionRules {
		switch rule.Type {
		case "required_reviewers":
			p.Reviewed = true
			p.SelfReviewPrevented = p.SelfReviewPrevented || rule.PreventSelfReview
			for _, reviewer := range rule.Reviewers {
				reviewer.join(&p)
			}
		case "wait_timer":
			p.Wait = time.Duration(rule.WaitTimer) * time.Minute
		case "branch_policy": // says which refs may deploy, and holds no job
		default:
			p.Others = append(p.Others, "the rule "+rule.Type)
		}
	}
	return p
}

// join adds a reviewer of a kind that is known: another one's approval could
// not be told from a bypass.
func (v reviewer) join(p *signoff.Environment) {
	switch {
	case v.Type == "User" && v.Reviewer.Login != "":
		p.Users = append(p.Users, v.Reviewer.Login)
	case v.Type == "Team" && v.Reviewer.Slug != "":
		p.Teams = append(p.Teams, v.Reviewer.Slug)
	}
}
