package traffic_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// sleeping is a scene whose shift is over, and whose good slot, blue, was stopped.
// A start takes 30 s.
func sleeping(t *testing.T) (*scene, traffic.Rollback, *bool) {
	t.Helper()
	s := newScene(t)
	if _, err := s.shift.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	equal(t, "put to sleep", traffic.PutToSleep(t.Context(), s.balancer, release.Blue), nil)
	runs := new(bool)
	back := s.rollback()
	back.Release, back.Candidate = "", ""
	back.Healthy = func(_ context.Context, slot release.Slot) error {
		if slot == release.Blue && !*runs {
			return errors.New("backend 1 is exited")
		}
		return nil
	}
	back.Asleep = func(_ context.Context, slot release.Slot) (bool, error) { return slot == release.Blue && !*runs, nil }
	back.Wake = func(_ context.Context, slot release.Slot) (time.Duration, error) {
		equal(t, "woken", slot, release.Blue)
		equal(t, "weight during the start", s.weight(t), 100)
		time.Sleep(30 * time.Second)
		*runs = true
		return 30 * time.Second, nil
	}
	return s, back, runs
}

func TestAStoppedGoodSlotIsStartedBeforeTheTrafficGoesThere(t *testing.T) {
	bubble(t, map[string]func(t *testing.T){
		"since the ledger says that it was stopped": func(t *testing.T) {
			s, back, _ := sleeping(t)
			way, err := back.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "weight", s.weight(t), 0)
			equal(t, "woken", way.Woken, 30*time.Second)
			equal(t, "the whole of it is said", way.Effect >= 30*time.Second, true)
			equal(t, "in less than 10 s", s.status("4.1.p1"), release.Failed)
			page := s.balancer.Page()
			equal(t, "asleep", page.Good.Asleep, false)
			equal(t, "written down", page.Woke.Took, 30*time.Second)
		},
		"since nobody has watched it, and it is stopped as a whole": func(t *testing.T) {
			s, back, _ := sleeping(t)
			equal(t, "awake", traffic.WakeUp(t.Context(), s.balancer, release.Blue, time.Second, true), nil)
			back.Cold = true
			way, err := back.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "weight", s.weight(t), 0)
			equal(t, "woken", way.Woken, 30*time.Second)
		},
		"but not when it is forced": func(t *testing.T) {
			s, back, runs := sleeping(t)
			back.Force = release.Blue
			_, err := back.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "weight", s.weight(t), 0)
			equal(t, "runs", *runs, false)
		},
		"and the traffic stays when it does not start": func(t *testing.T) {
			s, back, _ := sleeping(t)
			back.Wake = func(context.Context, release.Slot) (time.Duration, error) {
				return 0, errors.New("not healthy within 5m0s")
			}
			_, err := back.Run(t.Context())
			equal(t, "exit", release.ExitStatus(err), 1)
			says(t, "error", err.Error(), "does not start: not healthy within 5m0s; the green slot is healthy")
			says(t, "hint", release.HintOf(err), "force blue")
			equal(t, "weight", s.weight(t), 100)
			equal(t, "asleep", s.balancer.Page().Good.Asleep, true)
		},
		"and the traffic stays when another release has taken it meanwhile": func(t *testing.T) {
			s, back, _ := sleeping(t)
			wake := back.Wake
			back.Wake = func(ctx context.Context, slot release.Slot) (time.Duration, error) {
				equal(t, "claim", traffic.TakeClaim(ctx, s.balancer, release.Blue, "shop-8", false), nil)
				return wake(ctx, slot)
			}
			_, err := back.Run(t.Context())
			equal(t, "exit", release.ExitStatus(err), 1)
			equal(t, "weight", s.weight(t), 100)
		},
		"and the wait can be ended": func(t *testing.T) {
			s, back, _ := sleeping(t)
			back.Wake = func(ctx context.Context, _ release.Slot) (time.Duration, error) {
				<-ctx.Done()
				return 0, context.Cause(ctx)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, err := back.Run(ctx)
			equal(t, "exit", release.ExitStatus(err), 1)
			equal(t, "weight", s.weight(t), 100)
		},
		"and one that sleeps can be found by a rollback that knows no start": func(t *testing.T) {
			s, back, _ := sleeping(t)
			back.Wake, back.Healthy, back.Asleep = nil, nil, nil
			_, err := back.Run(t.Context())
			says(t, "error", err.Error(), "it is stopped; the green slot was not asked")
			equal(t, "weight", s.weight(t), 100)
		},
	})
}

func TestOnlyTheGoodSlotIsPutToSleep(t *testing.T) {
	s := newScene(t)
	if err := traffic.PutToSleep(t.Context(), s.balancer, release.Blue); release.ExitStatus(err) != 1 {
		t.Errorf("no good slot is written down: %v", err)
	}
}
