package connect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Plan is what a release would do now, system by system.
type Plan struct {
	Status     Status          `json:"status"`
	Way        Part[Way]       `json:"way"`
	Images     []string        `json:"images"`
	Migrations Part[Migrating] `json:"migrations"`
	Services   Part[string]    `json:"services"` // of the compose files of both slots
	Live       Part[string]    `json:"live"`     // what the live version says to its critical checks
	Steps      []string        `json:"steps"`
	Gates      Part[[]string]  `json:"gates"`
	SignOffs   []string        `json:"signOffs"`
	Refused    []string        `json:"refused"` // what would end the release, each with its remedy
}

// Way is where a release would go, and back to.
type Way struct {
	Candidate release.Slot `json:"candidate"`
	Good      release.Slot `json:"good,omitempty"` // none in a first release
}

// Migrating is what would become of the schema.
type Migrating struct {
	Version string     `json:"version"`
	Target  string     `json:"target"`
	Files   []Migrated `json:"files"`
	Fills   []string   `json:"fills"` // backfills that would run
	Held    []Migrated `json:"held"`  // contract files that would wait
	Notes   []string   `json:"notes,omitempty"`
	Backup  string     `json:"backup"`
}

// Migrated is one file, and what is said of it.
type Migrated struct {
	File     string   `json:"file"`
	Contract bool     `json:"contract,omitempty"`
	Says     string   `json:"says"`
	Findings []string `json:"findings,omitempty"`
}

// while is how long the parts of a plan may take that have more to ask than those of
// a status.
const while = 20 * time.Second

// reading is how long compose may take for the files of both slots. It asks nobody,
// and a busy machine takes seconds to start it.
const reading = 2 * time.Minute

// Foresee asks everything at once, and changes nothing. First says that nothing is
// live yet.
func Foresee(ctx context.Context, job *action.Job, version release.Version, first bool) Plan {
	var p Plan
	var refused refusals
	var all sync.WaitGroup
	job.Release.First = first
	p.Way = within(ctx, while, func(ctx context.Context) (Way, error) { return way(ctx, job, first) }, refused.in("candidate"))
	if p.Way.Seen != nil { // the rest goes by it: whose slot is replaced
		job.Release.Candidate, job.Release.Good = p.Way.Seen.Candidate, p.Way.Seen.Good
	}
	all.Go(func() { p.Status = Look(ctx, job) })
	all.Go(func() {
		p.Migrations = within(ctx, while, func(ctx context.Context) (Migrating, error) { return migrating(ctx, job, refused.in("migrations")) }, refused.in("migrations"))
	})
	all.Go(func() {
		p.Live = within(ctx, while, func(ctx context.Context) (string, error) { return liveSays(ctx, job) }, refused.in("live version"))
	})
	all.Go(func() {
		p.Services = within(ctx, reading, func(ctx context.Context) (string, error) { return composed(ctx, job) }, refused.in("compose files"))
	})
	p.Gates = within(ctx, while, func(context.Context) ([]string, error) { return gates(job) }, refused.in("gates"))
	p.Images, p.Steps, p.SignOffs = images(job, version), steps(job), signOffs(job)
	all.Wait()
	refused.in("claim")(taken(p))
	for _, one := range job.Passed {
		if !one.Unset() {
			refused.in("configuration")(fmt.Errorf("%s: %s", one.Key, job.Redact(one.Text)))
		}
	}
	p.Refused = refused.list()
	return p
}

// refusals collects what would end a release, from several parts at once.
type refusals struct {
	mu  sync.Mutex
	all []string
}

