package connect

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/config"
	"github.com/bluegreen-actions/bluegreen/internal/postgres"
	"github.com/bluegreen-actions/bluegreen/internal/queue"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Part is one part of a status: what was seen, or why it could not be.
type Part[T any] struct {
	Seen    *T     `json:"seen,omitempty"`
	Problem string `json:"problem,omitempty"`
}

// Status is what everything says of itself at one moment.
type Status struct {
	At          time.Time                              `json:"at"`
	Application string                                 `json:"application"`
	Balancers   map[string]Part[release.Weights]       `json:"balancers"`
	Ledger      Part[traffic.Page]                     `json:"ledger"`
	Lease       Part[Lease]                            `json:"lease"`
	Slots       map[release.Slot]Part[map[string]Crew] `json:"slots"` // by service
	Schema      Part[Schema]                           `json:"schema"`
	Queue       Part[queue.Depth]                      `json:"queue"`
	Passed      string                                 `json:"configuration,omitempty"` // what is wrong with it, where that was no hindrance
}

// Lease is who moves traffic forward, or did so last.
type Lease struct {
	State   traffic.State  `json:"state"`
	Release release.ID     `json:"release,omitempty"`
	Process string         `json:"process,omitempty"`
	Token   traffic.Token  `json:"token"`
	Left    time.Duration  `json:"left,omitempty"` // nanoseconds
	Age     *time.Duration `json:"age,omitempty"`  // of the shift, where the ledger knows it
	text    string
}

// String is the lease in words.
func (l Lease) String() string { return l.text }

// Crew is the containers of one service of a slot.
type Crew struct {
	Release    release.ID     `json:"release,omitempty"`
	Version    string         `json:"version,omitempty"`
	Digest     release.Digest `json:"digest,omitempty"`
	Containers int            `json:"containers"`
	Ready      int            `json:"ready"`
}

// Schema is the version of the database.
type Schema struct {
	Version string `json:"version"`
	Dirty   bool   `json:"dirty"`
}

// soon is how long one part of a status may take.
const soon = 2 * time.Second

// Look asks everything at once, each part for at most 2 s. It changes nothing.
func Look(ctx context.Context, job *action.Job) Status {
	s := Status{At: time.Now().UTC(), Application: job.Config.Application, Balancers: map[string]Part[release.Weights]{}, Slots: map[release.Slot]Part[map[string]Crew]{}}
	var all sync.WaitGroup
	var mu sync.Mutex
	if len(job.Passed) > 0 {
		s.Passed = job.Redact(job.Passed.Error())
	}
	balancers, problems := seen(job)
	for name, problem := range problems {
		s.Balancers[name] = Part[release.Weights]{Problem: problem.Error()}
		s.Ledger.Problem = problem.Error()
	}
	for _, b := range balancers {
		all.Go(func() {
			weights := part(ctx, b.Router.Weights)
			mu.Lock()
			defer mu.Unlock()
			s.Balancers[b.Name] = weights
		})
	}
	if len(problems) == 0 {
		all.Go(func() { s.Ledger = part(ctx, traffic.Join(balancers...).Ledger.Read) })
	}
	for _, name := range release.Slots {
		all.Go(func() {
			crews := part(ctx, func(ctx context.Context) (map[string]Crew, error) { return crews(ctx, job, name) })
			mu.Lock()
			defer mu.Unlock()
			s.Slots[name] = crews
		})
	}
	all.Go(func() { s.Lease = part(ctx, func(ctx context.Context) (Lease, error) { return holder(ctx, job) }) })
	all.Go(func() { s.Schema = part(ctx, func(ctx context.Context) (Schema, error) { return version(ctx, job) }) })
	all.Go(func() { s.Queue = part(ctx, func(ctx context.Context) (queue.Depth, error) { return depth(ctx, job) }) })
	all.Wait()
	s.age()
	return s
}

// seen opens the load balancers, and says of each section about them what is
// wrong with it.
func seen(job *action.Job) ([]traffic.Balancer, map[string]error) {
	problems := map[string]error{}
	for _, section := range []string{"router", "routers"} {
		if err := mistaken(job, section); err != nil {
			problems[section] = err
		}
	}
	all, err := Rescue(job)
	if err != nil && len(problems) == 0 {
		problems["router"] = err
	}
	return all, problems
}

