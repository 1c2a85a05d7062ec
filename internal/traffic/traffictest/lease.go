package traffictest

import (
	"context"
	"sync"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Lease is a store of one lease in memory. Expiry is required.
type Lease struct {
	Expiry time.Duration
	Before func(call string) error // see Balancer.Before; may be nil

	mu      sync.Mutex
	holding traffic.Holding
	expires time.Time
	calls   []string
}

// Calls lists what was called, without Peek and Renew.
func (l *Lease) Calls() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.calls...)
}

// Forget loses everything, as a store in memory does that was restarted.
func (l *Lease) Forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.holding = traffic.Holding{}
}

// Acquire implements traffic.Lease.
func (l *Lease) Acquire(_ context.Context, owner traffic.Owner) (traffic.Token, error) {
	if err := l.begin("acquire", true); err != nil {
		return 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if h := l.now(); h.State == traffic.Held && h.Owner != owner {
		return 0, &traffic.Taken{Holding: h}
	}
	l.holding = traffic.Holding{Owner: owner, Token: l.holding.Token + 1, State: traffic.Held}
	l.expires = time.Now().Add(l.Expiry)
	return l.holding.Token, nil
}

// Renew implements traffic.Lease.
func (l *Lease) Renew(_ context.Context, token traffic.Token) error {
	if err := l.begin("renew", false); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if h := l.now(); h.State != traffic.Held || h.Token != token {
		return traffic.ErrLost
	}
	l.expires = time.Now().Add(l.Expiry)
	return nil
}

// Release implements traffic.Lease.
func (l *Lease) Release(_ context.Context, token traffic.Token) error {
	if err := l.begin("release", true); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if h := l.now(); h.State == traffic.Held && h.Token == token {
		l.holding.State = traffic.Released
	}
	return nil
}

// Peek implements traffic.Fence.
func (l *Lease) Peek(context.Context) (traffic.Holding, error) {
	if err := l.begin("peek", false); err != nil {
		return traffic.Holding{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now(), nil
}

// Raise implements traffic.Fence.
func (l *Lease) Raise(_ context.Context, token traffic.Token) error {
	if err := l.begin("raise", true); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if token > l.holding.Token {
		l.holding.Token, l.holding.State = token, traffic.Raised
	}
	return nil
}

func (l *Lease) now() traffic.Holding {
	h := l.holding
	if h.State != traffic.Held {
		return h
	}
	if h.Left = time.Until(l.expires); h.Left <= 0 {
		h.Left, h.State = 0, traffic.Expired
	}
	return h
}

func (l *Lease) begin(call string, writes bool) error {
	if writes {
		l.mu.Lock()
		l.calls = append(l.calls, call)
		l.mu.Unlock()
	}
	if l.Before == nil {
		return nil
	}
	return l.Before(call)
}
