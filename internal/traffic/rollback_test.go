package traffic_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// shifted is a scene whose shift was held at 10 %.
func shifted(t *testing.T) *scene {
	t.Helper()
	s := newScene(t)
	s.shift.Settings.OnInterrupt = traffic.Hold
	s.interrupt(t, errors.New("held"))
	return s
}

func (s *scene) rollback() traffic.Rollback {
	return traffic.Rollback{Balancer: s.balancer.Of(), Lease: s.leases, Release: shop, Candidate: release.Green,
		Observe: 1000, Reason: "asked for", Found: s.found}
}

func TestARollback(t *testing.T) {
	sick := errors.New("connection refused")
	bubble(t, map[string]func(t *testing.T){
		"goes to the good slot, reads only the ledger and a glance at the weights before, and proves it": func(t *testing.T) {
			s := shifted(t)
			var mu sync.Mutex
			var calls []string
			s.balancer.Before = func(call string) error {
				mu.Lock()
				defer mu.Unlock()
				calls = append(calls, call)
				return nil
			}
			s.leases.Before = s.balancer.Before
			way, err := s.rollback().Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "weight", s.weight(t), 0)
			slices.Sort(calls[:2])
			list(t, "calls", calls[:3], "read", "weights", "restore blue")
			equal(t, "before", way.Before, release.Split(release.Green, 10))
			equal(t, "moved", way.Moved(), true)
			equal(t, "good", way.Good, release.Blue)
			equal(t, "counted", way.Share, traffic.Share{Blue: 1000})
			equal(t, "4.1.v1", s.status("4.1.v1"), release.Passed)
			equal(t, "4.1.v2", s.status("4.1.v2"), release.NotShown)
		},
		"ends the same when it is run again, and says that nothing moved": func(t *testing.T) {
			s := shifted(t)
			for i := range 3 {
				way, err := s.rollback().Run(t.Context())
				equal(t, "error", err, nil)
				equal(t, "weight", s.weight(t), 0)
				equal(t, "moved", way.Moved(), i == 0)
			}
		},
		"does not wait for weights that cannot be read": func(t *testing.T) {
			s := shifted(t)
			begin := time.Now()
			s.balancer.Before = func(call string) error {
				switch {
				case call == "weights" && time.Since(begin) < time.Second:
					time.Sleep(time.Second)
				case call == "restore blue":
					equal(t, "until the write", time.Since(begin) <= 20*time.Millisecond, true)
				}
				return nil
			}
			way, err := s.rollback().Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "moved", way.Moved(), true)
		},
		"ends the same when several run at once": func(t *testing.T) {
			s := shifted(t)
			var all sync.WaitGroup
			for range 5 {
				all.Go(func() {
					back := s.rollback()
					back.Found = nil
					_, err := back.Run(t.Context())
					equal(t, "error", err, nil)
				})
			}
			all.Wait()
			equal(t, "weight", s.weight(t), 0)
		},
		"ends the lease after the traffic": func(t *testing.T) {
			s := shifted(t)
			token, err := s.leases.Acquire(t.Context(), s.shift.Owner)
			equal(t, "error", err, nil)
			_, err = s.rollback().Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "renewed", errors.Is(s.leases.Renew(t.Context(), token), traffic.ErrLost), true)
		},
		"ends the lease of a shift that has moved nothing yet, before it does": func(t *testing.T) {
			s := newScene(t)
			token, err := s.leases.Acquire(t.Context(), s.shift.Owner)
			equal(t, "error", err, nil)
			way, err := s.rollback().Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "way", way, nil)
			equal(t, "renewed", errors.Is(s.leases.Renew(t.Context(), token), traffic.ErrLost), true)
		},
		"leaves the lease of another release alone where it has nothing to move": func(t *testing.T) {
			s := newScene(t)
			token, err := s.leases.Acquire(t.Context(), traffic.Owner{Release: "shop-8", Process: "attempt 1"})
			equal(t, "error", err, nil)
			way, err := s.rollback().Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "way", way, nil)
			equal(t, "renewed", s.leases.Renew(t.Context(), token), nil)
		},
		"does not need the store of the lease": func(t *testing.T) {
			s := shifted(t)
			s.leases.Before = failing("peek", sick)
			way, err := s.rollback().Run(t.Context())
			equal(t, "error", err, nil)
			says(t, "warning", way.Warning, "the lease was not ended: connection refused")
			equal(t, "weight", s.weight(t), 0)
		},
		"sees the effect while the store of the lease does not answer": func(t *testing.T) {
			s := shifted(t)
			s.leases.Before = func(string) error { time.Sleep(5 * time.Second); return nil }
			way, err := s.rollback().Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "effect", way.Effect < time.Second, true)
			says(t, "warning", way.Warning, "the lease was not ended")
			time.Sleep(10 * time.Second) // for the call that nobody waits for
		},
		"goes back from a finished shift": func(t *testing.T) {
			s := newScene(t)
			_, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			_, err = s.rollback().Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "weight", s.weight(t), 0)
		},
		"writes again when somebody changes the split in between": func(t *testing.T) {
			s := shifted(t)
			once := false
			s.leases.Before = func(call string) error {
				if call == "raise" && !once {
					once = true
					s.balancer.Move(release.Split(release.Green, 10))
				}
				return nil
			}
			_, err := s.rollback().Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "weight", s.weight(t), 0)
		},
		"cannot tell when the other slot still gets requests": func(t *testing.T) {
			s := shifted(t)
			crooked := release.Split(release.Green, 2)
			s.balancer.Crooked = &crooked
			_, err := s.rollback().Run(t.Context())
			equal(t, "exit", release.ExitStatus(err), 3)
			equal(t, "4.1.v1", s.status("4.1.v1"), release.Failed)
		},
		"has nothing to do when the release never moved traffic": func(t *testing.T) {
			s := shifted(t)
			back := s.rollback()
			back.Release, back.Candidate = "shop-8", release.Blue
			s.balancer.Move(release.Split(release.Green, 100)) // shop-7 is live now
			way, err := back.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "way", way, nil)
			equal(t, "weight", s.weight(t), 100)
		},
		"has nothing to do in a first release without traffic": func(t *testing.T) {
			s := newScene(t)
			way, err := s.rollback().Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "way", way, nil)
		},
		"refuses a first release with traffic": func(t *testing.T) {
			s := newScene(t)
			s.shift.Good = nil
			_, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			_, err = s.rollback().Run(t.Context())
			equal(t, "exit", release.ExitStatus(err), 1)
			says(t, "hint", release.HintOf(err), "force blue")
			equal(t, "weight", s.weight(t), 100)
		},
		"refuses a good slot that is being replaced": func(t *testing.T) {
			s := newScene(t)
			_, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "claim", traffic.TakeClaim(t.Context(), s.balancer, release.Blue, "shop-8", false), nil)
			back := s.rollback()
			back.Release, back.Candidate = "", ""
			_, err = back.Run(t.Context())
			equal(t, "exit", release.ExitStatus(err), 1)
			equal(t, "weight", s.weight(t), 100)
		},
		"can be forced where no ledger can be read": func(t *testing.T) {
			s := shifted(t)
			s.balancer.Before = failing("read", sick)
			_, err := s.rollback().Run(t.Context())
			equal(t, "exit", release.ExitStatus(err), 3)
			back := s.rollback()
			back.Force = release.Blue
			_, err = back.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "weight", s.weight(t), 0)
		},
	})
}

