package tracking_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/tracking"
)

// shelf is a store and a spill that can be away, and counts what happens.
type shelf struct {
	mu      sync.Mutex
	away    bool
	gone    bool // the spill too
	rows    map[string]bool
	spilled []tracking.Event
	dropped int
	held    int
}

func (s *shelf) StoreEvents(_ context.Context, events []tracking.Event) (map[tracking.Kind]int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return nil, errors.New("away")
	}
	counts := map[tracking.Kind]int{}
	for _, e := range events {
		if k := string(e.Kind) + e.Message; !s.rows[k] {
			s.rows[k] = true
			counts[e.Kind]++
		}
	}
	return counts, nil
}

func (s *shelf) Keep(_ context.Context, events []tracking.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		return errors.New("gone")
	}
	s.spilled = append(s.spilled, events...)
	return nil
}

func (s *shelf) Replay(_ context.Context, write func([]tracking.Event) error) (int, error) {
	s.mu.Lock()
	events := s.spilled
	s.mu.Unlock()
	if err := write(events); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spilled = s.spilled[len(events):]
	return len(events), nil
}

func (s *shelf) Stored(tracking.Kind, int) {}
func (s *shelf) Dropped(n int)             { s.mu.Lock(); s.dropped += n; s.mu.Unlock() }
func (s *shelf) Held(n int)                { s.mu.Lock(); s.held = n; s.mu.Unlock() }

func (s *shelf) set(away bool) { s.mu.Lock(); s.away = away; s.mu.Unlock() }

func (s *shelf) counts() (rows, spilled, dropped, held int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.rows), len(s.spilled), s.dropped, s.held
}

func open(i int) tracking.Event { return tracking.Event{Message: fmt.Sprint(i), Kind: tracking.Open} }

func newBuffer(s *shelf) *tracking.Buffer {
	return tracking.NewBuffer(s, s, s, slog.New(slog.DiscardHandler))
}

func TestEventsWaitForTheStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{rows: map[string]bool{}, away: true}
		b := newBuffer(s)
		ctx, stop := context.WithCancel(t.Context())
		go b.Run(ctx)
		for range 3 {
			for i := range 2500 {
				b.Add(open(i))
			}
		}
		time.Sleep(time.Minute)
		if rows, _, _, held := s.counts(); rows != 0 || held != 2500 {
			t.Errorf("while it is away: %d rows, %d held", rows, held)
		}
		s.set(false)
		time.Sleep(5 * time.Second)
		if rows, _, _, held := s.counts(); rows != 2500 || held != 0 {
			t.Errorf("when it is back: %d rows, %d held", rows, held)
		}
		stop()
		synctest.Wait()
	})
}

func TestWhatDoesNotFitGoesToTheSpillAndComesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{rows: map[string]bool{}, away: true}
		b := newBuffer(s)
		for i := range tracking.Capacity + 10 {
			b.Add(open(i))
		}
		ctx, stop := context.WithCancel(t.Context())
		go b.Run(ctx)
		time.Sleep(time.Minute)
		_, spilled, dropped, held := s.counts()
		if dropped != 10 || held > tracking.Capacity/2 || spilled+held != tracking.Capacity {
			t.Errorf("%d spilled, %d held, %d dropped", spilled, held, dropped)
		}
		s.set(false)
		time.Sleep(time.Minute)
		if rows, spilled, _, _ := s.counts(); rows != tracking.Capacity || spilled != 0 {
			t.Errorf("%d rows, %d still spilled", rows, spilled)
		}
		stop()
		synctest.Wait()
	})
}

func TestCloseSaysWhatIsLost(t *testing.T) {
	t.Parallel()
	s := &shelf{rows: map[string]bool{}, away: true, gone: true}
	b := newBuffer(s)
	b.Add(open(1))
	if err := b.Close(t.Context()); err == nil {
		t.Error("no error, though an event is lost")
	}
	if _, _, dropped, _ := s.counts(); dropped != 1 {
		t.Errorf("%d dropped, want 1", dropped)
	}
}
