package connect

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/github"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Announcement shows on GitHub, on the page of the environment, how far a release
// is. Nothing waits for it and nothing depends on it: what cannot be shown is one
// warning in the log. Of what comes too fast, the latest is shown.
type Announcement struct {
	job         *action.Job
	hub         *github.Repository
	environment string
	stop        context.CancelFunc

	mu     sync.Mutex
	latest *github.Status
	more   chan struct{} // something is to be shown
	done   chan struct{}
	id     int64 // of the deployment; 0 until there is one
	warned bool
}

// showEvery bounds how often GitHub is told; it allows 80 changes a minute to all
// that a token does.
const showEvery = 20 * time.Second

// Announce begins to show a release. Without an environment, and outside of a run,
// it shows nothing.
func Announce(ctx context.Context, job *action.Job, environment string) *Announcement {
	if environment == "" || job.Runner.RunID == 0 || job.DryRun {
		return nil
	}
	hub, err := GitHub(job)
	if err != nil {
		job.Log.Warn("GitHub will not show how far the release is", "error", err)
		return nil
	}
	a := &Announcement{job: job, hub: hub, environment: environment, more: make(chan struct{}, 1), done: make(chan struct{})}
	ctx, a.stop = context.WithCancel(context.WithoutCancel(ctx))
	go a.run(ctx)
	return a
}

// Show takes what happens in a shift. It returns at once.
func (a *Announcement) Show(e traffic.Event) {
	if a == nil {
		return
	}
	switch {
	case e.Progress != nil:
		a.put("in_progress", e.Progress.Brief())
	case e.Kind == traffic.Entered, e.Kind == traffic.Decided, e.Kind == traffic.Returned:
		a.put("in_progress", e.Text)
	}
}

func (a *Announcement) put(state, text string) {
	a.mu.Lock()
	a.latest = &github.Status{State: state, Description: a.job.Redact(text), Log: a.job.Runner.URL(), URL: a.job.Config.Smoke.PublicURL}
	a.mu.Unlock()
	select {
	case a.more <- struct{}{}:
	default: // it will find the latest
	}
}

func (a *Announcement) run(ctx context.Context) {
	defer close(a.done)
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.more:
		}
		a.tell(ctx)
		select {
		case <-ctx.Done():
			return
		case <-time.After(showEvery):
		}
	}
}

// tell shows the latest, if there is any that was not shown.
func (a *Announcement) tell(ctx context.Context) {
	a.mu.Lock()
	next := a.latest
	a.latest = nil
	a.mu.Unlock()
	if next == nil {
		return
	}
	err := a.open(ctx)
	if err == nil {
		err = a.hub.Mark(ctx, a.id, *next)
	}
	if err != nil && !errors.Is(err, context.Canceled) && !a.warned {
		a.warned = true
		a.job.Log.Warn("GitHub does not show how far the release is", "error", err, "remedy", release.HintOf(err))
	}
}

// open finds the deployment of an earlier attempt, or makes one.
func (a *Announcement) open(ctx context.Context) error {
	if a.id != 0 {
		return nil
	}
	all, err := a.hub.Releases(ctx, a.environment)
	if err != nil {
		return err
	}
	for _, d := range all {
		if d.Release == a.job.Release.ID {
			a.id = d.ID
			return nil
		}
	}
	a.id, err = a.hub.Announce(ctx, a.environment, a.job.Release.Commit, a.job.Release.ID, string(a.job.Release.Version))
	return err
}

// lastWord is how long the end of a shift waits until GitHub shows it.
const lastWord = 10 * time.Second

// End shows how the shift has ended, and waits for that for a short time. A step
// that was interrupted waits less.
func (a *Announcement) End(ctx context.Context, log *traffic.Log) {
	if a == nil {
		return
	}
	a.stop()
	patience := lastWord
	if ctx.Err() != nil {
		patience = briefly
	}
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), patience, fmt.Errorf("GitHub took longer than %v", patience))
	defer cancel()
	select {
	case <-a.done:
	case <-ctx.Done():
		return
	}
	a.put(ending(a.job, log))
	a.tell(ctx)
	if log.Outcome == traffic.Shifted || log.Outcome == traffic.Unchanged {
		a.retire(ctx)
	}
}

// ending is a state of GitHub and what it means here.
func ending(job *action.Job, log *traffic.Log) (state, text string) {
	switch log.Outcome {
	case traffic.Shifted, traffic.Unchanged:
		return "success", fmt.Sprintf("%s has all the traffic on %s", job.Release.Version, log.Candidate)
	case traffic.RolledBack:
		return "failure", fmt.Sprintf("all traffic is back at %s: %s", log.Good, log.Reason)
	case traffic.HeldAt:
		return "in_progress", fmt.Sprintf("held at %v: %s", log.Weight, log.Reason)
	case traffic.RefusedTo:
		return "failure", "refused, no traffic moved: " + log.Reason
	}
	return "error", fmt.Sprintf("%s, %s has %v: %s", log.Outcome, log.Candidate, log.Weight, log.Reason)
}

// retire marks the releases before as inactive, which GitHub does not do by itself
// where the environment is production.
func (a *Announcement) retire(ctx context.Context) {
	all, err := a.hub.Releases(ctx, a.environment)
	for _, d := range all {
		if err == nil && d.ID != a.id && d.State() == "success" {
			err = a.hub.Mark(ctx, d.ID, github.Status{State: "inactive", Description: "replaced by " + string(a.job.Release.Version), Log: d.Statuses[0].Log})
		}
	}
	if err != nil {
		a.job.Log.Warn("GitHub may show an earlier release as active, too", "error", err)
	}
}
