package traffic_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
	"github.com/bluegreen-actions/bluegreen/internal/traffic/traffictest"
)

// lagging is a load balancer whose nodes hear of a change a minute later. A count
// waits for that as long as it may.
type lagging struct {
	*traffictest.Balancer
	mu      sync.Mutex
	changed time.Time
	was     traffic.Share // of 100 requests
}

const lag = time.Minute

func (l *lagging) Set(ctx context.Context, slot release.Slot, w release.Weight, token traffic.Token) error {
	l.change(ctx)
	return l.Balancer.Set(ctx, slot, w, token)
}

func (l *lagging) Restore(ctx context.Context, slot release.Slot) error {
	l.change(ctx)
	return l.Balancer.Restore(ctx, slot)
}

func (l *lagging) change(ctx context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Since(l.changed) > lag {
		l.was, _ = l.Balancer.Observe(ctx, 100)
	}
	l.changed = time.Now()
}

func (l *lagging) Observe(ctx context.Context, n int) (traffic.Share, error) {
	l.mu.Lock()
	known, was := l.changed.Add(lag), l.was
	l.mu.Unlock()
	if end, _ := ctx.Deadline(); end.Before(known) {
		time.Sleep(time.Until(end) - 200*time.Millisecond)
		return traffic.Share{Blue: was.Blue * n / 100, Green: was.Green * n / 100}, nil
	}
	time.Sleep(time.Until(known))
	return l.Balancer.Observe(ctx, n)
}

func (l *lagging) of() traffic.Balancer {
	b := l.Of()
	b.Router, b.Observer, b.Settles = l, l, lag
	return b
}

func TestALoadBalancerThatTakesItsTime(t *testing.T) {
	late := func(t *testing.T) *scene {
		s := newScene(t)
		s.shift.Balancer = (&lagging{Balancer: s.balancer}).of()
		return s
	}
	proven := func(t *testing.T, way *traffic.Way) {
		t.Helper()
		equal(t, "warning", way.Warning, "")
		equal(t, "counted", way.Share.Green, 0)
		if way.Effect < lag || way.Proof < way.Effect {
			t.Errorf("effective after %v, proven after %v: want a minute at least", way.Effect, way.Proof)
		}
	}
	bubble(t, map[string]func(t *testing.T){
		"is waited for on the way forward": func(t *testing.T) {
			s := late(t)
			log, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "outcome", log.Outcome, traffic.Shifted)
		},
		"is waited for on the way back": func(t *testing.T) {
			s, begin := late(t), since()
			s.gates.judge = func(gate.Moment) gate.Decision {
				if begin() > 3*time.Minute {
					return decide(gate.Rollback, gate.Breach)
				}
				return decide(gate.Pass, gate.OK)
			}
			log, _ := s.shift.Run(t.Context())
			equal(t, "outcome", log.Outcome, traffic.RolledBack)
			proven(t, log.Back)
		},
		"is waited for by a rollback of its own": func(t *testing.T) {
			s := late(t)
			equal(t, "error", s.shift.Balancer.Router.Set(t.Context(), release.Green, 50, 1), nil)
			time.Sleep(2 * lag)
			back := s.rollback()
			back.Balancer, back.Force = s.shift.Balancer, release.Blue
			way, err := back.Run(t.Context())
			equal(t, "error", err, nil)
			proven(t, way)
		},
		"is the measure for others that move with it": func(t *testing.T) {
			s := late(t)
			equal(t, "settles", traffic.Join(new(traffictest.Balancer).Of(), s.shift.Balancer).Settles, lag)
		},
	})
}
