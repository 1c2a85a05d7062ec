package statefolder

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Leases keeps the lease in the state folder, for releases that have neither
// Redis nor PostgreSQL. Its clock is the folder's host's. It implements
// traffic.Leases.
type Leases struct {
	folder *Folder
	expiry time.Duration
}

// Leases is the store in the folder. A lease that is not renewed expires after
// expiry: traffic.LeaseExpiry for a shift.
func (f *Folder) Leases(expiry time.Duration) *Leases { return &Leases{f, expiry} }

// holding is the lease as it is written.
type holding struct {
	Owner   traffic.Owner `json:"owner"`
	Token   traffic.Token `json:"token"`
	State   traffic.State `json:"state"`
	Expires time.Time     `json:"expires"`
}

// parseHolding reads a lease; nothing at all is one that nobody ever held.
func parseHolding(text []byte) (holding, error) {
	var h holding
	if len(text) == 0 {
		return h, nil
	}
	if err := json.Unmarshal(text, &h); err != nil {
		return holding{}, fmt.Errorf("decode the lease: %w", err)
	}
	known := []traffic.State{traffic.Never, traffic.Held, traffic.Released, traffic.Raised}
	if !slices.Contains(known, h.State) || (h.State == traffic.Held && (h.Owner.Release == "" || h.Expires.IsZero())) {
		return holding{}, fmt.Errorf("decode the lease: state %q of %q until %v makes no sense", h.State, h.Owner.Release, h.Expires)
	}
	return h, nil
}

// seen is the holding at a time of the host's clock.
func (h holding) seen(now time.Time) traffic.Holding {
	seen := traffic.Holding{Owner: h.Owner, Token: h.Token, State: h.State}
	if h.State != traffic.Held {
		return seen
	}
	if seen.Left = h.Expires.Sub(now); seen.Left <= 0 {
		seen.Left, seen.State = 0, traffic.Expired
	}
	return seen
}

func (h holding) heldBy(token traffic.Token, now time.Time) bool {
	return h.seen(now).State == traffic.Held && h.Token == token
}

// Acquire implements traffic.Lease.
func (l *Leases) Acquire(ctx context.Context, owner traffic.Owner) (token traffic.Token, err error) {
	if owner.Release == "" || owner.Process == "" {
		return 0, release.Reject("name the release and the process", "acquire the lease: owner %q of release %q", owner.Process, owner.Release)
	}
	err = l.update(ctx, func(h *holding, now time.Time) (bool, error) {
		if seen := h.seen(now); seen.State == traffic.Held && seen.Owner != owner {
			return false, &traffic.Taken{Holding: seen}
		}
		token = h.Token + 1
		*h = holding{owner, token, traffic.Held, l.until(now)}
		return true, nil
	})
	return token, err
}

// Renew implements traffic.Lease.
func (l *Leases) Renew(ctx context.Context, token traffic.Token) error {
	return l.update(ctx, func(h *holding, now time.Time) (bool, error) {
		if !h.heldBy(token, now) {
			return false, traffic.ErrLost
		}
		h.Expires = l.until(now)
		return true, nil
	})
}

// Release implements traffic.Lease.
func (l *Leases) Release(ctx context.Context, token traffic.Token) error {
	return l.update(ctx, func(h *holding, now time.Time) (bool, error) {
		if !h.heldBy(token, now) {
			return false, nil
		}
		h.State = traffic.Released
		return true, nil
	})
}

// Peek implements traffic.Fence.
func (l *Leases) Peek(ctx context.Context) (traffic.Holding, error) {
	h, err := l.read(ctx)
	if err != nil {
		return traffic.Holding{}, err
	}
	now, err := l.folder.disk.Now(ctx)
	return h.seen(now), err
}

// Raise implements traffic.Fence.
func (l *Leases) Raise(ctx context.Context, token traffic.Token) error {
	return l.update(ctx, func(h *holding, now time.Time) (bool, error) {
		if token <= h.Token {
			return false, nil
		}
		h.Token, h.State = token, traffic.Raised
		return true, nil
	})
}

// until is read from the wall, since other processes read it.
func (l *Leases) until(now time.Time) time.Time { return now.Add(l.expiry).Round(0) }

func (l *Leases) read(ctx context.Context) (holding, error) {
	text, err := l.folder.Read(ctx, leaseFile)
	if err != nil {
		return holding{}, err
	}
	h, err := parseHolding(text)
	if err != nil {
		return holding{}, fmt.Errorf("%s: %w", l.folder.File(leaseFile), err)
	}
	return h, nil
}

// update changes the lease under the lock, where change says so.
func (l *Leases) update(ctx context.Context, change func(h *holding, now time.Time) (bool, error)) error {
	return l.folder.Alone(ctx, func(ctx context.Context) error {
		h, err := l.read(ctx)
		if err != nil {
			return err
		}
		now, err := l.folder.disk.Now(ctx)
		if err != nil {
			return err
		}
		changed, err := change(&h, now)
		if err != nil || !changed {
			return err
		}
		text, err := json.Marshal(h)
		if err != nil {
			return err
		}
		return l.folder.Put(ctx, leaseFile, append(text, '\n'))
	})
}
