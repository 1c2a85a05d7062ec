package reload

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/ssh"
	"github.com/bluegreen-actions/bluegreen/internal/statefolder"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Router is an nginx that is reloaded. It is a traffic.Router, Observer, Ledger,
// Settler and Trier, and safe for concurrent use by any number of processes of
// this host.
type Router struct {
	*statefolder.Ledger
	settings Settings
	disk     statefolder.Disk
	folder   *statefolder.Folder
	host     host
	ssh      *ssh.Host // that nginx is on; nil for this one
	fresh    *http.Client
	kept     *http.Client
}

// reloadLock is held by who changes the include until nginx runs it, so that
// reloads do not overlap: nginx takes two that are closer than its own pause of a
// tenth of a second for one.
const reloadLock = "reload.lock"

// The waits for the lock.
const (
	lockTime = 250 * time.Millisecond // of a reader and a rollback, which then go on without
	moveTime = 5 * time.Second        // of a move forward
)

// New is the nginx of the settings. It refuses settings that lack something and
// touches nothing.
func New(s Settings) (*Router, error) {
	s, err := s.complete()
	if err != nil {
		return nil, err
	}
	r := &Router{settings: s, disk: statefolder.Local{}, host: local{s}}
	dial := (&net.Dialer{Timeout: answerTime}).DialContext
	switch {
	case s.SSH.Used():
		if r.ssh, err = ssh.New(s.SSH); err != nil {
			return nil, fmt.Errorf("nginx-reload: %w", err)
		}
		r.disk, r.host, dial = r.ssh, remote{s, r.ssh}, r.ssh.Dial
	case s.Container != "":
		r.host = &container{settings: s}
	}
	r.folder = statefolder.At(r.disk, s.State)
	r.Ledger = r.folder.Ledger()
	r.fresh, r.kept = newClient(dial, true), newClient(dial, false)
	return r, nil
}

// Close ends the connection to another host, if there is one.
func (r *Router) Close() {
	r.kept.CloseIdleConnections()
	if r.ssh != nil {
		r.ssh.Close()
	}
}

// Balancer is this nginx as a shift, a rollback and an idling take it.
func (r *Router) Balancer() traffic.Balancer {
	return traffic.Balancer{
		Name: "nginx-reload", Router: r, Observer: r, Ledger: r, Settler: r, Trier: r,
		Leases: r.Leases(traffic.LeaseExpiry), BreakGlass: r.BreakGlass, Caveat: r.caveat(),
	}
}

// caveat is what a reload can cost. Source: measured with nginx 1.22, 64 clients
// and 1,000 requests a second, about one lost POST in each reload.
func (r *Router) caveat() string {
	if r.settings.CloseConnections {
		return "each move reloads nginx; the first one of a release can cut requests on connections that clients keep open, and clients that do not repeat them lose them; until the release is settled, connections are closed after each answer"
	}
	return "each move reloads nginx, which can cut requests on connections that clients keep open, about one in each reload at 1,000 POST requests a second; clients that do not repeat them lose them; close-connections avoids it from the second move on"
}

// Leases is the store of the lease in the state folder. A lease that is not
// renewed expires after expiry: traffic.LeaseExpiry for a shift.
func (r *Router) Leases(expiry time.Duration) *statefolder.Leases { return r.folder.Leases(expiry) }

// BreakGlass is the command that gives all traffic to the slot without this
// program.
func (r *Router) BreakGlass(slot release.Slot) string {
	line := fmt.Sprintf("cp %[1]s %[2]s.new && mv %[2]s.new %[2]s && %[3]s", r.ready(slot), r.settings.Include, r.host.breakGlass())
	if r.ssh != nil {
		return r.ssh.Command(line)
	}
	return line
}

// standing is what is on the disk and what nginx runs. They differ while a change
// is on its way, and after one that was killed.
type standing struct {
	disk    include
	running include
}

