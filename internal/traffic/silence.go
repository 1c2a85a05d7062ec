package traffic

import (
	"context"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// silence watches that a slot without weight answers no public request. The
// requests that were on their way when the weight moved are not counted.
type silence struct {
	run      *run
	slot     release.Slot
	after    time.Time // from when on the slot should be silent
	from     time.Time // of the first count; zero before
	baseline float64
}

// The time that late requests have, and the time that the plan wants silence.
const (
	lateFor    = 10 * time.Second
	silenceFor = time.Minute
)

// newSilence watches nothing before the last step, or without a counter.
func newSilence(r *run, s Step) silence {
	if r.Served == nil || s.Weight != 100 {
		return silence{}
	}
	return silence{run: r, slot: r.Candidate.Other(), after: time.Now().Add(lateFor)}
}

func (s *silence) look(ctx context.Context) {
	if s.run == nil || !s.from.IsZero() || time.Now().Before(s.after) {
		return
	}
	if served, err := s.count(ctx); err == nil {
		s.from, s.baseline = time.Now(), served
	}
}

func (s *silence) count(ctx context.Context) (float64, error) {
	return within(ctx, callTime, "reading the request counter", func(ctx context.Context) (float64, error) {
		return s.run.Served(ctx, s.slot)
	})
}

// close shows what was seen.
func (s *silence) close(ctx context.Context) {
	if s.run == nil {
		return
	}
	lasted := time.Since(s.from)
	served, err := s.count(ctx)
	for _, id := range []string{"C.1.9", "1.3.s5"} {
		switch {
		case s.from.IsZero() || lasted < silenceFor:
			s.run.Found.Miss(id, "the last step was too short to watch the %s slot for %v", s.slot, silenceFor)
		case err != nil:
			s.run.Found.Miss(id, "read the requests of the %s slot: %v", s.slot, err)
		default:
			s.run.Found.Show(id, served == s.baseline, "%.0f public requests to the %s slot in %v, from %v after 100%% on",
				served-s.baseline, s.slot, lasted.Round(time.Second), lateFor)
		}
	}
}
