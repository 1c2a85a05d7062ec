package sweep_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// mortal counts the moments right before and right after each outside effect of
// a process. It ends the process with SIGKILL at one of them, and stands still at
// another.
type mortal struct {
	mu    sync.Mutex
	now   int
	kill  int
	at    string
	still string
	woken string
	held  sync.Once
}

func (m *mortal) effect(name string, f func() error) error {
	m.moment("before " + name)
	err := f()
	m.moment("after " + name)
	return err
}

func (m *mortal) moment(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now++
	if m.now == m.kill || name == m.at {
		fmt.Println(died + name)
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		panic(errNever)
	}
	if name == m.still {
		fmt.Println(stands + name)
		for _, err := os.Stat(m.woken); err != nil; _, err = os.Stat(m.woken) {
			time.Sleep(time.Millisecond)
		}
	}
}

// died begins a child's last line, and stands the one before it is woken.
const (
	died   = "killed "
	stands = "stands still "
)

type router struct {
	traffic.Router
	*mortal
}

func (r router) Set(ctx context.Context, s release.Slot, w release.Weight, t traffic.Token) error {
	return r.effect(fmt.Sprintf("set %s %v", s, w), func() error { return r.Router.Set(ctx, s, w, t) })
}

func (r router) Restore(ctx context.Context, s release.Slot) error {
	return r.effect("restore "+string(s), func() error { return r.Router.Restore(ctx, s) })
}

type ledger struct {
	traffic.Ledger
	*mortal
}

func (l ledger) Update(ctx context.Context, change func(*traffic.Page) error) error {
	return l.effect("write the ledger", func() error { return l.Ledger.Update(ctx, change) })
}

type leases struct {
	traffic.Leases
	*mortal
}

// Peek says so when it sees the lease held for the first time.
func (l leases) Peek(ctx context.Context) (traffic.Holding, error) {
	h, err := l.Leases.Peek(ctx)
	if err == nil && h.State == traffic.Held {
		l.held.Do(func() { fmt.Println("the lease is held") })
	}
	return h, err
}

func (l leases) Acquire(ctx context.Context, o traffic.Owner) (t traffic.Token, err error) {
	err = l.effect("acquire the lease", func() error { t, err = l.Leases.Acquire(ctx, o); return err })
	return t, err
}

func (l leases) Renew(ctx context.Context, t traffic.Token) error {
	return l.effect("renew the lease", func() error { return l.Leases.Renew(ctx, t) })
}

func (l leases) Release(ctx context.Context, t traffic.Token) error {
	return l.effect("release the lease", func() error { return l.Leases.Release(ctx, t) })
}

func (l leases) Raise(ctx context.Context, t traffic.Token) error {
	return l.effect("raise the token", func() error { return l.Leases.Raise(ctx, t) })
}
