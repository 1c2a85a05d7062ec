package lab

import (
	"io"
	"net"
	"sync"
	"testing"
)

// Cable is a loopback connection to a service that a test can cut.
type Cable struct {
	Address string
	target  string

	mu      sync.Mutex
	cut     bool
	stalled bool
	conns   map[net.Conn]bool
	flow    sync.RWMutex // held for writing while stalled
}

// NewCable leads to the target's address until the end of the test.
func NewCable(t testing.TB, target string) *Cable {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &Cable{Address: l.Addr().String(), target: target, conns: map[net.Conn]bool{}}
	t.Cleanup(func() { l.Close(); c.Mend(); c.Cut() })
	go c.accept(l)
	return c
}

// Cut ends all connections and refuses new ones.
func (c *Cable) Cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = true
	for conn := range c.conns {
		conn.Close()
	}
	clear(c.conns)
}

// Stall keeps connections open and lets nothing through.
func (c *Cable) Stall() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.stalled {
		c.flow.Lock()
	}
	c.stalled = true
}

// Mend lets connections through again.
func (c *Cable) Mend() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stalled {
		c.flow.Unlock()
	}
	c.cut, c.stalled = false, false
}

func (c *Cable) accept(l net.Listener) {
	for {
		near, err := l.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", c.target)
		if err != nil || !c.keep(near, far) {
			near.Close()
			if far != nil {
				far.Close()
			}
			continue
		}
		go c.join(near, far)
	}
}

func (c *Cable) keep(conns ...net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range conns {
		if !c.cut {
			c.conns[conn] = true
		}
	}
	return !c.cut
}

func (c *Cable) join(near, far net.Conn) {
	var both sync.WaitGroup
	pipe := func(to, from net.Conn) {
		_, _ = io.Copy(gated{to, &c.flow}, from)
		near.Close()
		far.Close()
	}
	both.Go(func() { pipe(near, far) })
	both.Go(func() { pipe(far, near) })
	both.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.conns, near)
	delete(c.conns, far)
}

// gated writes when the flow is open.
type gated struct {
	to   io.Writer
	flow *sync.RWMutex
}

func (g gated) Write(b []byte) (int, error) {
	g.flow.RLock()
	defer g.flow.RUnlock()
	return g.to.Write(b)
}
