package signoff

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Source is where approvals are kept. An environment that does not exist is
// ErrNoEnvironment.
type Source interface {
	Environment(ctx context.Context, name string) (Environment, error)
	Run(ctx context.Context, id int64) (Run, error)
	Decisions(ctx context.Context, run int64) ([]Decision, error)
	// Notes returns what a Notebook has of an environment and a commit.
	Notes(ctx context.Context, environment string, commit release.Commit) ([]Note, error)
}

// Request is what is to be confirmed.
type Request struct {
	Target  string // the environment that is released to, such as production
	Role    string
	Run     int64
	Release release.Record
	Past    []Decision // those that do not count, such as of a shift before; each leaves out one like it
}

// Confirm reads whether the role has approved the release, and shows the items
// that the role covers: signed off, failed when it was rejected, and not shown
// when nobody approved, the approval does not count, or that cannot be read.
// Beside the error of a rejection it returns who rejected, and why; beside that of an
// approval which does not count what there is to Bind.
func (s Settings) Confirm(ctx context.Context, source Source, req Request, findings *release.Findings) (Approval, error) {
	role, err := s.Role(req.Role)
	if err != nil {
		return Approval{}, err
	}
	if err := req.check(); err != nil {
		return Approval{}, err
	}
	r, history, err := s.read(ctx, source, req, role)
	if err != nil {
		miss(findings, role, err)
		return Approval{}, err
	}
	chosen, err := r.choose(history)
	approval := Approval{Role: role, By: chosen.By, Comment: chosen.Comment, At: r.since(chosen), Environment: r.env.Name, Commit: r.run.Commit}
	if err != nil {
		r.refuse(findings, chosen, err)
		approval.Bindings = r.refused(history, chosen)
		return approval, err
	}
	approval.Code, approval.Bypass, approval.Bindings = r.code, r.bypass(chosen.Decision), r.bind(history, chosen)
	r.signOff(findings, approval, req.Release.Version)
	return approval, nil
}

// check refuses a request that binds the approval to nothing.
func (q Request) check() error {
	var errs []error
	if q.Target == "" {
		errs = append(errs, errors.New("environment is missing: want the one that is released to, such as production"))
	}
	if q.Run < 1 {
		errs = append(errs, fmt.Errorf("run %d: want the id of the run", q.Run))
	}
	if len(q.Release.Images) == 0 {
		errs = append(errs, errors.New("release has no images: want the release output of build"))
	}
	if !strings.HasSuffix(string(q.Release.ID), fmt.Sprintf("-%d", q.Run)) {
		errs = append(errs, fmt.Errorf("release %q does not belong to run %d", q.Release.ID, q.Run))
	}
	if err := errors.Join(errs...); err != nil {
		return release.Reject("give the release outputs of preflight and build of this run, and the target environment", "%w", err)
	}
	return nil
}

// read asks for the environment, the run and its history, and refuses an
// environment that holds nothing.
func (s Settings) read(ctx context.Context, source Source, req Request, role Role) (ruling, []entry, error) {
	name := role.Environment(req.Target)
	r := ruling{Settings: s, role: role, code: Code(req.Release.Images), past: req.Past}
	var err error
	if r.env, err = source.Environment(ctx, name); errors.Is(err, ErrNoEnvironment) {
		return r, nil, Missing(name)
	} else if err != nil {
		return r, nil, unread("environment "+name, err)
	}
	if err := s.Guarded(r.env); err != nil {
		return r, nil, err
	}
	if r.run, err = source.Run(ctx, req.Run); err != nil {
		return r, nil, unread(fmt.Sprintf("run %d", req.Run), err)
	}
	if c := req.Release.Commit; c != "" && r.run.Commit != c {
		return r, nil, release.Refuse("start a new run for the commit", "run %d is for commit %s, and the release is of %s", req.Run, r.run.Commit.Short(), c.Short())
	}
	history, err := source.Decisions(ctx, req.Run)
	if err != nil {
		return r, nil, unread(fmt.Sprintf("approvals of run %d", req.Run), err)
	}
	notes, err := source.Notes(ctx, name, r.run.Commit)
	if err != nil {
		return r, nil, unread("what approvals of "+name+" were for", err)
	}
	r.held = bindings(notes, req.Run)
	return r, r.entries(history), nil
}

// unread keeps the source's own hint, if it has one.
func unread(what string, err error) error {
	hint := release.HintOf(err)
	if hint == "" {
		hint = "give the job permissions: actions: read, then re-run it"
	}
	return release.CannotTell(hint, "read %s: %w", what, err)
}

func miss(findings *release.Findings, role Role, err error) {
	for _, id := range role.Evidence {
		findings.Miss(id, "%v", err)
	}
}

// refuse shows a rejection as failed, and an approval that is missing or does
// not count as not shown.
func (r ruling) refuse(findings *release.Findings, chosen entry, err error) {
	for _, id := range r.role.Evidence {
		if chosen.State == "rejected" {
			findings.Decide(id, false, time.Time{}, "%v", err) // GitHub keeps no time of it
		} else {
			findings.Miss(id, "%v", err)
		}
	}
}

// wanted are items that an approval covers only when its comment says more: a
// test of the recovery has a date, or a reason why there is none.
var wanted = map[string]struct {
	form *regexp.Regexp
	want string
}{
	"A.5.v5": {
		regexp.MustCompile(`(?i)\bPITR:? (\d{4}-\d{2}-\d{2}\b|n/a: *\S)`),
		`the date of the last recovery test in the comment, such as "PITR 2026-10-01", or "PITR n/a: reason"`,
	},
}

func (r ruling) signOff(findings *release.Findings, a Approval, version release.Version) {
	for _, id := range r.role.Evidence {
		if w, ok := wanted[id]; ok && !w.form.MatchString(a.Comment) {
			findings.Miss(id, "%s approved, without %s", a.By, w.want)
			continue
		}
		by := a.By
		if a.Bypass != "" {
			by += " (" + a.Bypass + ")"
		}
		findings.Decide(id, true, a.At, "%s %s approved %s, images %s, in run %d attempt %d: %s",
			r.role.Title, by, version, a.Code, r.run.ID, r.run.Attempt, quote(a.Comment))
	}
}