func TestAColdRollbackAsksFirst(t *testing.T) {
	answers := func(blue, green error) func(context.Context, release.Slot) error {
		return func(_ context.Context, slot release.Slot) error {
			if slot == release.Blue {
				return blue
			}
			return green
		}
	}
	sick, away := release.Refuse("start it", "503"), errors.New("no route to host")
	for _, c := range []struct {
		name        string
		blue, green error
		deaf, alone bool
		force       release.Slot
		want        string // in the error; empty for none
		weight      release.Weight
	}{
		{name: "and goes to a healthy slot"},
		{name: "and goes to a healthy slot from a sick one", green: sick},
		{name: "and stays when the good slot is sick", blue: sick, want: "the green slot is healthy", weight: 10},
		{name: "and stays when both are sick", blue: sick, green: sick, want: "the green slot is not healthy either: 503", weight: 10},
		{name: "and stays when nobody answers within a second", deaf: true, want: "took longer than 1s", weight: 10},
		{name: "and goes to a sick slot when forced", blue: sick, green: sick, force: release.Blue},
		{name: "and alone stays when the good slot is sick", blue: sick, green: sick, alone: true, want: "the green slot is not healthy either: 503", weight: 10},
		{name: "and alone stays with a healthy slot", blue: away, alone: true, want: "the green slot is healthy", weight: 10},
		{name: "and alone goes back where nobody can be asked", blue: away, green: away, alone: true},
		{name: "and alone goes back when nobody answers within a second", deaf: true, alone: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			bubbled(t, func(t *testing.T) {
				s, forever := shifted(t), make(chan struct{})
				defer close(forever)
				back := s.rollback()
				back.Cold, back.Alone, back.Force, back.Healthy = true, c.alone, c.force, answers(c.blue, c.green)
				if c.deaf {
					back.Healthy = func(context.Context, release.Slot) error { <-forever; return nil }
				}
				begin := time.Now()
				way, err := back.Run(t.Context())
				took := time.Since(begin)
				if err == nil { // what follows the traffic asks once more
					took = way.Write
				}
				if took > 1100*time.Millisecond {
					t.Errorf("it took %v", took)
				}
				equal(t, "weight", s.weight(t), c.weight)
				if c.want == "" {
					equal(t, "error", err, nil)
					return
				}
				says(t, "error", err.Error(), c.want)
				says(t, "hint", release.HintOf(err), "force blue")
				equal(t, "exit", release.ExitStatus(err), 1)
			})
		})
	}
}

