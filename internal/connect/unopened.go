package connect

import (
	"context"
	"slices"

	"github.com/bluegreen-actions/bluegreen/internal/config"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// unopened stands for a load balancer that could not be opened, beside others
// that could. Where it may be the one that keeps the lease, no other is asked for
// it: it would not know of the shift.
func unopened(r config.Router, err error) traffic.Balancer {
	c := &closed{err}
	b := traffic.Balancer{Name: "router", Router: c, Observer: c, Ledger: c, Settler: c, Trier: c, Leases: c}
	used := usedKinds(r)
	if len(used) == 1 {
		b.Name = used[0].name
	}
	if len(used) > 0 && !slices.ContainsFunc(used, func(k kind) bool { return k.lends }) {
		b.Leases = nil
	}
	return b
}

// closed answers everything with the reason why it was not opened.
type closed struct{ err error }

func (c *closed) Weights(context.Context) (release.Weights, error) { return release.Weights{}, c.err }

func (c *closed) Set(context.Context, release.Slot, release.Weight, traffic.Token) error {
	return c.err
}

func (c *closed) Restore(context.Context, release.Slot) error                   { return c.err }
func (c *closed) Observe(context.Context, int) (traffic.Share, error)           { return traffic.Share{}, c.err }
func (c *closed) Settle(context.Context, release.Slot) error                    { return c.err }
func (c *closed) Try(context.Context) error                                     { return c.err }
func (c *closed) Read(context.Context) (traffic.Page, error)                    { return traffic.Page{}, c.err }
func (c *closed) Update(context.Context, func(*traffic.Page) error) error       { return c.err }
func (c *closed) Acquire(context.Context, traffic.Owner) (traffic.Token, error) { return 0, c.err }
func (c *closed) Renew(context.Context, traffic.Token) error                    { return c.err }
func (c *closed) Release(context.Context, traffic.Token) error                  { return c.err }
func (c *closed) Peek(context.Context) (traffic.Holding, error)                 { return traffic.Holding{}, c.err }
func (c *closed) Raise(context.Context, traffic.Token) error                    { return c.err }
