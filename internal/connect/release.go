package connect

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/diagnosis"
	"github.com/bluegreen-actions/bluegreen/internal/image"
	"github.com/bluegreen-actions/bluegreen/internal/postgres"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Unclaimed refuses the candidate slot where another release has claimed it, and
// changes nothing: what a dry run has to say before a claim is refused.
func Unclaimed(ctx context.Context, job *action.Job, takeOver bool) error {
	b, err := Balancer(job)
	if err != nil || takeOver {
		return err
	}
	page, err := b.Ledger.Read(ctx)
	if err != nil {
		return release.CannotTell("repair the ledger beside the load balancer", "read the ledger: %w", err)
	}
	return page.Free(job.Release.Candidate, job.Release.ID)
}

// Pins is what the release runs, by image: the repository of the configuration
// and the digest of the record.
func Pins(job *action.Job) (map[string]slot.Pin, error) {
	pins := map[string]slot.Pin{}
	for _, name := range slices.Sorted(maps.Keys(job.Release.Images)) {
		configured, ok := job.Config.Images[name]
		if !ok {
			return nil, release.Reject("add it to images in the configuration, or pass the record of this configuration",
				"image %s of the release is not configured", name)
		}
		pins[name] = slot.Pin{Repository: image.Repository(configured.Repository), Digest: job.Release.Images[name]}
	}
	return pins, nil
}

// Order is what to deploy.
func Order(ctx context.Context, job *action.Job, b traffic.Balancer, claim func(context.Context) error) (slot.Order, error) {
	pins, err := Pins(job)
	if err != nil {
		return slot.Order{}, err
	}
	order := slot.Order{
		Release: job.Release.ID, Version: job.Release.Version, Commit: job.Release.Commit,
		Images: pins, Weights: b.Router.Weights, Claim: claim,
	}
	if job.Release.Good != "" {
		order.Live, err = Slot(ctx, job, job.Release.Good)
	}
	return order, err
}

// Owner is this process, for the lease.
func Owner(job *action.Job) traffic.Owner {
	host, _ := os.Hostname()
	return traffic.Owner{
		Release: job.Release.ID,
		Process: fmt.Sprintf("%sprocess %d on %s", Attempt(job), os.Getpid(), host),
	}
}

// Attempt begins the name of every process of this attempt of the run.
func Attempt(job *action.Job) string { return fmt.Sprintf("attempt %d, ", job.Runner.Attempt) }

// Good describes the slot to go back to, as it runs now. Whether it is healthy is
// asked by Candidate.Check, which a shift that has nothing to do leaves out.
func Good(ctx context.Context, job *action.Job) (*traffic.Good, error) {
	if job.Release.Good == "" {
		return nil, release.Reject("pass the record of preflight, or set first-release", "the record names no good slot")
	}
	env, err := Slot(ctx, job, job.Release.Good)
	if err != nil {
		return nil, err
	}
	all, err := env.Inspect(ctx)
	if err != nil {
		return nil, err
	}
	good := traffic.Good{Slot: job.Release.Good, Images: map[string]release.Digest{}, At: time.Now().UTC()}
	for _, c := range all {
		good.Release = c.Release()
		if digest := c.Digest(); digest != "" { // an image that was never in a registry has none
			good.Images[c.Service] = digest
		}
	}
	return &good, nil
}

// Candidate is the slot that a shift is about, as the shift sees it.
type Candidate struct {
	Job         *action.Job
	Environment *slot.Environment
	Ready       func(context.Context, release.Slot) error // whether the load balancer finds a slot healthy, too; may be nil
}

// Check refuses a candidate that does not run the smoked digests of the record,
// healthy, and a good slot that could not take the traffic back.
func (c Candidate) Check(ctx context.Context) error {
	if !maps.Equal(c.Job.Release.Smoked, c.Job.Release.Images) {
		return release.Refuse("re-run smoke", "the smoke checks did not pass with the images of this release")
	}
	if err := c.Environment.Healthy(ctx); err != nil {
		return fmt.Errorf("re-run deploy-green and smoke: %w", err)
	}
	if good := c.Job.Release.Good; good != "" {
		if err := Healthy(c.Job)(ctx, good); err != nil {
			return fmt.Errorf("there would be no way back: %w", err)
		}
	}
	if err := c.ready(ctx); err != nil {
		return err
	}
	all, err := c.Environment.Inspect(ctx)
	if err != nil {
		return err
	}
	pins, err := Pins(c.Job)
	if err != nil {
		return err
	}
	if err := runs(all, pins, c.Job.Release.ID); err != nil {
		return err
	}
	if err := sameSchema(ctx, c.Job); err != nil {
		return err
	}
	c.show()
	return nil
}

// show adds what a candidate that was let in has shown by that.
func (c Candidate) show() {
	record := c.Job.Release
	c.Job.Findings.Show("1.1.p4", true, "%s runs the %d images that smoke has passed with, and is healthy", record.Candidate, len(record.Smoked))
	if record.Good == "" {
		c.Job.Findings.Miss("6.3.4", "the first release has no way back")
		return
	}
	c.Job.Findings.Show("6.3.4", true, "%s is healthy and the way back; preflight has tried the load balancer", record.Good)
}

// readyTime is less than what a check may take, so that it is said who was waited
// for.
const readyTime = 90 * time.Second

