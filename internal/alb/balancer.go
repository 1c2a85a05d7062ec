package alb

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Balancer is an Application Load Balancer whose weights are moved. It is a
// traffic.Router, Observer, Ledger and Settler, and safe for concurrent use by
// many processes; the package says what that is worth without a lock.
type Balancer struct {
	settings    Settings
	routes      []route
	home        ARN // whose tags are the ledger
	api         *elb.Client
	credentials *renewing
	probe       *probe
	before      func(op, name string) error // is asked before each write, in tests; nil is always

	wayBack atomic.Bool // the live slot was seen healthy by this process

	mu       sync.Mutex
	faces    map[ARN]face // as they were read last
	aim      aim
	restores int            // that this process has begun
	refused  *traffic.Token // the newest that the last of them has refused; nil until it has
}

// route is one rule, or one default action, that forwards to the two groups.
type route struct {
	arn         ARN
	blue, green ARN
}

// aim is what this process has set last, and when.
type aim struct {
	weights release.Weights
	at      time.Time
}

// New is a balancer of these settings. It refuses those that lack something, and
// asks nobody: credentials are found when they are needed.
func New(s Settings) (*Balancer, error) {
	if err := s.complete(); err != nil {
		return nil, err
	}
	expires, err := s.expires()
	if err != nil {
		return nil, release.Reject("correct the settings of router.alb", "alb: %w", err)
	}
	b := &Balancer{settings: s, credentials: &renewing{find: s.access().Credentials, expires: expires}, faces: map[ARN]face{}}
	b.api = newClient(s, b.credentials)
	for _, name := range slices.Sorted(maps.Keys(s.Services)) {
		service := s.Services[name]
		for _, arn := range service.routes() {
			b.routes = append(b.routes, route{arn, service.Blue, service.Green})
		}
	}
	b.home = b.routes[0].arn
	b.probe = newProbe(s)
	return b, nil
}

// Balancer is this load balancer as a shift, a rollback and an idling take it.
func (b *Balancer) Balancer() traffic.Balancer {
	return traffic.Balancer{Name: "alb", Router: b, Observer: b, Ledger: b, Settler: b, Trier: b, BreakGlass: b.BreakGlass, Settles: b.settings.Propagation,
		Own: b.Health(), Ready: b.Ready, Assert: b.Assert}
}

func (b *Balancer) step(op, name string) error {
	if b.before == nil {
		return nil
	}
	return b.before(op, name)
}

// each calls f for all routes at once, and names those that failed.
func (b *Balancer) each(ctx context.Context, f func(context.Context, route) error) error {
	problems := make([]error, len(b.routes))
	var all sync.WaitGroup
	for i, r := range b.routes {
		all.Go(func() {
			if err := f(ctx, r); err != nil {
				problems[i] = explain(ctx, r.arn.name(), err)
			}
		})
	}
	all.Wait()
	return errors.Join(problems...)
}

func (b *Balancer) aimed(w release.Weights) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.aim = aim{w, time.Now()}
}

// retreats is how many rollbacks this process has begun.
func (b *Balancer) retreats() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.restores
}

// Weights implements traffic.Router: those of all rules, or traffic.ErrApart.
func (b *Balancer) Weights(ctx context.Context) (release.Weights, error) {
	ctx, cancel := within(ctx)
	defer cancel()
	faces, err := b.read(ctx)
	if err != nil {
		return release.Weights{}, err
	}
	return b.agreed(faces)
}

// agreed is what all routes say.
func (b *Balancer) agreed(faces map[ARN]face) (release.Weights, error) {
	var first release.Weights
	for i, r := range b.routes {
		weights, err := faces[r.arn].weights()
		switch {
		case err != nil:
			return release.Weights{}, fmt.Errorf("%s: %w", r.arn.name(), err)
		case i == 0:
			first = weights
		case weights != first:
			return release.Weights{}, fmt.Errorf("%w: %s has %v, %s has %v", traffic.ErrApart, b.routes[0].arn.name(), first, r.arn.name(), weights)
		}
	}
	return first, nil
}
