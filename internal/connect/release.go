package connect

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/image"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// NeedRelease refuses a record that lacks what the named jobs add to it, so
// that an output that GitHub dropped is never taken for nothing to do.
func NeedRelease(job *action.Job, from ...string) error {
	added := map[string]bool{
		"preflight":    job.Release.ID != "" && job.Release.Version != "" && job.Release.Candidate != "",
		"build":        len(job.Release.Images) > 0,
		"deploy-green": true, // it adds nothing that is not read from the containers
		"smoke":        len(job.Release.Smoked) > 0,
		"shift":        job.Release.Shifted != nil,
	}
	var lacking []string
	for _, phase := range from {
		if !added[phase] {
			lacking = append(lacking, phase)
		}
	}
	if len(lacking) == 0 {
		return nil
	}
	return release.Reject("pass the release outputs of these jobs in the input release; re-run them if they ran in an attempt that was lost",
		"the record has nothing from %s", strings.Join(lacking, ", "))
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
		good.Images[c.Service], good.Release = c.Digest(), c.Release()
	}
	return &good, nil
}

// Candidate is the slot that a shift is about, as the shift sees it.
type Candidate struct {
	Job         *action.Job
	Environment *slot.Environment
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
	all, err := c.Environment.Inspect(ctx)
	if err != nil {
		return err
	}
	pins, err := Pins(c.Job)
	if err != nil {
		return err
	}
	return runs(all, pins, c.Job.Release.ID)
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
	}
	return err
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
