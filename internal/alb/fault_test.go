package alb_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/alb/albtest"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// TestARollbackGetsThrough whatever happens to its calls, within its budget.
func TestARollbackGetsThrough(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string][]albtest.Fault{
		"throttled five times":         {{Code: "ThrottlingException", Times: 5}},
		"throttled by the older name":  {{Code: "Throttling", Times: 5}},
		"unavailable":                  {{Code: "ServiceUnavailable", Times: 5}},
		"connections that break":       {{Drop: true, Times: 5}},
		"an answer that was lost":      {{Action: "Modify", Lose: true, Times: 2}},
		"an attempt that hangs":        {{Action: "Modify", Slow: 3 * time.Second, Times: 1}},
		"no tags at all":               {{Action: "AddTags", Code: "AccessDenied", Times: -1}, {Action: "DescribeTags", Code: "AccessDenied", Times: -1}},
		"nothing that can be read now": {{Action: "Describe", Code: "ThrottlingException", Times: -1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, albtest.Options{})
			s := w.open(t)
			must(t, s.Set(t.Context(), release.Green, 50, 1))
			for _, f := range faults {
				w.Break(f)
			}
			began := time.Now()
			must(t, s.Restore(t.Context(), release.Blue))
			t.Logf("restored after %v", time.Since(began))
			w.Mend()
			w.splits(t, release.Split(release.Blue, 100))
			_, err := s.Assert(t.Context(), release.Blue) // what the faults have left undone
			must(t, err)
			says(t, "the shift that it overtook", w.open(t).Set(t.Context(), release.Green, 100, 1), "token 1 is stale")
		})
	}
}

func TestOneOfTwoRulesThatCannotBeWrittenIsSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t, albtest.Options{})
	s := w.open(t)
	must(t, s.Set(t.Context(), release.Green, 50, 1))
	w.Break(albtest.Fault{Action: "ModifyRule", Code: "OperationNotPermitted", Times: -1})
	err := s.Restore(t.Context(), release.Blue)
	says(t, "the rule", err, "listener-rule/app/front/")
	if strings.Contains(err.Error(), ": listener/app") {
		t.Errorf("%v: the listener was written", err)
	}
	equal(t, "the listener", *w.Actions(w.listener)[0].ForwardConfig.TargetGroups[0].Weight, 100)
}

func TestAMoveForwardIsNotRepeatedForever(t *testing.T) {
	t.Parallel()
	w := newWorld(t, albtest.Options{})
	s := w.open(t)
	must(t, s.Set(t.Context(), release.Green, 10, 1))
	w.Break(albtest.Fault{Code: "ThrottlingException", Times: -1})
	err := s.Set(t.Context(), release.Green, 50, 1)
	equal(t, "exit", release.ExitStatus(err), 3)
	if calls := len(w.Calls()); calls < 4 || calls > 240 {
		t.Errorf("%d calls", calls)
	}
	w.Mend()
	w.splits(t, release.Split(release.Green, 10))
}

// TestAMoveThatIsToldToEndHoldsUpNothing, since the way back waits for it.
func TestAMoveThatIsToldToEndHoldsUpNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, albtest.Options{})
	s := w.open(t)
	must(t, s.Set(t.Context(), release.Green, 10, 1))
	silent := make(chan struct{})
	defer close(silent)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s.Before(func(string, string) error {
		w.Break(albtest.Fault{Gate: silent, Times: -1}) // AWS says nothing any more
		time.AfterFunc(50*time.Millisecond, cancel)
		return nil
	})
	done := make(chan error, 1)
	go func() { done <- s.Set(ctx, release.Green, 50, 1) }()
	select {
	case err := <-done:
		says(t, "the move", err, "AWS did not answer within 1s")
	case <-time.After(10 * time.Second): // it took 12
		t.Error("the move goes on")
		<-done
	}
}

func TestARuleThatFailsIsUndoneAlsoWhereTheTagsCannotBeRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, albtest.Options{})
	s := w.open(t)
	must(t, s.Set(t.Context(), release.Green, 10, 1))
	w.Break(albtest.Fault{Action: "ModifyRule", Code: "OperationNotPermitted", Times: 1})
	var once sync.Once
	s.Before(func(string, string) error {
		once.Do(func() { w.Break(albtest.Fault{Action: "DescribeTags", Code: "AccessDenied", Times: -1}) })
		return nil
	})
	err := s.Set(t.Context(), release.Green, 50, 1)
	says(t, "the move", err, "OperationNotPermitted")
	says(t, "the look", err, "the IAM role may not do it")
	w.splits(t, release.Split(release.Green, 10))
}

func TestAMoveThatARollbackOvertakesTakesItselfBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, albtest.Options{})
	s := w.open(t)
	must(t, s.Set(t.Context(), release.Green, 10, 1))
	hold := make(chan struct{})
	w.Break(albtest.Fault{Action: "ModifyRule", Gate: hold, Times: 1})
	moved := make(chan error, 1)
	go func() { moved <- s.Set(t.Context(), release.Green, 100, 1) }()
	for w.green() != 100 {
		time.Sleep(5 * time.Millisecond) // until the listener has moved and the rule waits
	}
	w.rollback(t)
	close(hold) // the late write lands after the rollback
	err := <-moved
	says(t, "the move", err, "stale")
	w.splits(t, release.Split(release.Blue, 100))
	stale := w.open(t).Set(t.Context(), release.Green, 100, traffic.Token(1))
	says(t, "again", stale, "stale")
}

// green is the weight of green in the default action.
func (w *world) green() int32 {
	for _, g := range w.Actions(w.listener)[0].ForwardConfig.TargetGroups {
		if *g.TargetGroupArn == w.groups["web-green"] {
			return *g.Weight
		}
	}
	return -1
}
