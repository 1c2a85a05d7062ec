package sweep_test

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// long is a bake that does not end within a test.
func long(o *order) { o.Bake = time.Hour }

// atHalf starts a shift that bakes at 50 % for long; change says how its order differs.
func (r *rig) atHalf(t *testing.T, change func(*order)) child {
	t.Helper()
	return r.reaches(t, "pass at 50%", func(o *order) { long(o); o.First = 50; change(o) })
}

// reaches starts a shift and waits until it says something. One that a slow machine
// keeps from its times on the way there is started again.
func (r *rig) reaches(t *testing.T, what string, change func(*order)) (c child) {
	t.Helper()
	ended := true
	eventually(t, "a shift says "+what, func() bool {
		if ended {
			r.expire(t)
			r.claim(t)
			c = r.start(t, change)
		}
		select {
		case <-c.Done():
			ended = true
			t.Logf("it ended before: %v\n%s", c.Wait(), c.out)
		default:
			ended = false
		}
		return !ended && strings.Contains(c.out.String(), what)
	})
	return c
}

func TestALostRunnerIsTakenBackByTheGuard(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.load(t)
	c := r.atHalf(t, forward)
	guard := r.start(t, func(o *order) { o.Guard = true })
	c.signal(syscall.SIGKILL)
	<-c.Done()
	r.expire(t)
	guard.end(t)
	r.stands(t, 0)
	r.row(t, "the runner is lost at 50 %", "the guard takes the traffic back when the lease has expired", 0)
	r.leave(t)
}

// A zombie is a process whose machine was away for a while: it wakes up right
// before a write and knows nothing of what has happened.
func TestAZombieMovesNothing(t *testing.T) {
	t.Parallel()
	for name, takeover := range map[string]struct {
		order func(*order)
		left  release.Weight
	}{
		"after a rollback":  {back, 0},
		"after a new shift": {forward, 100},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.load(t)
			r.claim(t)
			const write = "before set green 50%"
			woken := filepath.Join(t.TempDir(), "woken")
			zombie := r.start(t, func(o *order) { o.StillAt, o.Woken = write, woken })
			zombie.says(t, stands+write)
			zombie.signal(syscall.SIGSTOP)
			r.expire(t)
			r.run(t, takeover.order)
			r.stands(t, takeover.left)
			must(t, os.WriteFile(woken, nil, 0o644))
			zombie.signal(syscall.SIGCONT)
			if !zombie.refused(t) {
				t.Errorf("the zombie thinks that it has ended well:\n%s", zombie.out)
			}
			r.stands(t, takeover.left)
			r.row(t, "a shift's machine was away, and wakes up "+name, "the shift stops, and moves nothing", takeover.left)
			r.leave(t)
		})
	}
}

func TestRollbacksFromFourPlacesAtOnceEndTheSame(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.load(t)
	const rounds = 5
	for range rounds {
		r.half(t)
		var all []child
		for range 4 {
			all = append(all, r.start(t, back))
		}
		for _, c := range all {
			if died := c.end(t); died != "" {
				t.Errorf("a rollback ended at %s", died)
			}
		}
		r.stands(t, 0)
	}
	r.row(t, "a shift is lost, and four rollbacks run at once", "each ends well", 0)
	r.leave(t)
}

// A rollback beside a shift that is alive: whatever the order of their writes,
// the rollback has the last word, and a shift that bakes ends as refused.
func TestARollbackBesideALivingShiftHasTheLastWord(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.load(t)
	for _, first := range weights {
		r.claim(t)
		c := r.start(t, func(o *order) { long(o); o.First = first })
		c.says(t, fmt.Sprintf("was given %v", first))
		r.run(t, back)
		if r.stands(t, 0); !c.refused(t) {
			t.Errorf("the shift thinks that it has ended well:\n%s", c.out)
		}
		r.stands(t, 0)
		r.expire(t)
	}
	const rounds = 5
	for range rounds { // beside one that writes, too; it may be over before
		r.claim(t)
		c := r.start(t, forward)
		c.says(t, "was given 10%")
		r.run(t, back)
		r.stands(t, 0)
		c.refused(t)
		r.stands(t, 0)
		r.expire(t)
	}
	r.row(t, "a rollback runs beside a living shift, at any weight", "the rollback has the last word, and the shift stops", 0)
	r.leave(t)
}

