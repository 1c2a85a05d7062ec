// Package worker sends the mails of the queue, one job at a time.
//
// It promises that a job which was taken is carried to its end, given back
// untouched, or left where another worker will take it; and that a mail is not
// sent twice unless a worker is killed. The order is:
//
//  1. the job moves into this worker's processing list (Take);
//  2. the message is loaded; a settled one is only acknowledged;
//  3. the message is claimed and the heartbeat renewed (Begin);
//  4. the mail server takes or refuses the mail;
//  5. the verdict is noted in Redis (Reached), then in PostgreSQL (Settle);
//  6. the job is acknowledged and counted (Finish).
//
// Killed before 4, a worker has done nothing; after the note of 5, whoever gets
// the job goes on with 5 and 6. Only between the server's answer and the
// note, about a millisecond, a kill repeats the mail, once, under the same
// Message-ID. If Redis is away at 5, PostgreSQL's row stops the repeat. What no
// sender can tell is a server that takes a mail and whose answer gets lost:
// that counts as a failed attempt, so the mail may arrive twice.
package worker

import (
	"context"
	"log/slog"
	"time"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/campaign"
	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/fault"
	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/queue"
)

// Messages is where messages are kept.
type Messages interface {
	Message(ctx context.Context, id string) (campaign.Message, error)
	Settle(ctx context.Context, m campaign.Message, v campaign.Verdict) error
}

// Composer writes a message as a mail.
type Composer interface {
	Compose(m campaign.Message, at time.Time) ([]byte, error)
}

// Mailer hands a mail to a mail server. See mail.Server.
type Mailer interface {
	Send(ctx context.Context, to string, content []byte) (response string, err error)
}

// Fault may crash the worker after a number of jobs.
type Fault interface {
	Crashes(jobs int) bool
}

// Worker takes jobs and sends mails.
type Worker struct {
	Name     string // for verdicts and logs, such as green/0123456789ab
	Hand     *queue.Hand
	Messages Messages
	Composer Composer
	Mailer   Mailer
	Fault    Fault
	Activity *Activity
	Log      *slog.Logger

	Attempts  int           // at most, for each message
	Retry     time.Duration // the pause after the first failed attempt; it doubles
	Heartbeat time.Duration // a worker that is silent for so long counts as dead
	Grace     time.Duration // for the job in hand when the worker is to stop
}

// wait is how long one Take blocks, and so how late a stop may be noticed.
const wait = time.Second

// Run works until ctx ends, finishes the job in hand and leaves. It returns
// nil unless something could not be finished within the grace time, or
// fault.ErrCrash.
func (w *Worker) Run(ctx context.Context) error {
	work, cancel := afterGrace(ctx, w.Grace)
	defer cancel()
	if err := w.arrive(ctx, work); err != nil {
		return nil // stopped before the first heartbeat: nothing was taken
	}
	quiet := w.background(work)
	err := w.loop(ctx, work)
	quiet()
	if err != nil {
		return err
	}
	leave, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := w.Hand.Leave(leave); err != nil {
		w.Log.Warn("Leaving was not noted; the heartbeat will expire", "error", err)
	}
	return nil
}

// afterGrace returns a context that outlives ctx by the grace time.
func afterGrace(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	return work, cancel
}

func (w *Worker) loop(ctx, work context.Context) error {
	for jobs := 0; ctx.Err() == nil; {
		raw, err := w.Hand.Take(work, wait)
		if err != nil {
			w.Log.Error("Taking a job did not work", "error", err)
			pause(ctx, wait)
			continue
		}
		if raw == "" {
			continue
		}
		if err := w.handle(ctx, work, raw); err != nil {
			return err
		}
		if jobs++; w.Fault.Crashes(jobs) {
			return fault.ErrCrash
		}
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
