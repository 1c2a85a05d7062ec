package traffictest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// patience is how long a condition may take on a slow machine.
const patience = 3 * time.Minute

// LeaseConformance runs the suite that every store of leases must pass. Each
// call of open returns a new connection to the store of its test, so that
// several processes are played; expiry is that of the leases it gives. Every t
// that open is called with has a store of its own.
func LeaseConformance(t *testing.T, open func(t *testing.T, expiry time.Duration) traffic.Leases) {
	for name, test := range map[string]func(t *testing.T, open func(time.Duration) traffic.Leases){
		"a lease that nobody took can be looked at":                 untaken,
		"the first owner gets it and is seen":                       first,
		"a second owner is told who has it":                         second,
		"the same owner gets a newer token and loses the older one": again,
		"a token only grows":                                        grows,
		"renewing puts the expiry off":                              renews,
		"an expired lease is lost, seen as expired, and free":       expires,
		"a released lease is seen as released, and free":            releases,
		"releasing twice, or another's lease, changes nothing":      releasesTwice,
		"a raised token ends the lease":                             raises,
		"raising to an older token changes nothing":                 raisesLess,
		"of many that ask at once, one gets it":                     races,
	} {
		t.Run(name, func(t *testing.T) {
			test(t, func(expiry time.Duration) traffic.Leases { return open(t, expiry) })
		})
	}
}

var (
	alice = traffic.Owner{Release: "shop-1", Process: "host a, pid 1"}
	bob   = traffic.Owner{Release: "shop-1", Process: "host b, pid 1"}
	carol = traffic.Owner{Release: "shop-2", Process: "host a, pid 2"}
)

func untaken(t *testing.T, open func(time.Duration) traffic.Leases) {
	if h := peek(t, open(time.Hour)); h.State != traffic.Never || h.Token != 0 {
		t.Errorf("got %+v, want no holding and token 0", h)
	}
}

func first(t *testing.T, open func(time.Duration) traffic.Leases) {
	token := acquire(t, open(time.Hour), alice)
	h := peek(t, open(time.Hour))
	if h.Owner != alice || h.Token != token || h.State != traffic.Held || h.Left <= 0 || h.Left > time.Hour {
		t.Errorf("got %+v, want %v with token %d for at most an hour", h, alice, token)
	}
}

func second(t *testing.T, open func(time.Duration) traffic.Leases) {
	acquire(t, open(time.Hour), alice)
	for _, other := range []traffic.Owner{bob, carol} {
		_, err := open(time.Hour).Acquire(t.Context(), other)
		taken, ok := errors.AsType[*traffic.Taken](err)
		if !ok || taken.Holding.Owner != alice || taken.Holding.Left <= 0 {
			t.Errorf("%v got %v, want to be told that %v has it", other, err, alice)
		}
	}
}

func again(t *testing.T, open func(time.Duration) traffic.Leases) {
	store := open(time.Hour)
	older := acquire(t, store, alice)
	newer := acquire(t, store, alice)
	if newer <= older {
		t.Errorf("tokens %d, then %d: want the second greater", older, newer)
	}
	if err := store.Renew(t.Context(), older); !errors.Is(err, traffic.ErrLost) {
		t.Errorf("renewing the older token: got %v, want %v", err, traffic.ErrLost)
	}
	must(t, store.Release(t.Context(), older))
	must(t, store.Renew(t.Context(), newer))
}

func grows(t *testing.T, open func(time.Duration) traffic.Leases) {
	before := traffic.Token(0)
	for i := range 5 {
		store := open(time.Hour)
		token := acquire(t, store, traffic.Owner{Release: "shop-1", Process: fmt.Sprint(i)})
		if token <= before {
			t.Fatalf("token %d after %d", token, before)
		}
		before = token
		if i%2 == 0 {
			must(t, store.Release(t.Context(), token))
			continue
		}
		before++
		must(t, store.Raise(t.Context(), before))
	}
}

func renews(t *testing.T, open func(time.Duration) traffic.Leases) {
	const passed, rounding = 50 * time.Millisecond, 5 * time.Millisecond
	store := open(time.Hour)
	token := acquire(t, store, alice)
	await(t, "time to pass", func() bool { return peek(t, store).Left < time.Hour-passed })
	begin := time.Now()
	must(t, store.Renew(t.Context(), token))
	h := peek(t, store)
	if most := time.Hour - time.Since(begin) - rounding; h.Left < most || h.Token != token {
		t.Errorf("got %+v after renewing, want at least %v left and token %d", h, most, token)
	}
}

