package acceptance_test

import (
	"context"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
)

// elsewhere points everything but the load balancer and the engine to an address.
func elsewhere(address string) []string {
	return []string{
		"REDIS_URL=redis://" + address + "/0", "DATABASE_URL=postgres://app:secret@" + address + "/app?sslmode=disable",
		"PROMETHEUS_URL=http://" + address, "GITHUB_API_URL=http://" + address, "REGISTRY=" + address,
	}
}

func TestARollbackNeedsNothingButTheLoadBalancer(t *testing.T) {
	r := waiting(t)
	good, l := r.candidate().Other(), r.users(t)
	for name, env := range map[string][]string{
		"which refuse":        elsewhere("127.0.0.1:1"),
		"which never answer":  elsewhere(silent(t)),
		"which are not named": {"REDIS_URL=", "DATABASE_URL=", "PROMETHEUS_URL=", "GITHUB_API_URL=", "REGISTRY=", "BLUEGREEN_ENV="},
	} {
		line("was given 10%").kill(t, r.shifting(t, "1s", nil))
		s := r.start(t, "rollback", nil, env...)
		eventually(t, "the traffic is back", func() bool { return s.over() || r.weights(t) == release.Split(good, 100) })
		r.stands(t, good, 100)
		got := s.end(t).want(t, 0)
		got.has(t, inputs{"moved": "true", "slot": string(good)})
		t.Logf("with stores %s: the traffic was back %s ms after the decision, the step took %v", name, got.outputs["took-ms"], got.took.Round(time.Millisecond))
		r.endLease(t)
	}
	r.must(t, "rollback", nil)
	l.leave(t)
}

// silent accepts connections and says nothing.
func silent(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { conn.Close() })
		}
	}()
	return listener.Addr().String()
}

func TestAColdRollbackDoesNotGoToASickSlotUnlessForced(t *testing.T) {
	r := waiting(t)
	good := r.candidate().Other()
	warm := r.users(t)
	r.shift(t)
	warm.leave(t)
	r.sicken(t, good, "kill")
	defer r.sicken(t, good, "start")

	got := r.do(t, "rollback", inputs{"cold": "true"}).want(t, 1)
	r.stands(t, r.candidate(), 100)
	if text := strings.Join(got.errors, " "); !strings.Contains(text, "frontend 1 is exited") || !strings.Contains(text, "force "+string(good)) {
		t.Errorf("the error does not say what is wrong and how to force it: %s", text)
	}
	t.Logf("refused: %s", got.errors)

	got = r.must(t, "rollback", inputs{"cold": "true", "force": string(good)})
	got.has(t, inputs{"moved": "true", "slot": string(good)})
	r.stands(t, good, 100)
}

// sicken stops what serves the pages in a slot, or starts it again. The load of
// the other tests must not see it.
func (h *house) sicken(t *testing.T, slot release.Slot, what string) {
	t.Helper()
	if err := process.Run(context.Background(), process.Command{Path: "docker", Args: []string{what, h.frontend(t, slot).ID}}); err != nil {
		t.Fatal(err)
	}
	if what == "start" {
		eventually(t, "the frontend is healthy again", func() bool { return h.frontend(t, slot).Health == "healthy" })
	}
}

func (h *house) frontend(t *testing.T, of release.Slot) slot.Container {
	t.Helper()
	list, err := h.engine.Containers(context.Background(), h.Project+"-"+string(of))
	i := slices.IndexFunc(list, func(c slot.Container) bool { return c.Service == "frontend" })
	if err != nil || i < 0 {
		t.Fatalf("%d containers of %s: %v", len(list), of, err)
	}
	return list[i]
}