func (c Candidate) ready(ctx context.Context) error {
	if c.Ready == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	return c.Ready(ctx, c.Job.Release.Candidate)
}

// sameSchema refuses a database that is not at the version that migrate left it
// at, as after an attempt of another release in between. A release that did not
// touch a database has none.
func sameSchema(ctx context.Context, job *action.Job) error {
	want := job.Release.Schema
	if want == nil || job.Config.Database.URL == "" {
		return nil
	}
	db, err := postgres.New(job.Config.Database)
	if err != nil {
		return err
	}
	have, err := db.State(ctx)
	switch {
	case err != nil:
		return release.CannotTell("make the database answer; the weights were not changed", "read the version of the schema: %w", err)
	case have.Dirty || uint(max(have.Version, 0)) != want.After: // the record knows no None
		return release.Refuse("re-run migrate, deploy-green and smoke",
			"the schema is at version %d, dirty: %t; this release was migrated to %d and smoked with that", have.Version, have.Dirty, want.After)
	}
	return nil
}

// runs refuses containers of another release or with other images.
func runs(all []slot.Container, pins map[string]slot.Pin, id release.ID) error {
	for _, c := range all {
		if c.Release() != id {
			return release.Refuse("re-run deploy-green and smoke", "%s is of release %q, not of %s", c, c.Release(), id)
		}
	}
	for name, pin := range pins {
		found := slices.ContainsFunc(all, func(c slot.Container) bool {
			return c.Release() == id && slices.Contains(c.Images, pin.Reference())
		})
		if !found {
			return release.Refuse("re-run deploy-green and smoke", "no container of release %s runs image %s %s", id, name, pin.Digest.Short())
		}
	}
	return nil
}

// StartWorkers lets the candidate's workers take jobs.
func (c Candidate) StartWorkers(ctx context.Context) error {
	n, err := c.Environment.Workers().Start(ctx)
	if err == nil && n > 0 {
		c.Job.Log.Info("workers started", "slot", c.Environment.Slot(), "count", n)
		err = c.Environment.Workers().Show(ctx, c.Job.Release.Images[c.Job.Config.Slots.Workers.Service], c.Job.Findings)
		c.showBoth(ctx, n)
	}
	return err
}

// showBoth shows that workers of both slots run while both have traffic.
func (c Candidate) showBoth(ctx context.Context, n int) {
	good := c.Job.Release.Good
	if good == "" {
		return
	}
	env, err := Slot(ctx, c.Job, good)
	if err != nil {
		c.Job.Findings.Miss("1.5.p1", "%v", err)
		return
	}
	if beside, err := env.Workers().Running(ctx); err != nil || beside == 0 {
		c.Job.Findings.Miss("1.5.p1", "%d workers of %s run, and %d of %s: %v", n, c.Environment.Slot(), beside, good, err)
	} else {
		c.Job.Findings.Show("1.5.p1", true, "%d workers of %s run beside %d of %s", n, c.Environment.Slot(), beside, good)
	}
}

// QuietWorkers lets the candidate's workers finish, and stops them.
func (c Candidate) QuietWorkers(ctx context.Context) error {
	_, err := c.Environment.Workers().Quiet(ctx)
	return err
}

// Healthy asks whether a slot can take all the traffic.
func Healthy(job *action.Job) func(context.Context, release.Slot) error {
	return func(ctx context.Context, s release.Slot) error {
		env, err := Slot(ctx, job, s)
		if err != nil {
			return err
		}
		return env.Healthy(ctx)
	}
}

// Asleep says whether a slot is stopped as a whole.
func Asleep(job *action.Job) func(context.Context, release.Slot) (bool, error) {
	return func(ctx context.Context, s release.Slot) (bool, error) {
		env, err := Slot(ctx, job, s)
		if err != nil {
			return false, err
		}
		return env.Asleep(ctx)
	}
}

// Wake starts a slot that is stopped, and waits until it is healthy.
func Wake(job *action.Job) func(context.Context, release.Slot) (time.Duration, error) {
	return func(ctx context.Context, s release.Slot) (time.Duration, error) {
		env, err := Slot(ctx, job, s)
		if err != nil {
			return 0, err
		}
		job.Log.Info("starting a slot that is stopped; the traffic stays where it is until it is healthy", "slot", s)
		return env.Wake(ctx)
	}
}

// Requests is how many requests of users a slot says that it has answered, all of
// its services together.
func Requests(ctx context.Context, job *action.Job, s release.Slot) (float64, error) {
	m := job.Config.Gates.Metrics
	counter := diagnosis.Counter{Metric: m.Requests, Route: m.Route, Probes: m.Probes}
	total, found := 0.0, 0
	services := job.Config.Slots.Of(s).Services
	for _, service := range slices.Sorted(maps.Keys(services)) {
		a := diagnosis.Ask(ctx, services[service], "/metrics")
		if a.Err != nil || a.Status != 200 {
			return 0, fmt.Errorf("requests of %s: %s: %w", s, service, cmpErr(a))
		}
		sum, series, err := counter.Served(a.Body)
		if err != nil {
			return 0, fmt.Errorf("requests of %s: %s: %w", s, service, err)
		}
		total, found = total+sum, found+series
	}
	if found == 0 {
		return 0, fmt.Errorf("requests of %s: no service shows %s", s, m.Requests)
	}
	return total, nil
}