func expires(t *testing.T, open func(time.Duration) traffic.Leases) {
	store := open(50 * time.Millisecond)
	token := acquire(t, store, alice)
	await(t, "the lease to expire", func() bool { return peek(t, store).State == traffic.Expired })
	if h := peek(t, store); h.Owner != alice || h.Token != token || h.Left != 0 {
		t.Errorf("got %+v, want the expired lease of %v", h, alice)
	}
	if err := store.Renew(t.Context(), token); !errors.Is(err, traffic.ErrLost) {
		t.Errorf("renewing it: got %v, want %v", err, traffic.ErrLost)
	}
	must(t, store.Release(t.Context(), token))
	if h := peek(t, store); h.State != traffic.Expired {
		t.Errorf("releasing it made it %q, want it expired: its owner was gone", h.State)
	}
	if next := acquire(t, open(time.Hour), carol); next <= token {
		t.Errorf("the next token is %d, want more than %d", next, token)
	}
}

func releases(t *testing.T, open func(time.Duration) traffic.Leases) {
	store := open(time.Hour)
	token := acquire(t, store, alice)
	must(t, store.Release(t.Context(), token))
	if h := peek(t, open(time.Hour)); h.Owner != alice || h.Token != token || h.State != traffic.Released {
		t.Errorf("got %+v, want it released by %v", h, alice)
	}
	if err := store.Renew(t.Context(), token); !errors.Is(err, traffic.ErrLost) {
		t.Errorf("renewing it: got %v, want %v", err, traffic.ErrLost)
	}
	acquire(t, open(time.Hour), bob)
}

func releasesTwice(t *testing.T, open func(time.Duration) traffic.Leases) {
	store := open(time.Hour)
	old := acquire(t, store, alice)
	must(t, store.Release(t.Context(), old))
	must(t, store.Release(t.Context(), old))
	token := acquire(t, store, bob)
	must(t, store.Release(t.Context(), old))
	if h := peek(t, store); h.Owner != bob || h.Token != token || h.State != traffic.Held {
		t.Errorf("got %+v, want %v to hold it", h, bob)
	}
}

func raises(t *testing.T, open func(time.Duration) traffic.Leases) {
	store, other := open(time.Hour), open(time.Hour)
	token := acquire(t, store, alice)
	must(t, other.Raise(t.Context(), token+1))
	if err := store.Renew(t.Context(), token); !errors.Is(err, traffic.ErrLost) {
		t.Errorf("renewing it: got %v, want %v", err, traffic.ErrLost)
	}
	if h := peek(t, store); h.State != traffic.Raised || h.Token != token+1 || h.Owner != alice {
		t.Errorf("got %+v, want token %d, and %v's lease raised", h, token+1, alice)
	}
	if next := acquire(t, other, carol); next <= token+1 {
		t.Errorf("the next token is %d, want more than %d", next, token+1)
	}
}

func raisesLess(t *testing.T, open func(time.Duration) traffic.Leases) {
	store := open(time.Hour)
	must(t, store.Raise(t.Context(), 41))
	token := acquire(t, store, alice)
	if token <= 41 {
		t.Errorf("got token %d, want more than 41", token)
	}
	for _, less := range []traffic.Token{0, 7, token - 1, token} {
		must(t, store.Raise(t.Context(), less))
	}
	must(t, store.Renew(t.Context(), token))
}

func races(t *testing.T, open func(time.Duration) traffic.Leases) {
	const many = 8
	tokens := make([]traffic.Token, many)
	var stores [many]traffic.Leases
	for i := range stores {
		stores[i] = open(time.Hour)
	}
	var all sync.WaitGroup
	for i, store := range stores {
		all.Go(func() {
			token, err := store.Acquire(t.Context(), traffic.Owner{Release: release.ID(fmt.Sprint("shop-", i)), Process: "p"})
			if _, taken := errors.AsType[*traffic.Taken](err); err != nil && !taken {
				t.Error(err)
			}
			tokens[i] = token
		})
	}
	all.Wait()
	got := 0
	for _, token := range tokens {
		if token != 0 {
			got++
		}
	}
	if got != 1 {
		t.Errorf("%d of %d got the lease: %v", got, many, tokens)
	}
}

func acquire(t *testing.T, store traffic.Leases, owner traffic.Owner) traffic.Token {
	t.Helper()
	token, err := store.Acquire(t.Context(), owner)
	must(t, err)
	return token
}

func peek(t *testing.T, store traffic.Leases) traffic.Holding {
	t.Helper()
	h, err := store.Peek(t.Context())
	must(t, err)
	return h
}

func await(t testing.TB, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited %v for %s", patience, what)
		case <-time.After(2 * time.Millisecond):
		}
	}
}
