package haproxy

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/statefolder"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Proxy is a HAProxy that is moved through its runtime API. It is a
// traffic.Router, Observer, Ledger, Settler and Trier, and safe for concurrent
// use by any number of processes of this host.
type Proxy struct {
	*statefolder.Ledger
	settings Settings
	socket   socket
	disk     statefolder.Disk
	folder   *statefolder.Folder
	client   *http.Client
}

// mapFile is the map in the state folder.
const mapFile = "split.map"

// A rollback writes down what it has done, when the traffic is back: under the
// lock if it can have it soon, else without.
const (
	lockTime = 500 * time.Millisecond
	keepTime = 2 * time.Second
)

// New is the HAProxy of the settings. It refuses settings that lack something
// and touches nothing.
func New(s Settings) (*Proxy, error) {
	if err := s.complete(); err != nil {
		return nil, err
	}
	disk := statefolder.Local{}
	dial := (&net.Dialer{Timeout: answerTime}).DialContext
	folder := statefolder.At(disk, s.State)
	return &Proxy{folder.Ledger(), s, socket{s.Socket, dial}, disk, folder, newClient(s, dial)}, nil
}

// Balancer is HAProxy as a shift, a rollback and an idling take it.
func (p *Proxy) Balancer() traffic.Balancer {
	return traffic.Balancer{
		Name: "haproxy", Router: p, Observer: p, Ledger: p, Settler: p, Trier: p,
		Leases: p.Leases(traffic.LeaseExpiry), BreakGlass: p.BreakGlass, Assert: p.Assert,
	}
}

// Leases is the store of the lease beside the map. A lease that is not renewed
// expires after expiry: traffic.LeaseExpiry for a shift.
func (p *Proxy) Leases(expiry time.Duration) *statefolder.Leases { return p.folder.Leases(expiry) }

// BreakGlass is the command that gives all traffic to the slot without this
// program: HAProxy first, then the file that it starts with.
func (p *Proxy) BreakGlass(slot release.Slot) string {
	file, to := p.folder.File(mapFile), "UNIX-CONNECT:"+p.settings.Socket
	if p.socket.network() == "tcp" {
		to = "TCP:" + p.settings.Socket
	}
	return fmt.Sprintf("echo 'set map %[1]s good %[2]d; set map %[1]s epoch 0' | socat - %[3]s && sed -i 's/^good .*/good %[2]d/; s/^epoch .*/epoch 0/' %[1]s",
		file, percent(slot), to)
}

// Weights implements traffic.Router.
func (p *Proxy) Weights(ctx context.Context) (release.Weights, error) {
	now, err := p.look(ctx)
	if err != nil {
		return release.Weights{}, err
	}
	return now.weights()
}

// Set implements traffic.Router.
func (p *Proxy) Set(ctx context.Context, slot release.Slot, w release.Weight, token traffic.Token) error {
	if err := p.folder.Durable(ctx); err != nil {
		return err
	}
	err := p.folder.Alone(ctx, func(ctx context.Context) error {
		now, err := p.look(ctx)
		if err != nil {
			return err
		}
		if _, err := now.weights(); err != nil {
			return err
		}
		if err := p.announce(ctx, now, token); err != nil {
			return err
		}
		return p.forward(ctx, now, int64(release.Split(slot, w).Green), token)
	})
	if err != nil {
		return fmt.Errorf("set %s to %v: %w", slot, w, err)
	}
	return nil
}

// announce makes the token known, on the disk and then to HAProxy. It refuses
// one that is stale, and one that a rollback has come to since now.
func (p *Proxy) announce(ctx context.Context, now table, token traffic.Token) error {
	written, err := p.written(ctx)
	if err != nil {
		return err
	}
	// A HAProxy that was started from an older file knows less than the file.
	known := now.with(seen, max(now[seen], written[seen])).with(closed, max(now[closed], written[closed]))
	if err := known.pass(token); err != nil {
		return err
	}
	if written[seen] < int64(token) {
		if err := p.folder.Put(ctx, mapFile, written.with(seen, int64(token)).encode()); err != nil {
			return err
		}
	}
	next, err := p.change(ctx, now, entry{seen, int64(token)})
	if err == nil && next[back] != now[back] {
		err = &traffic.Stale{Token: token, Seen: token}
	}
	return err
}

// forward moves the traffic under a token that was announced.
func (p *Proxy) forward(ctx context.Context, now table, green int64, token traffic.Token) error {
	next, err := p.change(ctx, now, entry{share, green}, entry{epoch, int64(token)})
	if err != nil {
		return err
	}
	if next[closed] >= int64(token) {
		return &traffic.Stale{Token: token, Seen: traffic.Token(next[closed])}
	}
	return p.keep(ctx)
}

// Restore implements traffic.Router. The traffic is back when HAProxy has
// answered; what follows is for its next start.
func (p *Proxy) Restore(ctx context.Context, slot release.Slot) error {
	if err := p.goBack(ctx, slot); err != nil {
		return fmt.Errorf("restore %s: %w", slot, err)
	}
	err := within(ctx, lockTime, func(ctx context.Context) error { return p.folder.Alone(ctx, p.keep) })
	if err != nil { // somebody stands still with the lock in their hands
		err = within(context.WithoutCancel(ctx), keepTime, p.keep)
	}
	if err != nil {
		return release.CannotTell("make the state folder writable, and run it again",
			"restore %s: the traffic is there, but HAProxy would undo that when it is started again: %w", slot, err)
	}
	return nil
}

func within(ctx context.Context, limit time.Duration, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return do(ctx)
}

// goBack gives the traffic to the slot, then closes every token that was
// announced. What moves the traffic is sent before anything is looked at; where
// HAProxy complains, somebody has taken an entry out of the map, and it is added.
func (p *Proxy) goBack(ctx context.Context, slot release.Slot) error {
	move := []entry{{good, percent(slot)}, {epoch, 0}}
	now, err := p.change(ctx, first(slot), move...)
	if err != nil {
		if now, err = p.look(ctx); err != nil {
			return err
		}
		if now, err = p.change(ctx, now, move...); err != nil {
			return err
		}
	}
	entries := []entry{{closed, max(now.newest(), now[closed])}, {back, rand.Int64N(1 << 62)}, {live, percent(slot)}}
	for _, key := range []string{share, seen, probe} {
		if _, ok := now[key]; !ok {
			entries = append(entries, entry{key, 0})
		}
	}
	now, err = p.change(ctx, now, entries...)
	for err == nil && now[closed] < now.newest() { // a move has announced itself meanwhile
		now, err = p.change(ctx, now, entry{closed, now.newest()})
	}
	return err
}

// Settle implements traffic.Settler: HAProxy starts on the slot with the file
// as it is, and the preview shows the other one from now on.
func (p *Proxy) Settle(ctx context.Context, slot release.Slot) error {
	err := p.folder.Alone(ctx, func(ctx context.Context) error {
		now, err := p.look(ctx)
		if err != nil {
			return err
		}
		weights, err := now.weights()
		switch {
		case err != nil:
			return err
		case weights.Of(slot) != 100:
			return release.Refuse("shift the traffic first", "the split is %v: want all of it at %s", weights, slot)
		}
		if _, err := p.change(ctx, now, entry{live, percent(slot)}); err != nil {
			return err
		}
		if err := p.keep(ctx); err != nil {
			return err
		}
		return p.folder.Sweep(ctx)
	})
	if err != nil {
		return fmt.Errorf("settle %s: %w", slot, err)
	}
	return nil
}