// refused waits for the end of a child, and says whether it knows that it has not
// done what it was to do.
func (c child) refused(t *testing.T) bool {
	t.Helper()
	select {
	case <-c.Done():
		return c.Wait() != nil
	case <-time.After(patience):
		t.Fatalf("a child does not end:\n%s", c.out)
	}
	return false
}

func TestASickGoodSlotGetsNothingFromAColdRollback(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.load(t)
	r.half(t)
	for _, sick := range []string{"blue", "both"} {
		c := r.start(t, func(o *order) { back(o); o.Sick = sick })
		<-c.Done()
		if err := c.Wait(); err == nil || !strings.Contains(err.Error(), "the weights stay as they are") {
			t.Errorf("%s sick: want a refusal, got %v", sick, err)
		}
		r.stands(t, 50)
		r.row(t, map[string]string{"blue": "a shift is lost, and the good slot is dead", "both": "a shift is lost, and both slots are dead"}[sick], "a cold rollback refuses, and says how both slots are", 50)
	}
	r.run(t, func(o *order) { back(o); o.Sick = "green" })
	r.stands(t, 0)
	r.leave(t)
}

func TestABalancerThatIsDownComesBackOnTheGoodSlot(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := r.atHalf(t, forward)
	must(t, r.server.Stop())
	c.signal(syscall.SIGKILL)
	<-c.Done()
	rollback := r.start(t, back)
	eventually(t, "the write is made", func() bool { return r.weight(t) == 0 })
	must(t, r.server.Restart(t.Context()))
	rollback.end(t)
	r.stands(t, 0)
	r.row(t, "nginx is down at 50 %, and the shift is lost", "a rollback ends well, and nginx comes back on the good slot", 0)
}

func TestARollbackNeedsNoLeaseStore(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cable := newCable(t, r.order.Redis)
	whole := r.order.Redis
	r.load(t)
	for name, cut := range map[string]func(){"cut": cable.cut, "silent": cable.silence} {
		cable.mend()
		r.order.Redis = cable.url
		c := r.atHalf(t, forward)
		cut()
		c.signal(syscall.SIGKILL)
		<-c.Done()
		begin := time.Now()
		rollback := r.start(t, back)
		eventually(t, "the traffic is back", func() bool { return r.weight(t) == 0 })
		took := time.Since(begin)
		rollback.end(t)
		r.stands(t, 0)
		r.row(t, "Redis is "+name+", and the shift is lost", "a rollback does without", 0)
		r.note("the traffic was back %v after its process was started", took.Round(time.Millisecond))
		r.order.Redis = whole
		r.expire(t)
	}
	r.leave(t)
}

// cable is a connection to a server that can be cut, or fall silent.
type cable struct {
	url      string
	target   string
	mu       sync.Mutex
	state    string
	sessions []net.Conn
}

func newCable(t *testing.T, server string) *cable {
	t.Helper()
	u, err := url.Parse(server)
	must(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	c := &cable{target: u.Host}
	u.Host = listener.Addr().String()
	c.url = u.String()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go c.carry(conn)
		}
	}()
	t.Cleanup(c.cut)
	return c
}

func (c *cable) carry(conn net.Conn) {
	far, err := net.Dial("tcp", c.target)
	c.mu.Lock()
	state := c.state
	c.sessions = append(c.sessions, conn)
	if err == nil {
		c.sessions = append(c.sessions, far)
	}
	c.mu.Unlock()
	if err != nil || state == "cut" {
		_ = conn.Close()
		return
	}
	go c.pump(conn, far)
	c.pump(far, conn)
}

// pump carries bytes one way; a silent cable swallows them.
func (c *cable) pump(to, from net.Conn) {
	_, _ = io.Copy(writer(func(p []byte) (int, error) {
		c.mu.Lock()
		silent := c.state == "silent"
		c.mu.Unlock()
		if silent {
			return len(p), nil
		}
		return to.Write(p)
	}), from)
	_ = to.Close()
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

func (c *cable) set(state string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state = state
	if state == "silent" {
		return
	}
	for _, s := range c.sessions {
		_ = s.Close()
	}
	c.sessions = nil
}

func (c *cable) mend()    { c.set("") }
func (c *cable) cut()     { c.set("cut") }
func (c *cable) silence() { c.set("silent") }

// patience is for a machine with a lot else to do.
const patience = 3 * time.Minute

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for begin := time.Now(); !holds(); time.Sleep(time.Millisecond) {
		if time.Since(begin) > patience {
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}
