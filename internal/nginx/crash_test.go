package nginx_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/nginx"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

var errKilled = errors.New("killed")

// folder is a switch without an nginx, with exactly these markers.
func folder(t *testing.T, markers ...string) (*nginx.Switch, nginx.Settings) {
	t.Helper()
	s := settings(t)
	made := open(t, s, steps)
	_, err := made.Install(t.Context(), release.Blue)
	must(t, err)
	must(t, os.Remove(filepath.Join(s.State, "live-blue")))
	for _, name := range markers {
		must(t, os.WriteFile(filepath.Join(s.State, name), nil, 0o644))
	}
	return made, s
}

// killAfter lets k writes through.
func killAfter(k int) func(op, name string) error {
	return func(string, string) error {
		if k--; k < 0 {
			return errKilled
		}
		return nil
	}
}

func weights(t *testing.T, s *nginx.Switch) release.Weights {
	t.Helper()
	w, err := s.Weights(t.Context())
	must(t, err)
	return w
}

// moves are the writes of a release and of the one after it, from wherever a
// killed process may have left the folder.
var moves = []struct {
	name    string
	markers []string
	move    func(ctx context.Context, s *nginx.Switch) error
	want    release.Weights
}{
	{"the first step", []string{"live-blue"}, set(release.Green, 10), release.Split(release.Green, 10)},
	{"the next step", []string{"live-blue", "green-10"}, set(release.Green, 50), release.Split(release.Green, 50)},
	{"the last step", []string{"live-blue", "green-50"}, set(release.Green, 100), release.Split(release.Green, 100)},
	{"the last step after a kill", []string{"live-blue", "green-10", "green-50"}, set(release.Green, 100), release.Split(release.Green, 100)},
	{"a step back", []string{"live-blue", "green-50"}, set(release.Green, 10), release.Split(release.Green, 10)},
	{"to nothing", []string{"live-blue", "green-50"}, set(release.Green, 0), release.Split(release.Green, 0)},
	{"the first step after a rollback", []string{"live-blue", "back-blue"}, set(release.Green, 10), release.Split(release.Green, 10)},
	{"the first step after a killed rollback", []string{"live-blue", "green-10", "green-50", "back-blue"}, set(release.Green, 10), release.Split(release.Green, 10)},
	{"the other way, not finalized", []string{"live-blue", "green-100"}, set(release.Blue, 10), release.Split(release.Blue, 10)},
	{"the other way, finalized", []string{"live-green"}, set(release.Blue, 10), release.Split(release.Blue, 10)},
	{"the other way, half finalized", []string{"live-blue", "live-green", "green-100"}, set(release.Blue, 0), release.Split(release.Blue, 0)},
	{"the other way, back and half finalized", []string{"live-blue", "live-green", "back-green"}, set(release.Blue, 50), release.Split(release.Blue, 50)},
	{"a rollback from a step", []string{"live-blue", "green-50"}, restore(release.Blue), release.Split(release.Blue, 100)},
	{"a rollback from 100", []string{"live-blue", "green-100"}, restore(release.Blue), release.Split(release.Blue, 100)},
	{"a rollback after finalize", []string{"live-green"}, restore(release.Blue), release.Split(release.Blue, 100)},
	{"a rollback again", []string{"live-blue", "back-blue"}, restore(release.Blue), release.Split(release.Blue, 100)},
	{"a rollback of a killed step", []string{"live-blue", "green-10", "green-50"}, restore(release.Blue), release.Split(release.Blue, 100)},
	{"a forced rollback to the other slot", []string{"live-blue", "back-blue"}, restore(release.Green), release.Split(release.Green, 100)},
	{"a forced rollback back again", []string{"live-blue", "back-green"}, restore(release.Blue), release.Split(release.Blue, 100)},
	{"finalize", []string{"live-blue", "green-100"}, settle(release.Green), release.Split(release.Green, 100)},
	{"finalize after a kill", []string{"live-blue", "live-green", "green-50", "green-100"}, settle(release.Green), release.Split(release.Green, 100)},
	{"finalize of what was forced", []string{"live-blue", "back-green"}, settle(release.Green), release.Split(release.Green, 100)},
}