// mistaken is what is wrong with sections that were passed over. They count as
// not written, and what follows from that is no fact about what they describe.
func mistaken(job *action.Job, sections ...string) error {
	var all []string
	for _, p := range job.Passed.In(sections...) {
		all = append(all, job.Redact(p.Key+": "+p.Text))
	}
	if len(all) == 0 {
		return nil
	}
	return errors.New(strings.Join(all, "; "))
}

// part asks one part. What is not configured is neither seen nor a problem.
func part[T any](ctx context.Context, ask func(context.Context) (T, error)) Part[T] {
	return within(ctx, soon, ask, func(error) {})
}

// within is a part that may take so long. What is wrong with it is told as well.
func within[T any](ctx context.Context, limit time.Duration, ask func(context.Context) (T, error), tell func(error)) Part[T] {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("no answer within %v", limit))
	defer cancel()
	done := make(chan Part[T], 1)
	go func() {
		value, err := ask(ctx)
		switch {
		case errors.Is(err, ErrNone):
			done <- Part[T]{}
		case err != nil:
			tell(err)
			done <- Part[T]{Problem: err.Error()}
		default:
			done <- Part[T]{Seen: &value}
		}
	}()
	select {
	case p := <-done:
		return p
	case <-ctx.Done():
		return Part[T]{Problem: context.Cause(ctx).Error()}
	}
}

func crews(ctx context.Context, job *action.Job, name release.Slot) (map[string]Crew, error) {
	if err := mistaken(job, "slots"); err != nil {
		return nil, err
	}
	env, err := Slot(ctx, job, name)
	if err != nil {
		return nil, err
	}
	all, err := env.Inspect(ctx)
	if err != nil {
		return nil, err
	}
	found := map[string]Crew{}
	for _, c := range all {
		crew := found[c.Service]
		crew.Release, crew.Version, crew.Digest = c.Release(), c.Version(), c.Digest()
		crew.Containers++
		if c.Ready() {
			crew.Ready++
		}
		found[c.Service] = crew
	}
	return found, nil
}

func holder(ctx context.Context, job *action.Job) (Lease, error) {
	if err := mistaken(job, lenders(job.Config)...); err != nil {
		return Lease{}, err
	}
	leases, err := Leases(job)
	if err != nil {
		return Lease{}, err
	}
	h, err := leases.Peek(ctx)
	return Lease{h.State, h.Owner.Release, h.Owner.Process, h.Token, h.Left, nil, Holding(h)}, err
}

// lenders is the sections that say where the lease is: up to the one that has it,
// as Leases looks for it.
func lenders(c config.File) []string {
	switch {
	case c.Queue.URL != "":
		return []string{"application", "queue"}
	case c.Database.URL != "":
		return []string{"application", "queue", "database"}
	}
	return []string{"application", "queue", "database", "router", "routers"}
}

// age is how long the shift that holds the lease is on its way.
func (s *Status) age() {
	if s.Lease.Seen == nil || s.Ledger.Seen == nil || s.Ledger.Seen.Shift == nil || s.Ledger.Seen.Shift.Release != s.Lease.Seen.Release {
		return
	}
	age := s.At.Sub(s.Ledger.Seen.Shift.Started)
	s.Lease.Seen.Age = &age
}

func version(ctx context.Context, job *action.Job) (Schema, error) {
	if err := mistaken(job, "database"); err != nil {
		return Schema{}, err
	}
	if job.Config.Database.URL == "" {
		return Schema{}, ErrNone
	}
	db, err := postgres.New(job.Config.Database)
	if err != nil {
		return Schema{}, err
	}
	state, err := db.State(ctx)
	return Schema{state.Version.String(), state.Dirty}, err
}

func depth(ctx context.Context, job *action.Job) (queue.Depth, error) {
	client, err := Queue(job)
	if err != nil {
		return queue.Depth{}, err
	}
	defer client.Close()
	return job.Config.Queue.Look(ctx, client)
}

// Problems is every part that could not be seen.
func (s Status) Problems() []string {
	var all []string
	add := func(what, problem string) {
		if problem != "" {
			all = append(all, what+": "+problem)
		}
	}
	for name, p := range s.Balancers {
		add("load balancer "+name, p.Problem)
	}
	for _, name := range release.Slots {
		add(string(name), s.Slots[name].Problem)
	}
	add("ledger", s.Ledger.Problem)
	add("lease", s.Lease.Problem)
	add("schema", s.Schema.Problem)
	add("queue", s.Queue.Problem)
	return all
}
