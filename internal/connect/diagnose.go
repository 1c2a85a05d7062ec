package connect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/diagnosis"
	"github.com/bluegreen-actions/bluegreen/internal/postgres"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// What the plan wants to see: lines of each log, and entries of each list.
const (
	tail    = 200
	entries = 10
)

// Looks is everything that is looked at after a rollback: both slots, the load
// balancers, what is written down, the queue, the database; what becomes of the
// schema is decided elsewhere. The candidate is the
// slot that was left; empty where that is not known.
func Looks(job *action.Job, balancers []traffic.Balancer, lease traffic.Fence, candidate release.Slot) []diagnosis.Look {
	d := diagnoser{job, candidate}
	var all []diagnosis.Look
	for _, s := range release.Slots {
		all = append(all,
			look(s, "containers", func(ctx context.Context, shelf *diagnosis.Shelf) (string, error) { return d.containers(ctx, s, shelf) }),
			look(s, "logs", func(ctx context.Context, shelf *diagnosis.Shelf) (string, error) { return d.logs(ctx, s, shelf) }),
			look(s, "health", func(ctx context.Context, shelf *diagnosis.Shelf) (string, error) { return d.health(ctx, s, shelf) }),
			look(s, "metrics", func(ctx context.Context, shelf *diagnosis.Shelf) (string, error) { return d.metrics(ctx, s, shelf) }),
		)
	}
	for _, b := range balancers {
		all = append(all, diagnosis.Look{Name: "load balancer " + b.Name, See: func(ctx context.Context, shelf *diagnosis.Shelf) (string, error) { return balancer(ctx, b, shelf) }})
	}
	return append(all,
		diagnosis.Look{Name: "lease", See: func(ctx context.Context, shelf *diagnosis.Shelf) (string, error) { return d.held(ctx, lease, shelf) }},
		diagnosis.Look{Name: "queue", See: d.queue},
		diagnosis.Look{Name: "database", Limit: 30 * time.Second, See: d.database},
	)
}

func look(s release.Slot, what string, see func(context.Context, *diagnosis.Shelf) (string, error)) diagnosis.Look {
	return diagnosis.Look{Name: string(s) + " " + what, See: see}
}

type diagnoser struct {
	job       *action.Job
	candidate release.Slot
}

func (d diagnoser) containers(ctx context.Context, s release.Slot, shelf *diagnosis.Shelf) (string, error) {
	env, err := Slot(ctx, d.job, s)
	if err != nil {
		return "", err
	}
	all, err := env.Inspect(ctx)
	if err != nil {
		return "", err
	}
	put(shelf, string(s)+"/containers.json", all)
	if err := env.Healthy(ctx); err != nil {
		return fmt.Sprintf("%d containers; it cannot take traffic", len(all)), err
	}
	return fmt.Sprintf("%d containers; it can take traffic", len(all)), nil
}

func (d diagnoser) logs(ctx context.Context, s release.Slot, shelf *diagnosis.Shelf) (string, error) {
	env, err := Slot(ctx, d.job, s)
	if err != nil {
		d.job.Findings.Miss("4.5.s1", "the logs of %s were not read: %v", s, err)
		return "", err
	}
	logs, err := env.Logs(ctx, tail)
	for _, name := range slices.Sorted(maps.Keys(logs)) {
		shelf.Put(fmt.Sprintf("%s/logs/%s.log", s, strings.ReplaceAll(name, " ", "-")), logs[name])
	}
	d.job.Findings.Show("4.5.s1", err == nil && len(logs) > 0, "the last %d lines of %d containers of %s", tail, len(logs), s)
	return fmt.Sprintf("the last %d lines of %d containers", tail, len(logs)), err
}

// health asks what the plan asks, of each service.
func (d diagnoser) health(ctx context.Context, s release.Slot, shelf *diagnosis.Shelf) (string, error) {
	var said []string
	var problems []error
	ready := false
	services := d.job.Config.Slots.Of(s).Services
	for _, service := range slices.Sorted(maps.Keys(services)) {
		var text strings.Builder
		for _, path := range []string{"/health", "/health/ready", "/health/live"} {
			a := diagnosis.Ask(ctx, services[service], path)
			fmt.Fprintln(&text, a)
			said, problems = append(said, fmt.Sprintf("%s %s %d", service, path, a.Status)), append(problems, a.Err)
			ready = ready || path == "/health/ready" && a.Status == 200 && strings.Contains(a.Body, "connected")
		}
		shelf.Put(fmt.Sprintf("%s/health/%s.txt", s, service), text.String())
	}
	if len(services) == 0 {
		return "", fmt.Errorf("slots.%s.services names no address", s)
	}
	each([]string{"4.5.s5", "4.5.5"}, func(id string) { d.job.Findings.Show(id, true, "%s: %s", s, strings.Join(said, ", ")) })
	if err := mistaken(d.job, "database"); err != nil {
		d.job.Findings.Miss("4.5.3", "%v", err)
	} else if d.job.Config.Database.URL == "" {
		d.job.Findings.Miss("4.5.3", "no database is configured")
	} else {
		d.job.Findings.Show("4.5.3", ready, "%s says of itself that the database is connected: %t", s, ready)
	}
	return strings.Join(said, ", "), errors.Join(problems...)
}

