package slot

import (
	"context"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// stand leaves a slot alone that has traffic and serves exactly this release: a
// run that is run again, or that goes on where it was killed. Every other slot
// with traffic is refused.
func (d *deployment) stand(ctx context.Context) (Deployed, error) {
	w := d.before.Of(d.slot)
	have, err := d.Inspect(ctx)
	if err != nil {
		return Deployed{}, err
	}
	if !d.serves(have) {
		d.found.Show("8.1.s3", false, "%s has %v of the traffic", d.slot, w)
		return Deployed{}, release.Refuse("deploy to the idle slot", "%s has %v of the traffic (%v)", d.slot, w, d.before)
	}
	if err := d.claim(ctx); err != nil {
		return Deployed{}, err
	}
	d.sayf("serves %s of this release already, with %v of the traffic: nothing is changed", d.order.Version, w)
	for _, id := range []string{"B.3.s2", "B.3.s3", "B.3.v1", "8.1.s6"} {
		d.found.Show(id, true, "%d containers have the digests of the release: %s; nothing was changed, since they have %v of the traffic", len(have), d.digests(), w)
	}
	return Deployed{Unchanged: true, Containers: have}, nil
}

// serves says whether the slot has exactly this release and can take traffic,
// whatever its workers do.
func (d *deployment) serves(have []Container) bool {
	for _, c := range have {
		if !d.ours(c) || !d.worker(c) && c.unready() != "" {
			return false
		}
	}
	return d.counted(have)
}

// counted says whether the slot has as many containers of each service as it
// has to have.
func (d *deployment) counted(have []Container) bool {
	counts := map[string]int{}
	for _, c := range have {
		counts[c.Service]++
	}
	for name, n := range d.plan.counts {
		if counts[name] != n {
			return false
		}
	}
	return true
}

// claim takes the slot for this release.
func (d *deployment) claim(ctx context.Context) error {
	if d.order.Claim == nil {
		return nil
	}
	return d.order.Claim(ctx)
}
