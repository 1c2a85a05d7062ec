package traffic_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
	"github.com/bluegreen-actions/bluegreen/internal/traffic/traffictest"
)

const shop = release.ID("shop-7")

// scene is a release of green beside blue, ready to be shifted.
type scene struct {
	balancer  *traffictest.Balancer
	leases    *traffictest.Lease
	gates     *gates
	candidate *candidate
	found     *release.Findings
	shift     traffic.Shift

	mu     sync.Mutex
	events []traffic.Event
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{
		balancer:  new(traffictest.Balancer),
		leases:    &traffictest.Lease{Expiry: traffic.LeaseExpiry},
		gates:     new(gates),
		candidate: new(candidate),
		found:     new(release.Findings),
	}
	if err := traffic.TakeClaim(t.Context(), s.balancer, release.Green, shop, false); err != nil {
		t.Fatal(err)
	}
	s.shift = traffic.Shift{
		Owner:     traffic.Owner{Release: shop, Process: "attempt 1"},
		Candidate: release.Green,
		Good:      &traffic.Good{Slot: release.Blue, Release: "shop-6"},
		Settings:  settings(),
		Balancer:  s.balancer.Of(),
		Leases:    s.leases,
		Gates:     s.gates,
		Slot:      s.candidate,
		Found:     s.found,
		Progress:  s.note,
	}
	return s
}

// settings are the plan's.
func settings() traffic.Settings {
	return traffic.Settings{
		Steps:        []traffic.Step{{Weight: 10, Bake: 5 * time.Minute}, {Weight: 50, Bake: 10 * time.Minute}, {Weight: 100, Bake: 15 * time.Minute}},
		Tick:         5 * time.Second,
		MaxPause:     30 * time.Minute,
		OnLowTraffic: traffic.Continue,
		OnInterrupt:  traffic.GoBack,
		Observe:      1000,
	}
}

func (s *scene) note(e traffic.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
}

// text is the timeline as one string.
func (s *scene) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	for _, e := range s.events {
		fmt.Fprintf(&b, "%s: %s\n", e.Kind, e.Text)
	}
	return b.String()
}

// moves lists what was written to the load balancer.
func (s *scene) moves() []string {
	return slices.DeleteFunc(s.balancer.Calls(), func(call string) bool { return call == "update" })
}

func (s *scene) weight(t *testing.T) release.Weight {
	t.Helper()
	w, err := s.balancer.Weights(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return w.Green
}

func (s *scene) status(id string) release.Status {
	for _, e := range s.found.List() {
		if e.ID == id {
			return e.Status
		}
	}
	return ""
}

// gates says what judge says, and passes without it.
type gates struct {
	judge func(at gate.Moment) gate.Decision
	deaf  func(ctx context.Context, at gate.Moment) // may block before the answer
}

func (g *gates) Evaluate(ctx context.Context, at gate.Moment) gate.Decision {
	if g.deaf != nil {
		g.deaf(ctx, at)
	}
	if g.judge == nil {
		return decide(gate.Pass, gate.OK)
	}
	return g.judge(at)
}

func decide(v gate.Verdict, c gate.Code) gate.Decision {
	return gate.Decision{
		Verdict:  v,
		Readings: []gate.Reading{{Rule: "errors", Verdict: v, Code: c, Reason: fmt.Sprintf("it is %s", c)}},
		At:       time.Now(),
	}
}

// candidate records what is asked of it.
type candidate struct {
	sick error
	mu   sync.Mutex
	did  []string
}

func (c *candidate) Check(context.Context) error            { return c.sick }
func (c *candidate) StartWorkers(context.Context) error     { return c.do("start workers") }
func (c *candidate) QuietWorkers(ctx context.Context) error { return c.do("quiet workers") }

func (c *candidate) do(what string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.did = append(c.did, what)
	return nil
}

// since counts from the first call on, by the time of the bubble.
func since() func() time.Duration {
	begin := sync.OnceValue(time.Now)
	return func() time.Duration { return time.Since(begin()) }
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func list(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

func says(t *testing.T, what, text, want string) {
	t.Helper()
	if !strings.Contains(text, want) {
		t.Errorf("%s: want %q in\n%s", what, want, text)
	}
}