// metrics keeps each service's whole scrape, and beside it the errors in it.
func (d diagnoser) metrics(ctx context.Context, s release.Slot, shelf *diagnosis.Shelf) (string, error) {
	lines, troubled := 0, 0
	var problems []error
	services := d.job.Config.Slots.Of(s).Services
	for _, service := range slices.Sorted(maps.Keys(services)) {
		a := diagnosis.Ask(ctx, services[service], "/metrics")
		if a.Err != nil || a.Status != 200 {
			problems = append(problems, fmt.Errorf("%s: %w", service, cmpErr(a)))
			continue
		}
		bad := diagnosis.Errors(a.Body)
		lines, troubled = lines+strings.Count(a.Body, "\n"), troubled+strings.Count(bad, "\n")
		shelf.Put(fmt.Sprintf("%s/metrics/%s.txt", s, service), a.Body)
		if bad != "" {
			shelf.Put(fmt.Sprintf("%s/metrics/%s-errors.txt", s, service), bad)
		}
	}
	says := fmt.Sprintf("%d lines, %d of them count errors", lines, troubled)
	if s == d.candidate {
		d.job.Findings.Show("4.5.s2", lines > 0, "the scrape of %s: %s", s, says)
	}
	return says, errors.Join(problems...)
}

func cmpErr(a diagnosis.Answer) error {
	if a.Err != nil {
		return a.Err
	}
	return fmt.Errorf("GET %s: %d", a.Path, a.Status)
}

func balancer(ctx context.Context, b traffic.Balancer, shelf *diagnosis.Shelf) (string, error) {
	page, pageErr := b.Ledger.Read(ctx)
	if pageErr == nil {
		put(shelf, "balancers/"+b.Name+"-ledger.json", page)
	}
	weights, err := b.Router.Weights(ctx)
	if err != nil {
		return "", errors.Join(err, pageErr)
	}
	share, err := b.Observer.Observe(ctx, 100)
	return fmt.Sprintf("it says %v, and sent %v new requests there", weights, share), errors.Join(err, pageErr)
}

func (d diagnoser) held(ctx context.Context, lease traffic.Fence, shelf *diagnosis.Shelf) (string, error) {
	if err := mistaken(d.job, lenders(d.job.Config)...); err != nil {
		return "", err // it is in a store that was not opened, and another knows nothing of it
	}
	if lease == nil {
		return "", errors.New("its store could not be opened")
	}
	h, err := lease.Peek(ctx)
	if err != nil {
		return "", err
	}
	put(shelf, "lease.json", h)
	return Holding(h), nil
}

// Holding is a lease in words.
func Holding(h traffic.Holding) string {
	switch h.State {
	case traffic.Never:
		return "nobody has held it yet"
	case traffic.Held:
		return fmt.Sprintf("held by %s for another %v, token %d", h.Owner, h.Left.Round(time.Second), h.Token)
	}
	ended := string(h.State)
	if h.State == traffic.Raised {
		ended = "ended by a rollback"
	}
	return fmt.Sprintf("%s, last held by %s, token %d", ended, h.Owner, h.Token)
}

// queue shows all lists' lengths and the form of their first jobs.
func (d diagnoser) queue(ctx context.Context, shelf *diagnosis.Shelf) (string, error) {
	client, err := Queue(d.job)
	if err != nil {
		return none(err)
	}
	defer client.Close()
	s := d.job.Config.Queue
	count, err := s.Count(ctx, client)
	if err != nil {
		return "", err
	}
	kinds, kindsErr := s.ParkedKinds(ctx, client)
	put(shelf, "queue/queue.json", map[string]any{"count": count, "parked": kinds})
	problems := []error{kindsErr}
	var text strings.Builder
	for _, what := range []string{"waiting", "delayed", "parked"} {
		jobs, err := client.First(ctx, s.Resting()[what], entries)
		problems = append(problems, err)
		fmt.Fprintf(&text, "%s: the first %d\n", what, len(jobs))
		for _, one := range jobs {
			fmt.Fprintln(&text, "  "+diagnosis.Outline(one, s.Kind...))
		}
	}
	shelf.Put("queue/entries.txt", text.String())
	err = errors.Join(problems...)
	d.job.Findings.Show("4.5.s4", err == nil, "%s: %s; the form of the first %d of each list", s.Name, count.Depth, entries)
	d.job.Findings.Show("4.5.4", true, "%s: %s", s.Name, count.Depth)
	return count.Depth.String(), err
}

func (d diagnoser) database(ctx context.Context, shelf *diagnosis.Shelf) (string, error) {
	if err := mistaken(d.job, "database"); err != nil {
		return "", err
	}
	if d.job.Config.Database.URL == "" {
		return none(ErrNone)
	}
	db, err := postgres.New(d.job.Config.Database)
	if err != nil {
		return "", err
	}
	seen := db.Diagnose(ctx)
	text := seen.String()
	shelf.Put("database.txt", text+"\n")
	if len(seen.Counts) > 0 {
		d.job.Findings.Show("4.5.s3", true, "%s", strings.ReplaceAll(text, "\n", "; "))
	} else {
		d.job.Findings.Miss("4.5.s3", "no count of database.counts was had: %s", strings.ReplaceAll(text, "\n", "; "))
	}
	if seen.Answer == 0 {
		return "", errors.New(strings.Join(seen.Problems, "; "))
	}
	return strings.ReplaceAll(text, "\n", "; "), nil
}

// none is what a look says about what is not configured.
func none(err error) (string, error) {
	if errors.Is(err, ErrNone) {
		return err.Error(), nil
	}
	return "", err
}

// put keeps a value as indented JSON.
func put(shelf *diagnosis.Shelf, name string, value any) {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		text = []byte(err.Error())
	}
	shelf.Put(name, string(text)+"\n")
}

func each(ids []string, show func(id string)) {
	for _, id := range ids {
		show(id)
	}
}