func set(slot release.Slot, w release.Weight) func(context.Context, *nginx.Switch) error {
	return func(ctx context.Context, s *nginx.Switch) error { return s.Set(ctx, slot, w, 1) }
}

func restore(slot release.Slot) func(context.Context, *nginx.Switch) error {
	return func(ctx context.Context, s *nginx.Switch) error { return s.Restore(ctx, slot) }
}

func settle(slot release.Slot) func(context.Context, *nginx.Switch) error {
	return func(ctx context.Context, s *nginx.Switch) error { return s.Settle(ctx, slot) }
}

func TestAKilledWriteLeavesADefinedSplit(t *testing.T) {
	for _, m := range moves {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			for k := 0; ; k++ {
				s, conf := folder(t, m.markers...)
				before := weights(t, s)
				s.Before(killAfter(k))
				err := m.move(t.Context(), s)
				next := open(t, conf, steps) // the process that comes after
				if got := weights(t, next); got != before && got != m.want {
					t.Fatalf("killed after %d writes: %v, which is neither %v nor %v", k, got, before, m.want)
				}
				must(t, m.move(t.Context(), next))
				equal(t, fmt.Sprintf("repeated after %d writes", k), weights(t, next), m.want)
				s.Before(nil)
				must(t, m.move(t.Context(), s))
				equal(t, fmt.Sprintf("repeated after %d writes and once more", k), weights(t, next), m.want)
				if err == nil && k > 20 {
					break // it was not killed any more
				}
			}
		})
	}
}

func TestARollbackWinsOverAMoveThatIsOnItsWay(t *testing.T) {
	for _, m := range moves {
		if strings.Contains(m.name, "rollback") && !strings.Contains(m.name, "after") {
			continue // of two rollbacks to different slots none is the right one
		}
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			for k, on := 0, true; on; k++ {
				s, conf := folder(t, m.markers...)
				other := open(t, conf, steps)
				left := k
				s.Before(func(string, string) error {
					if left--; left == -1 { // the mover stands still with the lock in its hands
						ctx, cancel := context.WithCancel(t.Context())
						cancel() // so that the rollback does not wait for it
						return other.Restore(ctx, release.Blue)
					}
					return nil
				})
				err := m.move(t.Context(), s)
				on = left < 0
				if _, stale := errors.AsType[*traffic.Stale](err); err != nil && !stale && release.ExitStatus(err) != 1 {
					t.Errorf("the mover that lost got %v", err)
				}
				if on {
					equal(t, fmt.Sprintf("a rollback before write %d", k), weights(t, other), release.Split(release.Blue, 100))
				}
			}
		})
	}
}

func TestARollbackWinsOverAMoveThatHasSeenItsMarker(t *testing.T) {
	for k, on := 0, true; on; k++ {
		mover, conf := folder(t, "live-blue", "green-10")
		other := open(t, conf, steps)
		paused, resume, moved := make(chan struct{}), make(chan struct{}), make(chan struct{})
		left := k
		mover.Before(func(string, string) error {
			if left--; left == -1 {
				close(paused)
				<-resume
			}
			return nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // the rollback does not wait for the lock
		once := false
		other.Before(func(op, _ string) error {
			if op == "remove" && !once { // its marker is there, and its token is not refused yet
				once = true
				go func() {
					defer close(moved)
					_ = mover.Set(t.Context(), release.Green, 50, 1) // overtaken or not
				}()
				select {
				case <-paused:
				case <-moved:
				}
			}
			return nil
		})
		must(t, other.Restore(ctx, release.Blue))
		close(resume)
		<-moved
		on = left < 0
		equal(t, fmt.Sprintf("a move that stood still before write %d", k), weights(t, other), release.Split(release.Blue, 100))
	}
}