// standing reads both. An include that somebody has changed is an error, and so
// is an nginx that runs neither the include nor the one that it was written after.
func (r *Router) standing(ctx context.Context) (standing, error) {
	disk, err := r.load(ctx, r.settings.Include)
	if err != nil {
		return standing{}, release.CannotTell("give the file back what it had, or install it again with `bluegreen nginx-reload`; what is to differ belongs into the settings",
			"include %s: %w", r.settings.Include, err)
	}
	a, err := r.insist(ctx)
	if err != nil {
		return standing{}, release.CannotTell("let nginx include "+r.settings.Include+" at the http level, and reload it", "%w", err)
	}
	if a.generation == disk.generation {
		return standing{disk, disk}, nil
	}
	kept, err := r.load(ctx, r.beside(keptEnding))
	if err == nil && a.generation == kept.generation && disk.after == kept.generation {
		return standing{disk, kept}, nil // a change that was killed before its effect
	}
	return standing{}, release.CannotTell("find out who has changed the one or the other; then reload nginx, or roll back",
		"nginx runs %s, %v; the include %s is %s, %v", a.generation, a.weights, r.settings.Include, disk.generation, disk.weights)
}

// at says whether nginx and the disk have exactly this already.
func (s standing) at(settings Settings, want split) bool {
	return s.disk.generation == s.running.generation && s.disk.says(settings, want)
}

// Weights implements traffic.Router. They are those that nginx runs.
func (r *Router) Weights(ctx context.Context) (release.Weights, error) {
	held, unlock, err := r.lock(ctx, lockTime, statefolder.Shared)
	if err == nil {
		defer unlock() // without it a change may be on its way, and then there is no telling
		ctx = held
	}
	now, err := r.standing(ctx)
	if err != nil {
		return release.Weights{}, err
	}
	return now.running.weights, nil
}

// lock takes the lock of reloads. What is done with held is done under it.
func (r *Router) lock(ctx context.Context, patience time.Duration, how statefolder.Hold) (held context.Context, unlock func(), err error) {
	held, unlock, err = r.disk.Lock(ctx, r.folder.File(reloadLock), how, patience)
	if err != nil {
		return nil, nil, release.CannotTell("run it again; where the folder is missing, `bluegreen nginx-reload` makes it", "lock %s: %w", r.folder.File(reloadLock), err)
	}
	return held, unlock, nil
}

// Set implements traffic.Router. What nginx refuses leaves everything as it was.
func (r *Router) Set(ctx context.Context, slot release.Slot, w release.Weight, token traffic.Token) error {
	if err := r.folder.Durable(ctx); err != nil {
		return err
	}
	ctx, unlock, err := r.lock(ctx, moveTime, statefolder.Exclusive)
	if err != nil {
		return err
	}
	defer unlock()
	right, err := r.admit(ctx, token) // before the look: a rollback in between is not the one that was noted
	if err != nil {
		return err
	}
	now, err := r.standing(ctx)
	if err != nil {
		return err
	}
	want := split{release.Split(slot, w), r.settings.CloseConnections && w > 0}
	if now.at(r.settings, want) {
		return nil
	}
	if err := r.prepare(ctx, slot.Other()); err != nil {
		return fmt.Errorf("prepare the way back: %w", err)
	}
	if err := r.move(ctx, now.running, want, right); err != nil {
		if _, stale := errors.AsType[*traffic.Stale](err); stale {
			return err
		}
		return fmt.Errorf("set %s to %v: %w", slot, w, err)
	}
	return nil
}

// Restore implements traffic.Router. It waits for nobody for long, tests nothing,
// and leaves the include as it has to be also where nginx does not read it: the
// next reload that works brings the traffic back.
func (r *Router) Restore(ctx context.Context, good release.Slot) error {
	held, unlock, err := r.lock(ctx, lockTime, statefolder.Exclusive)
	if err == nil {
		defer unlock()
		ctx = held
	}
	if err := r.back(ctx, good, err == nil); err != nil {
		return fmt.Errorf("restore %s: %w", good, err)
	}
	return nil
}

// Settle implements traffic.Settler. nginx starts with the include as it is, so
// there is nothing to make but an end of closing connections.
func (r *Router) Settle(ctx context.Context, slot release.Slot) error {
	ctx, unlock, err := r.lock(ctx, moveTime, statefolder.Exclusive)
	if err != nil {
		return err
	}
	defer unlock()
	note, err := r.note(ctx)
	if err != nil {
		return err
	}
	now, err := r.standing(ctx)
	if err != nil {
		return err
	}
	want := split{weights: release.Split(slot, 100)}
	switch {
	case now.running.weights != want.weights:
		return release.Refuse("shift the traffic first", "the split is %v: want all of it at %s", now.running.weights, slot)
	case !now.at(r.settings, want):
		err = r.move(ctx, now.running, want, nil)
	}
	if err := errors.Join(err, r.sweep(ctx), r.forget(ctx, note)); err != nil {
		return fmt.Errorf("settle %s: %w", slot, err)
	}
	return nil
}
