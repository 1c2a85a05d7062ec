package connect

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/notify"
	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Tell tells everybody that the configuration names, and returns at once. The
// function that it returns waits for the answers, and returns how many there were
// and how many were good. Who could not be told is a warning in the log: nothing
// depends on it.
func Tell(ctx context.Context, job *action.Job, event notify.Event, live release.Slot, reason, format string, args ...any) (wait func() (told, well int)) {
	m := notify.Message{
		Event: event, Application: job.Config.Application, Release: job.Release.ID, Version: job.Release.Version, Slot: live,
		Reason: job.Redact(reason), Run: job.Runner.URL(), Text: job.Redact(fmt.Sprintf(format, args...)), At: time.Now().UTC(),
	}
	done := make(chan []notify.Told, 1)
	go func() { done <- job.Config.Notify.Send(context.WithoutCancel(ctx), m, program(job)) }()
	return func() (told, well int) {
		for _, one := range <-done {
			told++
			if one.Err == nil {
				well++
				continue
			}
			job.Log.Warn("could not tell that the release is "+string(event), "to", one.To, "error", one.Err)
		}
		return told, well
	}
}

// program runs the command of the configuration where its paths start.
func program(job *action.Job) notify.Runner {
	return func(ctx context.Context, argv []string, stdin []byte) error {
		return process.Run(ctx, process.Command{Path: argv[0], Args: argv[1:], Dir: job.Dir, Stdin: bytes.NewReader(stdin), Stdout: job.Output, Stderr: job.Output})
	}
}

// briefly is how long an interrupted step waits for those whom it tells: the runner
// is about to kill it.
const briefly = 1500 * time.Millisecond

// TellBegin tells that a shift is about to move traffic, and shows that somebody
// was told before it did.
func TellBegin(ctx context.Context, job *action.Job) {
	told, well := Tell(ctx, job, notify.Started, job.Release.Good, "", "%s is about to get traffic on %s", job.Release.Version, job.Release.Candidate)()
	if told == 0 {
		job.Findings.Miss("6.3.5", "nobody is named in notify")
		return
	}
	job.Findings.Show("6.3.5", well > 0, "told before the first step: %d of %d", well, told)
}

// TellEnd tells how a shift has ended. What was refused before any traffic moved is
// told by the rollback that follows.
func TellEnd(ctx context.Context, job *action.Job, log *traffic.Log) {
	wait := func() (int, int) { return 0, 0 }
	switch where := log.Back.Missing(); log.Outcome {
	case traffic.Shifted:
		wait = Tell(ctx, job, notify.Done, log.Candidate, "", "%s has all the traffic on %s", job.Release.Version, log.Candidate)
	case traffic.RolledBack:
		wait = Tell(ctx, job, notify.Rollback, log.Good, log.Reason, "all traffic is back at %s", log.Good)
	case traffic.HeldAt:
		if log.Sick != "" {
			wait = Tell(ctx, job, notify.Failed, "", log.Reason, "%s keeps %v of the traffic: %s could not take it back", job.Release.Version, log.Weight, log.Good)
			break
		}
		wait = Tell(ctx, job, notify.Held, "", log.Reason, "%s is held at %v of the traffic", job.Release.Version, log.Weight)
	case traffic.Stranded:
		if where == "" {
			where = "the load balancer"
		}
		wait = Tell(ctx, job, notify.Failed, "", log.Reason, "the traffic could not be taken back from %s: look at %s", log.Candidate, where)
	}
	if ctx.Err() == nil {
		wait()
		return
	}
	done := make(chan struct{})
	go func() { wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(briefly):
	}
}
