package traffic

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Silence watches that a slot without weight answers no request of users. The
// requests that were on their way when the weight moved are not counted. A count
// that fails is tried again at the next look.
type Silence struct {
	Slot   release.Slot
	Served func(context.Context, release.Slot) (float64, error) // the counter of requests
	After  time.Time                                            // from when on the slot should be silent

	from     time.Time // of the first count; zero before
	baseline float64
	err      error // of the last look, until one succeeds
}

// The time that late requests have, and the time that the plan wants silence.
const (
	LateFor    = 10 * time.Second
	SilenceFor = time.Minute
)

// Look counts, unless it is too early or the first count is there.
func (s *Silence) Look(ctx context.Context) {
	if !s.from.IsZero() || time.Now().Before(s.After) {
		return
	}
	served, err := s.count(ctx)
	if s.err = err; err == nil {
		s.from, s.baseline = time.Now(), served
	}
}

// Begun says whether there is a count to compare with.
func (s *Silence) Begun() bool { return !s.from.IsZero() }

func (s *Silence) count(ctx context.Context) (float64, error) {
	return within(ctx, callTime, "reading the request counter", func(ctx context.Context) (float64, error) {
		return s.Served(ctx, s.Slot)
	})
}

var errBrief = errors.New("the time was too short")

// Close counts once more, and says how many requests there were in how long. It is
// an error when the slot was not watched for as long as the plan wants.
func (s *Silence) Close(ctx context.Context) (requests float64, lasted time.Duration, err error) {
	lasted = time.Since(s.from)
	if s.from.IsZero() || lasted < SilenceFor {
		return 0, 0, fmt.Errorf("the %s slot was not watched for %v: %w", s.Slot, SilenceFor, cmp.Or(s.err, errBrief))
	}
	served, err := s.count(ctx)
	if err != nil && sleep(ctx, time.Second) {
		served, err = s.count(ctx)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("read the requests of the %s slot: %w", s.Slot, err)
	}
	return served - s.baseline, lasted.Round(time.Second), nil
}

// silence is what a shift shows of it; it watches nothing before the last step, or
// without a counter.
type silence struct {
	run *run
	Silence
}

func newSilence(r *run, s Step) silence {
	if r.Served == nil || s.Weight != 100 {
		return silence{}
	}
	return silence{r, Silence{Slot: r.Candidate.Other(), Served: r.Served, After: time.Now().Add(LateFor + r.Lag)}}
}

func (s *silence) look(ctx context.Context) {
	if s.run != nil {
		s.Look(ctx)
	}
}

// close shows what was seen.
func (s *silence) close(ctx context.Context) {
	if s.run == nil {
		return
	}
	requests, lasted, err := s.Close(ctx)
	for _, id := range []string{"C.1.9", "1.3.s5"} {
		if err != nil {
			s.run.Found.Miss(id, "%v", err)
		} else {
			s.run.Found.Show(id, requests == 0, "%.0f public requests to the %s slot in %v, from %v after 100%% on",
				requests, s.Slot, lasted, LateFor+s.run.Lag)
		}
	}
}
