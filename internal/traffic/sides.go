package traffic

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Side is one of several load balancers on a way back.
type Side struct {
	Name  string        `json:"name"`
	Write time.Duration `json:"write"` // until it had taken the change; 0 when it never did
	Tries int           `json:"tries"`

	// Problem is why it does not have the change, or is not proven to send all
	// new requests to the good slot.
	Problem string `json:"problem,omitempty"`
}

// sides is the load balancers on a way back, each written to until it has taken
// the change: one that is gone holds up no other.
type sides struct {
	all  []Balancer
	mu   sync.Mutex
	seen []Side
	errs []error  // of the last try of each
	done chan int // the index of each that has ended its tries, well or not
	left int      // that have not
}

var errUntried = errors.New("no try has ended")

// straggle is how long the others wait for a load balancer that does not answer,
// from when one of them has.
const straggle = 500 * time.Millisecond

// each lists the load balancers that a joined one is made of.
func (b Balancer) each() []Balancer {
	if f, ok := b.Router.(fleet); ok {
		return f
	}
	return []Balancer{b}
}

// give writes to all at once. Each goes on until ctx ends.
func (s *sides) give(ctx context.Context, good release.Slot, began time.Time) {
	s.seen, s.errs, s.done, s.left = make([]Side, len(s.all)), make([]error, len(s.all)), make(chan int, len(s.all)), len(s.all)
	for i, b := range s.all {
		s.seen[i].Name, s.errs[i] = b.Name, errUntried
		go func() {
			s.persist(ctx, i, good, began)
			s.done <- i
		}()
	}
}

// persist writes until one write is acknowledged, or none ever will be. A write that
// takes too long is left to itself and written again: it may be repeated.
func (s *sides) persist(ctx context.Context, i int, good release.Slot, began time.Time) {
	for {
		err := call(ctx, restoreTime, "the load balancer", func(ctx context.Context) error { return s.all[i].Router.Restore(ctx, good) })
		s.mu.Lock()
		s.seen[i].Tries++
		if err == nil {
			s.seen[i].Write, s.seen[i].Problem = max(time.Since(began), 1), ""
		} else if ctx.Err() == nil || s.seen[i].Problem == "" { // the end of the time explains nothing
			s.seen[i].Problem, s.errs[i] = err.Error(), err
		}
		s.mu.Unlock()
		if err == nil || errors.Is(err, ErrGone) || !sleep(ctx, 100*time.Millisecond) {
			return
		}
	}
}

// first waits for all, and for those that do not answer no longer than a moment
// when another one has. It returns those that have the change.
func (s *sides) first(ctx context.Context) []Balancer {
	var enough <-chan time.Time
	for s.left > 0 {
		select {
		case i := <-s.done:
			s.left--
			if enough == nil && s.have(i) {
				enough = time.After(straggle)
			}
			continue
		case <-enough:
		case <-ctx.Done():
		}
		break
	}
	return s.there()
}

// rest waits for all that have not ended their tries.
func (s *sides) rest(ctx context.Context) {
	for s.left > 0 {
		select {
		case <-s.done:
			s.left--
		case <-ctx.Done():
			return
		}
	}
}

func (s *sides) have(i int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[i].Write > 0
}

func (s *sides) there() (all []Balancer) {
	for i, b := range s.all {
		if s.have(i) {
			all = append(all, b)
		}
	}
	return all
}

func (s *sides) snapshot() []Side {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

// last is when the last of those that have the change had taken it, and the most
// tries that one of them took.
func (s *sides) last() (write time.Duration, tries int) {
	for _, side := range s.snapshot() {
		write = max(write, side.Write)
		tries = max(tries, side.Tries)
	}
	return write, tries
}

// missing are the load balancers that never took the change, each with its reason.
func (s *sides) missing() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var problems []error
	for i, side := range s.seen {
		why := fmt.Errorf("%d tries: %w", side.Tries, s.errs[i])
		switch {
		case side.Write > 0:
		case len(s.all) == 1:
			problems = append(problems, why)
		default:
			problems = append(problems, &Missed{side.Name, why})
		}
	}
	return errors.Join(problems...)
}

// Missing names the load balancers that do not have the change. It is empty where
// there is no way back.
func (w *Way) Missing() string {
	if w == nil {
		return ""
	}
	var names []string
	for _, side := range w.Sides {
		if side.Write == 0 {
			names = append(names, side.Name)
		}
	}
	return strings.Join(names, ", ")
}