// in is what takes the errors of a part. What only could not be told is shown with
// the part, and is no refusal.
func (r *refusals) in(part string) func(error) {
	return func(err error) {
		if err == nil || release.ExitStatus(err) == int(release.Unknown) {
			return
		}
		text := part + ": " + strings.ReplaceAll(err.Error(), "\n", "; ")
		if hint := release.HintOf(err); hint != "" {
			text += " → " + hint
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if !slices.Contains(r.all, text) {
			r.all = append(r.all, text)
		}
	}
}

func (r *refusals) list() []string { return append([]string{}, slices.Sorted(slices.Values(r.all))...) }

// unread says that a part cannot be foreseen, since its sections have mistakes. These
// are refused by themselves; a variable that is not set here may be set in the job.
func unread(job *action.Job, sections ...string) error {
	if err := mistaken(job, sections...); err != nil {
		return release.CannotTell("correct it, or set the variable", "%w", err)
	}
	return nil
}

func way(ctx context.Context, job *action.Job, first bool) (Way, error) {
	if err := unread(job, "router", "routers", "slots"); err != nil {
		return Way{}, err
	}
	seen, err := Traffic(ctx, job)
	if err != nil {
		return Way{}, err
	}
	candidate, good, err := seen.Choose(first)
	if err != nil {
		return Way{}, err
	}
	if good != "" {
		err = Healthy(job)(ctx, good)
	}
	return Way{candidate, good}, err
}

// taken refuses a slot that another release has claimed.
func taken(p Plan) error {
	if p.Way.Seen == nil || p.Status.Ledger.Seen == nil {
		return nil
	}
	return p.Status.Ledger.Seen.Free(p.Way.Seen.Candidate, "")
}

// composed reads the compose files as preflight does.
func composed(ctx context.Context, job *action.Job) (string, error) {
	if err := unread(job, "slots"); err != nil {
		return "", err
	}
	var seen []string
	var problems []error
	for _, s := range release.Slots {
		services, err := Composed(ctx, job, s)
		seen, problems = append(seen, fmt.Sprintf("%s has %d services", s, len(services))), append(problems, err)
	}
	return strings.Join(seen, ", "), errors.Join(problems...)
}

func liveSays(ctx context.Context, job *action.Job) (string, error) {
	questions, absent := AskLive(job, job.Release.Good)
	if absent != "" {
		return absent, nil
	}
	report := questions.Ask(ctx)
	return fmt.Sprintf("%s: %s", questions.Slot, report), nil
}

func migrating(ctx context.Context, job *action.Job, refuse func(error)) (Migrating, error) {
	if err := unread(job, "database"); err != nil {
		return Migrating{}, err
	}
	s, systems, err := Migrations(job, nil)
	if err != nil {
		return Migrating{}, err
	}
	if systems.Database == nil {
		return Migrating{}, ErrNone
	}
	p, err := migration.Look(ctx, s, systems.Database)
	if err != nil {
		return Migrating{}, err
	}
	c, err := systems.Contract.Contract(ctx, s, p)
	if err != nil {
		return Migrating{}, err
	}
	m := Migrating{Version: p.State.Version.String(), Target: p.Target.String(), Notes: slices.Concat(p.Notes, c.Notes), Files: []Migrated{}, Fills: []string{}, Held: []Migrated{}}
	if p.Dirty != "" {
		m.Notes = append(m.Notes, p.Dirty)
	}
	for _, f := range p.Fills {
		m.Fills = append(m.Fills, fmt.Sprintf("%v: in batches of at most %d rows, with a pause of %v", f, f.Batch, f.Pause))
	}
	if p.Left, err = migration.Recount(ctx, systems.Database, p); err != nil {
		m.Notes = append(m.Notes, fmt.Sprintf("what is left of the backfills that had ended was not counted: %v", err))
	}
	for _, f := range p.Again() {
		m.Fills = append(m.Fills, fmt.Sprintf("%v: again, since rows have come in the old form", f))
	}
	for _, h := range c.Held {
		m.Held = append(m.Held, Migrated{File: Shown(h.Up.Path), Contract: true, Says: h.Why})
	}
	m.Backup = s.Backup.Foresee(len(p.Files) + len(c.Files))
	refuse(s.Backup.Placed(systems.Keeper))
	return m, m.judge(ctx, s, p, c, refuse)
}

// judge adds the review of what would run.
func (m *Migrating) judge(ctx context.Context, s migration.Settings, p migration.Pending, c migration.Contract, refuse func(error)) error {
	if len(p.Files)+len(c.Files) == 0 {
		return nil
	}
	r, err := Judge(ctx, s, p, c)
	if err != nil {
		return err
	}
	for i, f := range slices.Concat(p.Files, c.Files) {
		one := Migrated{File: Shown(f.Up.Path), Contract: i >= len(p.Files)}
		one.Says = r.Level(one.File).Verdict().String()
		if one.Contract {
			one.Says += "; waited: " + c.Proof
		}
		for _, found := range r.Findings() {
			if found.Path == one.File {
				one.Findings = append(one.Findings, fmt.Sprintf("line %d: %v: %s [%s]", found.Line, found.Rule.Level, found.Text(), found.Rule.ID))
			}
		}
		m.Files = append(m.Files, one)
	}
	refuse(r.Refusal(s.Allow))
	return nil
}

// Problems is every part that could not be seen.
func (p Plan) Problems() []string {
	all := p.Status.Problems()
	for what, problem := range map[string]string{"candidate": p.Way.Problem, "migrations": p.Migrations.Problem, "compose files": p.Services.Problem, "live version": p.Live.Problem, "gates": p.Gates.Problem} {
		if problem != "" {
			all = append(all, what+": "+problem)
		}
	}
	slices.Sort(all)
	return all
}
