package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/github"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/signoff"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

var environmentsCommand = action.New(action.About{
	Name: "environments", Summary: "Prints what is to be done to the GitHub environments of the release, and with --apply does it.",
	Settings: []string{"sign-off"},
	Needed:   []string{"sign-off"},
}, environments)

type environmentsInputs struct {
	Environment string `input:"environment" default:"production" help:"The environment that is released to. Those of the roles are named after it."`
	Repository  string `input:"repository" help:"The repository, as owner/name; the one of the job when empty."`
	Branches    string `input:"branches" help:"Patterns of the branches that deploy to them, separated by commas, such as main,release/*. Without branches and tags that stays as it is."`
	Tags        string `input:"tags" help:"The same for tags, such as v*."`
	Variables   pairs  `input:"variables" help:"Variables of the environment, one NAME=value a line. They are no secrets: everybody who can write to the repository reads them."`
	Apply       bool   `input:"apply" default:"false" help:"Make the changes. Needs a token that administers the repository, in GH_TOKEN: a classic one with the scope repo, or a fine-grained one with Administration and Environments, write, and Members, read, for teams. The token of a workflow cannot."`
}

// pairs is NAME=value lines.
type pairs map[string]string

var nameForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// UnmarshalText refuses names that GitHub does.
func (p *pairs) UnmarshalText(text []byte) error {
	all := pairs{}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		name = strings.ToUpper(name)
		if !ok || !nameForm.MatchString(name) || strings.HasPrefix(name, "GITHUB_") {
			return fmt.Errorf("line %q: want NAME=value, and no name that begins with GITHUB_", name)
		}
		all[name] = value
	}
	*p = all
	return nil
}

// step is what has to be done to one environment.
type setupStep struct {
	have, want signoff.Setup
	changes    []string
}

func environments(ctx context.Context, job *action.Job, in environmentsInputs) (none, error) {
	name := cmp.Or(in.Repository, job.Runner.Repository)
	if name == "" {
		return none{}, release.Reject("say --repository owner/name", "the repository is not known")
	}
	token := cmp.Or(job.Secret("GH_TOKEN"), job.Token)
	if token == "" {
		return none{}, release.Reject(`set GH_TOKEN, such as GH_TOKEN="$(gh auth token)"`, "the token for %s is missing", name)
	}
	repository, err := github.New(job.Runner.APIURL, token, name)
	if err != nil {
		return none{}, err
	}
	wish := signoff.Wish{Target: in.Environment, Refs: refs(in), Variables: in.Variables}
	steps, err := survey(ctx, repository, job.Config.SignOff, wish)
	if err != nil {
		return none{}, err
	}
	apply := in.Apply && !job.DryRun
	if apply {
		steps, err = carryOut(ctx, repository, job.Config.SignOff, wish, steps)
	}
	shown(job.Page, steps, apply, err)
	return none{}, err
}

func refs(in environmentsInputs) []signoff.Ref {
	var all []signoff.Ref
	for _, kind := range []struct {
		tag      bool
		patterns string
	}{{false, in.Branches}, {true, in.Tags}} {
		for pattern := range strings.SplitSeq(kind.patterns, ",") {
			if pattern = strings.TrimSpace(pattern); pattern != "" {
				all = append(all, signoff.Ref{Tag: kind.tag, Pattern: pattern})
			}
		}
	}
	return all
}

// survey reads every environment and says what is to be done, or everything that
// is not known about how they should be.
func survey(ctx context.Context, repository *github.Repository, settings signoff.Settings, wish signoff.Wish) ([]setupStep, error) {
	var steps []setupStep
	var unknown []error
	for _, name := range settings.Names(wish) {
		have, err := repository.Setup(ctx, name)
		if err == nil && name == wish.Target && have.Exists && len(wish.Variables) > 0 {
			have.Variables, err = repository.Variables(ctx, name)
		}
		if err != nil {
			return nil, err
		}
		want, err := settings.Want(wish, have)
		if err != nil {
			unknown = append(unknown, err)
			continue
		}
		steps = append(steps, setupStep{have, want, signoff.Changes(have, want)})
	}
	if err := errors.Join(unknown...); err != nil {
		return nil, release.Reject("name who signs off in sign-off.roles[].reviewers: logins, and teams as team/slug", "%w", err)
	}
	return steps, nil
}

// carryOut makes the changes, and reads back what is left to do. Nothing is changed
// before all reviewers are known, and the target loses its own only when the
// environments of the roles have theirs.
func carryOut(ctx context.Context, repository *github.Repository, settings signoff.Settings, wish signoff.Wish, steps []setupStep) ([]setupStep, error) {
	for _, s := range steps {
		if err := repository.LookUp(ctx, s.want.Environment); err != nil {
			return steps, err
		}
	}
	for _, s := range steps {
		if err := repository.SetUp(ctx, s.have, s.want); err != nil {
			return steps, err
		}
	}
	after, err := survey(ctx, repository, settings, wish)
	if err != nil {
		return steps, err
	}
	var left []error
	for i, s := range after {
		if len(s.changes) > 0 {
			left = append(left, fmt.Errorf("%s: %s", s.want.Name, strings.Join(s.changes, ", ")))
		}
		after[i].changes = steps[i].changes
	}
	if err := errors.Join(left...); err != nil {
		return after, release.Refuse("do it on the page of the environment, under Settings, Environments", "GitHub did not take everything: %w", err)
	}
	return after, nil
}

func shown(page *summary.Page, steps []setupStep, applied bool, err error) {
	var rows [][]string
	for _, s := range steps {
		for _, change := range s.changes {
			rows = append(rows, []string{s.want.Name, change})
		}
	}
	switch {
	case err != nil:
		page.Verdict(summary.Bad, "environments: some changes were not made")
	case len(rows) == 0:
		page.Verdict(summary.Good, "environments: all %d are as they should be", len(steps))
	case applied:
		page.Verdict(summary.Good, "environments: %d changes were made", len(rows))
	default:
		page.Verdict(summary.Skip, "environments: %d changes are to be made; nothing was changed", len(rows))
		page.Next("Make them: the same command with --apply.")
	}
	page.Table([]string{"environment", "change"}, rows)
}
