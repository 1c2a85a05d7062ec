package worker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/campaign"
	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/mail"
	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/queue"
)

// handle carries one job to its end. ctx ends when the worker is to stop, work
// when its grace time is over.
func (w *Worker) handle(ctx, work context.Context, raw string) error {
	job, err := queue.ReadJob(raw)
	if err != nil {
		w.Log.Warn("Parked job", "job", err.(*queue.UnknownJob).Name)
		return w.persist(work, func(ctx context.Context) error { return w.Hand.Park(ctx, raw) })
	}
	w.Log.Info("Processing job", "message", job.MessageID, "campaign", job.CampaignID, "attempt", job.Attempt+1)
	m, err := w.load(ctx, work, job)
	switch {
	case errors.Is(err, campaign.ErrUnknown):
		w.Log.Error("Job names a message that does not exist", "message", job.MessageID)
		return w.persist(work, func(ctx context.Context) error { return w.Hand.Fail(ctx, raw, job.MessageID) })
	case err != nil:
		w.Log.Warn("Gave a job back that was not begun", "message", job.MessageID, "error", err)
		return w.persist(work, func(ctx context.Context) error { return w.Hand.GiveBack(ctx, raw) })
	case m.Outcome != "":
		return w.finish(work, raw, m)
	}
	return w.begin(work, raw, job, m)
}

// load asks until the database answers or the worker is to stop.
func (w *Worker) load(ctx, work context.Context, job queue.Job) (m campaign.Message, err error) {
	for {
		if m, err = w.Messages.Message(work, job.MessageID); err == nil || errors.Is(err, campaign.ErrUnknown) {
			return m, err
		}
		w.Log.Error("Loading a message did not work", "message", job.MessageID, "error", err)
		if pause(ctx, wait); ctx.Err() != nil {
			return m, err
		}
	}
}

func (w *Worker) begin(work context.Context, raw string, job queue.Job, m campaign.Message) error {
	var standing queue.Standing
	var outcome string
	err := w.persist(work, func(ctx context.Context) (err error) {
		standing, outcome, err = w.Hand.Begin(ctx, raw, m.ID)
		return err
	})
	if err != nil {
		return err
	}
	switch standing {
	case queue.Gone:
		w.Log.Warn("Job was taken back while this worker was silent", "message", m.ID)
		return nil
	case queue.Busy:
		return w.persist(work, func(ctx context.Context) error {
			return w.Hand.Retry(ctx, raw, raw, m.ID, time.Now().Add(wait))
		})
	case queue.Done:
		v := campaign.Verdict{Outcome: campaign.Outcome(outcome), Response: "settled after a takeback", By: w.Name}
		return w.settle(work, raw, m, v, nil)
	}
	return w.send(work, raw, job, m)
}

func (w *Worker) send(work context.Context, raw string, job queue.Job, m campaign.Message) error {
	v, err := w.mail(work, m)
	if err != nil {
		return w.retry(work, raw, job, m, err)
	}
	noted := w.Hand.Reached(work, m.ID, string(v.Outcome))
	if v.Outcome == campaign.Bounced {
		w.Log.Warn("Mail bounced", "message", m.ID, "response", v.Response)
	}
	return w.settle(work, raw, m, v, noted)
}

// mail hands the mail over. Its error means that another attempt may help.
func (w *Worker) mail(work context.Context, m campaign.Message) (campaign.Verdict, error) {
	content, err := w.Composer.Compose(m, time.Now())
	if err != nil {
		return campaign.Verdict{}, err
	}
	response, err := w.Mailer.Send(work, m.Recipient, content)
	var refused *mail.Refused
	if errors.As(err, &refused) {
		return campaign.Verdict{Outcome: campaign.Bounced, Response: refused.Response, By: w.Name}, nil
	}
	return campaign.Verdict{Outcome: campaign.Delivered, Response: response, By: w.Name}, err
}

// settle writes the verdict down and acknowledges the job. When Redis did not
// note the verdict before, it does now: the note is what gets counted.
func (w *Worker) settle(work context.Context, raw string, m campaign.Message, v campaign.Verdict, noted error) error {
	if err := w.persist(work, func(ctx context.Context) error { return w.Messages.Settle(ctx, m, v) }); err != nil {
		return err
	}
	if noted != nil {
		note := func(ctx context.Context) error { return w.Hand.Reached(ctx, m.ID, string(v.Outcome)) }
		if err := w.persist(work, note); err != nil {
			return err
		}
	}
	w.Activity.settled()
	return w.finish(work, raw, m)
}

func (w *Worker) finish(work context.Context, raw string, m campaign.Message) error {
	return w.persist(work, func(ctx context.Context) error { return w.Hand.Finish(ctx, raw, m.ID) })
}

// retry puts the job aside, or gives the message up after the last attempt.
func (w *Worker) retry(work context.Context, raw string, job queue.Job, m campaign.Message, cause error) error {
	w.Activity.failed()
	if job.Attempt+1 >= w.Attempts {
		return w.giveUp(work, raw, m, cause)
	}
	next, err := queue.Again(raw)
	if err != nil {
		return fmt.Errorf("retry message %s: %w", m.ID, err)
	}
	delay := backoff(w.Retry, job.Attempt)
	w.Log.Error("Sending did not work", "message", m.ID, "attempt", job.Attempt+1, "again_in", delay.String(), "error", cause)
	return w.persist(work, func(ctx context.Context) error {
		return w.Hand.Retry(ctx, raw, next, m.ID, time.Now().Add(delay))
	})
}

func (w *Worker) giveUp(work context.Context, raw string, m campaign.Message, cause error) error {
	w.Log.Error("Gave a message up", "message", m.ID, "attempts", w.Attempts, "error", cause)
	v := campaign.Verdict{Outcome: campaign.Failed, Response: cause.Error(), By: w.Name}
	if err := w.persist(work, func(ctx context.Context) error { return w.Messages.Settle(ctx, m, v) }); err != nil {
		return err
	}
	return w.persist(work, func(ctx context.Context) error { return w.Hand.Fail(ctx, raw, m.ID) })
}

// longest is the longest pause between two attempts.
const longest = 5 * time.Minute

func backoff(first time.Duration, attempt int) time.Duration {
	for range attempt {
		if first *= 2; first > longest {
			return longest
		}
	}
	return first
}

// persist repeats a step that only writes down what has happened, until it
// works or the grace time is over.
func (w *Worker) persist(work context.Context, step func(context.Context) error) error {
	for delay := 50 * time.Millisecond; ; delay = min(2*delay, 2*time.Second) {
		limited, cancel := context.WithTimeout(work, 5*time.Second)
		err := step(limited)
		cancel()
		if err == nil {
			return nil
		}
		if work.Err() != nil {
			return fmt.Errorf("stop with a job in hand: %w", err)
		}
		w.Log.Error("Writing down the state of a job did not work yet", "error", err)
		pause(work, delay)
	}
}
