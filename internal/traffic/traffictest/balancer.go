package traffictest

import (
	"context"
	"fmt"
	"sync"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Balancer is a load balancer and its ledger in memory. Its zero value gives
// everything to blue.
type Balancer struct {
	// Before is called at the beginning of each call, with its name and the
	// slot it is about: "weights", "set green 10%", "restore blue", "observe",
	// "read", "update". Its error becomes the call's. It may be nil.
	Before func(call string) error

	// Crooked, when not nil, is what Observe counts in place of the weights.
	Crooked *release.Weights

	mu     sync.Mutex
	green  release.Weight
	seen   traffic.Token
	closed traffic.Token
	page   traffic.Page
	calls  []string
}

// Of is the fake as a shift takes it.
func (b *Balancer) Of() traffic.Balancer {
	return traffic.Balancer{Name: "fake", Router: b, Observer: b, Ledger: b, Settler: b}
}

// Calls lists what was called, without the reads.
func (b *Balancer) Calls() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.calls...)
}

// Move changes the weights behind everybody's back.
func (b *Balancer) Move(w release.Weights) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.green = w.Green
}

// Page is what is written down.
func (b *Balancer) Page() traffic.Page {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.page
}

// Weights implements traffic.Router.
func (b *Balancer) Weights(context.Context) (release.Weights, error) {
	if err := b.begin("weights", false); err != nil {
		return release.Weights{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return release.Split(release.Green, b.green), nil
}

// Set implements traffic.Router.
func (b *Balancer) Set(_ context.Context, candidate release.Slot, w release.Weight, token traffic.Token) error {
	if err := b.begin(fmt.Sprintf("set %s %v", candidate, w), true); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if token < b.seen || token <= b.closed {
		return &traffic.Stale{Token: token, Seen: max(b.seen, b.closed)}
	}
	b.seen, b.green = token, release.Split(candidate, w).Green
	return nil
}

// Restore implements traffic.Router.
func (b *Balancer) Restore(_ context.Context, good release.Slot) error {
	if err := b.begin("restore "+string(good), true); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.green, b.closed = release.Split(good, 100).Green, b.seen
	return nil
}

// Observe implements traffic.Observer: it counts exactly what the weights say.
func (b *Balancer) Observe(_ context.Context, n int) (traffic.Share, error) {
	if err := b.begin("observe", false); err != nil {
		return traffic.Share{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	green := b.green
	if b.Crooked != nil {
		green = b.Crooked.Green
	}
	count := n * int(green) / 100
	return traffic.Share{Blue: n - count, Green: count}, nil
}

// Settle implements traffic.Settler.
func (b *Balancer) Settle(_ context.Context, live release.Slot) error {
	if err := b.begin("settle "+string(live), true); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.green != release.Split(live, 100).Green {
		return fmt.Errorf("settle %s: it has not all the traffic", live)
	}
	return nil
}

// Read implements traffic.Ledger.
func (b *Balancer) Read(context.Context) (traffic.Page, error) {
	if err := b.begin("read", false); err != nil {
		return traffic.Page{}, err
	}
	return b.Page(), nil
}

// Update implements traffic.Ledger.
func (b *Balancer) Update(_ context.Context, change func(*traffic.Page) error) error {
	if err := b.begin("update", true); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	next, err := clone(b.page)
	if err != nil {
		return err
	}
	if err := change(&next); err != nil {
		return err
	}
	b.page = next
	return nil
}

// clone goes through the written form, as a real ledger does.
func clone(p traffic.Page) (traffic.Page, error) {
	text, err := p.Encode()
	if err != nil {
		return traffic.Page{}, err
	}
	return traffic.DecodePage(text)
}

func (b *Balancer) begin(call string, writes bool) error {
	if writes {
		b.mu.Lock()
		b.calls = append(b.calls, call)
		b.mu.Unlock()
	}
	if b.Before == nil {
		return nil
	}
	return b.Before(call)
}
