package lab

import (
	"bytes"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// Wire is a network between a test and a server, which can be cut, which can go
// dead without anybody being told, and which can be long.
type Wire struct {
	Address string // host:port of the near end

	far   string
	mu    sync.Mutex
	ends  []net.Conn
	dead  bool
	down  bool
	delay time.Duration // of each way
	count int
	trips int
	asked bool // what went last, went to the server
}

// NewWire lays a wire to the server at an address, for as long as the test runs.
func NewWire(t testing.TB, address string) *Wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &Wire{Address: listener.Addr().String(), far: address}
	t.Cleanup(func() { _ = listener.Close(); w.Cut() })
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			w.join(near)
		}
	}()
	return w
}

// Cut ends all connections.
func (w *Wire) Cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, end := range w.ends {
		_ = end.Close()
	}
	w.ends = nil
}

// Down ends all connections and lets nobody in before mend is called.
func (w *Wire) Down() (mend func()) {
	set := func(down bool) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.down = down
	}
	set(true)
	w.Cut()
	return func() { set(false) }
}

// Die lets nothing through any more, until somebody connects anew.
func (w *Wire) Die() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dead = true
}

// Stretch makes the round trips of the connections that are made from now on take
// that much longer.
func (w *Wire) Stretch(roundTrip time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.delay = roundTrip / 2
}

// Connections is how many there were so far.
func (w *Wire) Connections() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.count
}

// RoundTrips is how often the server was sent something after it had answered.
func (w *Wire) RoundTrips() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.trips
}

// passes notes which way something goes.
func (w *Wire) passes(asks bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if asks && !w.asked {
		w.trips++
	}
	w.asked = asks
}

func (w *Wire) join(near net.Conn) {
	far, err := net.Dial("tcp", w.far)
	if err != nil {
		_ = near.Close()
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down {
		_, _ = near.Close(), far.Close()
		return
	}
	w.ends, w.count, w.dead = append(w.ends, near, far), w.count+1, false
	go w.carry(delayed(far, w.delay), near, true)
	go w.carry(delayed(near, w.delay), far, false)
}

func (w *Wire) isDead() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dead
}

// delayed is an end that gets everything later, however much is on its way.
func delayed(end net.Conn, by time.Duration) io.WriteCloser {
	if by == 0 {
		return end
	}
	d := &delay{end: end, by: by, way: make(chan parcel, 1<<10)}
	go d.deliver()
	return d
}

type delay struct {
	end net.Conn
	by  time.Duration
	way chan parcel
}

type parcel struct {
	due  time.Time
	text []byte
}

func (d *delay) Write(p []byte) (int, error) {
	d.way <- parcel{time.Now().Add(d.by), bytes.Clone(p)}
	return len(p), nil
}

// Close closes the end behind what is on its way.
func (d *delay) Close() error {
	close(d.way)
	return nil
}

func (d *delay) deliver() {
	for p := range d.way {
		time.Sleep(time.Until(p.due))
		_, _ = d.end.Write(p.text) // one that is closed tells its reader
	}
	_ = d.end.Close()
}

// carry copies until an end closes, and swallows what is sent on a dead wire.
func (w *Wire) carry(to io.WriteCloser, from net.Conn, asks bool) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		switch {
		case w.isDead():
			_, _ = io.Copy(io.Discard, from)
			return
		case err != nil:
			_ = to.Close()
			return
		}
		w.passes(asks)
		if _, err := to.Write(buf[:n]); err != nil {
			_ = from.Close()
			return
		}
	}
}

// Through is the login by way of a wire to the server.
func (l Login) Through(w *Wire) *Login {
	_, port, _ := net.SplitHostPort(w.Address)
	_, key, _ := strings.Cut(l.KnownHosts, " ")
	l.URL, l.KnownHosts = "ssh://"+l.User+"@"+w.Address, "[127.0.0.1]:"+port+" "+key
	return &l
}

// Own gives a file or folder to the user who logs in.
func (l Login) Own(t testing.TB, path string) {
	t.Helper()
	if err := l.own(path); err != nil {
		t.Fatal(err)
	}
}
