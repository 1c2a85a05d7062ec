package migration

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// ErrSlow is the error of a batch that ran for longer than it may.
var ErrSlow = errors.New("the batch took longer than database.backfill.timeout")

// ErrGone is the error of a backfill whose table, or a column of it, is not there.
var ErrGone = errors.New("what it is of is not there")

// How often a filler says how far it is, and looks whether it has to wait.
const (
	sayEvery  = 5 * time.Second
	lookEvery = time.Second
)

// filler carries one backfill to the end of its table, batch after batch.
type filler struct {
	on       Filling
	fill     Fill
	settings Settings
	paused   func(context.Context) (string, error) // may be nil
	tell     func(Event)

	rows   int // of the next batch
	done   FillResult
	began  time.Time
	said   time.Time
	looked time.Time
	passed int64 // rows that this run has gone past
	hidden bool  // it was said that standbys cannot be seen

	locked   time.Duration // since the last batch that was committed
	blockers []Blocker     // seen last since then: a short wait may end before anybody was seen
}

// run goes from the checkpoint to the end of the table, and counts what is left.
func (f *filler) run(ctx context.Context) error {
	f.done.Fill, f.rows, f.began, f.said = f.fill, f.fill.Batch, time.Now(), time.Now()
	defer func() { f.done.Took += time.Since(f.began) }()
	f.tell(Event{Kind: FillStarted, What: f.fill.String()})
	for ended := false; !ended; {
		if err := f.hold(ctx); err != nil {
			return f.failed(err)
		}
		var err error
		if ended, err = f.batch(ctx); err != nil {
			return f.failed(err)
		}
	}
	left, err := f.on.Remainder(ctx)
	for ; err != nil; left, err = f.on.Remainder(ctx) {
		if err := f.repeat(ctx, err, 0); err != nil {
			return f.failed(err)
		}
	}
	f.done.Remainder = left
	f.tell(Event{Kind: FillDone, What: fmt.Sprintf("%v: %d rows changed, %d left", f.fill, f.done.Changed, left), Took: time.Since(f.began), Locks: f.done.Locks})
	return nil
}

func (f *filler) failed(err error) error {
	return fmt.Errorf("backfill %v: %w", f.fill, err)
}

// batch tries one batch, and rests behind it.
func (f *filler) batch(ctx context.Context) (ended bool, err error) {
	tried := time.Now()
	b, err := f.on.Batch(ctx, f.rows)
	took := time.Since(tried)
	if err != nil {
		return false, f.repeat(ctx, err, took)
	}
	f.locked, f.blockers = 0, nil
	f.done.Batches++
	f.done.Changed += b.Changed
	f.done.Largest = max(f.done.Largest, b.Changed)
	f.passed += b.Seen
	f.adapt(took)
	f.say(b)
	if b.Ended || b.Changed == 0 {
		return b.Ended, nil
	}
	return false, rest(ctx, f.fill.Pause)
}

// adapt brings the next batch nearer to the time that one should take, by at most
// half or double.
func (f *filler) adapt(took time.Duration) {
	wanted := float64(f.rows) * float64(f.settings.Backfill.Target) / float64(max(took, time.Millisecond))
	next := min(max(int(wanted), f.rows/2), 2*f.rows)
	f.rows = min(max(next, 1), f.fill.Batch)
}

// repeat prepares the next try of a batch that was rolled back, or says why there
// is none.
func (f *filler) repeat(ctx context.Context, err error, took time.Duration) error {
	lock, locked := errors.AsType[*LockError](err)
	switch {
	case errors.Is(err, ErrSlow) && f.rows > 1:
		f.rows = max(1, f.rows/4)
		return nil
	case !locked:
		return err
	}
	pause := firstPause/2 + rand.N(firstPause/2)
	f.done.Locks++
	if len(lock.Blockers) > 0 {
		f.blockers = lock.Blockers
	}
	if f.locked += took + pause; f.locked > f.settings.LockBudget {
		return release.Refuse("end the sessions that are named and run the job again: it goes on behind the last batch",
			"no lock within database.lock-budget, %v: %s: %w", f.settings.LockBudget, nameAll(f.blockers), lock)
	}
	f.tell(Event{Kind: Blocked, What: f.fill.String() + " " + nameAll(f.blockers), Locks: f.done.Locks})
	return rest(ctx, pause)
}

// say tells now and then how far the pass is, and how long it may still take.
func (f *filler) say(b Batch) {
	if time.Since(f.said) < sayEvery || b.Ended {
		return
	}
	f.said = time.Now()
	text := fmt.Sprintf("%v: %d rows changed, %d looked at", f.fill, f.done.Changed, b.Passed)
	if left := b.Rows - float64(b.Passed); b.Rows > 0 && left > 0 {
		each := time.Since(f.began) / time.Duration(max(f.passed, 1))
		text += fmt.Sprintf(" of about %.0f, about %v to go", b.Rows, (time.Duration(left) * each).Round(time.Second))
	}
	f.tell(Event{Kind: FillGoesOn, What: text, Took: time.Since(f.began)})
}

// hold waits while the standbys are behind, or somebody wants no load, for as long
// as a run may wait for another.
func (f *filler) hold(ctx context.Context) error {
	if time.Since(f.looked) < lookEvery {
		return nil
	}
	limit := f.settings.Wait
	for began, said := time.Now(), ""; ; {
		why, err := f.obstacle(ctx)
		f.looked = time.Now()
		if err != nil || why == "" {
			f.done.Held += time.Since(began)
			return err
		}
		if why != said {
			said = why
			f.tell(Event{Kind: FillHeld, What: fmt.Sprintf("%v: %s", f.fill, why)})
		}
		if time.Since(began) > limit {
			return release.Refuse("find out why, and run the job again: it goes on behind the last batch", "held for longer than database.wait, %v: %s", limit, why)
		}
		if err := rest(ctx, lookEvery); err != nil {
			return err
		}
	}
}

// obstacle is why no batch may be started now, or "".
func (f *filler) obstacle(ctx context.Context) (string, error) {
	if f.paused != nil {
		if why, err := f.paused(ctx); err != nil || why != "" {
			return why, err
		}
	}
	limit := f.settings.Backfill.MaxLag
	if limit == 0 {
		return "", nil
	}
	lag, hidden, err := f.on.Lag(ctx)
	switch {
	case err != nil:
		return "", err
	case lag > limit:
		return fmt.Sprintf("a standby is more than %v behind, the most is database.backfill.max-lag, %v", lag.Truncate(time.Second), limit), nil
	case hidden > 0 && !f.hidden:
		f.hidden = true
		f.tell(Event{Kind: FillGoesOn, What: fmt.Sprintf("%v: the lag of %d standbys cannot be seen: grant pg_monitor to the user of database.url", f.fill, hidden)})
	}
	return "", nil
}

// rest waits, or returns the reason for which ctx ended.
func rest(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
