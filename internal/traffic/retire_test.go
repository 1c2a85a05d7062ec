package traffic_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// retired is a scene whose shift is finished, and whose good slot was given up.
func retired(t *testing.T) *scene {
	t.Helper()
	s := newScene(t)
	_, err := s.shift.Run(t.Context())
	equal(t, "error", err, nil)
	_, err = traffic.Retire(t.Context(), s.balancer, release.Blue, shop, func(traffic.Page) error { return nil })
	equal(t, "retired", err, nil)
	return s
}

func TestARollbackAfterTheWindow(t *testing.T) {
	sick := errors.New("no container")
	bubble(t, map[string]func(t *testing.T){
		"says that the window is over, and names no slot that nothing is in": func(t *testing.T) {
			for healthy, hint := range map[error]string{nil: "release the last good version again, or name the slot to go to: force blue", sick: "release the last good version again"} {
				s := retired(t)
				equal(t, "retired", traffic.Retired(t.Context(), s.balancer, release.Blue), nil)
				back := s.rollback()
				back.Healthy = func(context.Context, release.Slot) error { return healthy }
				_, err := back.Run(t.Context())
				equal(t, "exit", release.ExitStatus(err), 1)
				says(t, "error", err.Error(), "the window of the way back from release shop-7 is over since 2")
				equal(t, "hint", release.HintOf(err), hint)
			}
		},
		"says that the slot is being removed, and names it unless it is sick": func(t *testing.T) {
			const again, force = "release the last good version again", ", or name the slot to go to: force blue"
			for healthy, hint := range map[error]string{nil: again + force, release.CannotTell("", "no answer"): again + force, release.Refuse("", "no container"): again} {
				s := retired(t)
				back := s.rollback()
				back.Healthy = func(context.Context, release.Slot) error { return healthy }
				_, err := back.Run(t.Context())
				equal(t, "exit", release.ExitStatus(err), 1)
				says(t, "error", err.Error(), "what was in the blue slot is being removed since 2")
				equal(t, "hint", release.HintOf(err), hint)
			}
		},
		"goes back to a slot that was given up, and was opened again": func(t *testing.T) {
			s := retired(t)
			equal(t, "reopened", traffic.Reopen(t.Context(), s.balancer, release.Blue), nil)
			_, err := s.rollback().Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "weight", s.weight(t), 0)
		},
	})
}

func TestASlotThatIsGivenUp(t *testing.T) {
	t.Parallel()
	for sentence, test := range map[string]struct {
		to     traffic.Clearing
		free   bool // for another release
		opens  bool
		asleep bool
	}{
		"is anybody's while nothing was touched":      {"", true, true, false},
		"may have to be started once it was stopped":  {traffic.Stopping, false, true, true},
		"is no way back once something may have gone": {traffic.Removing, false, false, false},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			bubbled(t, func(t *testing.T) {
				s, ctx := retired(t), t.Context()
				if test.to != "" {
					_, err := traffic.BeginClearing(ctx, s.balancer, release.Blue, test.to)
					equal(t, "error", err, nil)
				}
				equal(t, "free", s.balancer.Page().Free(release.Blue, "shop-8") == nil, test.free)
				equal(t, "reopened", traffic.Reopen(ctx, s.balancer, release.Blue), nil)
				page := s.balancer.Page()
				equal(t, "way back", page.Good != nil, test.opens)
				equal(t, "closed", page.Shift.Closed.IsZero(), test.opens)
				if test.opens {
					equal(t, "asleep", page.Good.Asleep, test.asleep)
				}
			})
		})
	}
}

func TestAReleaseIsNotDisturbedByACleanUpThatItHasOverruled(t *testing.T) {
	bubbled(t, func(t *testing.T) {
		s, ctx := retired(t), t.Context()
		equal(t, "claim", traffic.TakeClaim(ctx, s.balancer, release.Blue, "shop-8", false), nil)
		claim, err := traffic.BeginClearing(ctx, s.balancer, release.Blue, traffic.Stopping)
		equal(t, "error", err, nil)
		equal(t, "retires", claim.Retires, nil)
		equal(t, "of", claim.Release, "shop-8")
		equal(t, "retired", traffic.Retired(ctx, s.balancer, release.Blue), nil)
		equal(t, "reopened", traffic.Reopen(ctx, s.balancer, release.Blue), nil)
		page := s.balancer.Page()
		equal(t, "claimed", page.Claimed(release.Blue, "shop-8"), nil)
		equal(t, "no way back", page.Good, nil)
	})
}

func TestALateRollbackIsWaitedForAsLongAsTheLoadBalancerTakes(t *testing.T) {
	t.Parallel()
	equal(t, "at once", traffic.Balancer{}.LateRollback(), 23*time.Second)
	equal(t, "after a minute", traffic.Balancer{Settles: time.Minute}.LateRollback(), 83*time.Second)
}