// opening is a ledger whose first answer comes too late, as through a connection
// that is not there yet.
type opening struct {
	traffic.Ledger
	reads int
}

func (o *opening) Read(ctx context.Context) (traffic.Page, error) {
	if o.reads++; o.reads == 1 {
		<-ctx.Done()
		return traffic.Page{}, context.Cause(ctx)
	}
	return o.Ledger.Read(ctx)
}

func TestARollbackReadsTheLedgerAgainWhenTheWayToItHadToBeOpened(t *testing.T) {
	bubbled(t, func(t *testing.T) {
		s := shifted(t)
		back, ledger := s.rollback(), &opening{Ledger: s.balancer}
		back.Balancer.Ledger = ledger
		_, err := back.Run(t.Context())
		equal(t, "error", err, nil)
		equal(t, "weight", s.weight(t), 0)
		equal(t, "reads", ledger.reads, 2)
	})
}

// A release that waited while another went live has no traffic of its own: its
// rollback leaves the other one's alone, and is no emergency.
func TestARollbackOfASupersededReleaseMovesNothing(t *testing.T) {
	bubble(t, map[string]func(t *testing.T){
		"where the other is live in its slot": func(t *testing.T) {
			s := newScene(t)
			_, err := s.shift.Run(t.Context())
			equal(t, "error", err, nil)
			back := s.rollback()
			back.Release = "shop-5"
			way, err := back.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "way", way, nil)
			equal(t, "weight", s.weight(t), 100)
		},
		"where the other is being shifted to its slot": func(t *testing.T) {
			s := shifted(t)
			back := s.rollback()
			back.Release = "shop-5"
			way, err := back.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "way", way, nil)
			equal(t, "weight", s.weight(t), 10)
		},
		"where its slot is the way back of the other": func(t *testing.T) {
			s := shifted(t)
			back := s.rollback()
			back.Release, back.Candidate = "shop-5", release.Blue
			way, err := back.Run(t.Context())
			equal(t, "error", err, nil)
			equal(t, "way", way, nil)
			equal(t, "weight", s.weight(t), 10)
		},
		"but where nobody's shift explains the traffic, a person decides": func(t *testing.T) {
			s := newScene(t)
			s.balancer.Move(release.Split(release.Green, 10))
			_, err := s.rollback().Run(t.Context())
			equal(t, "exit", release.ExitStatus(err), 1)
			equal(t, "weight", s.weight(t), 10)
		},
	})
}
