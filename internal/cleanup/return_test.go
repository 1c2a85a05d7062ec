package cleanup_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/cleanup"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// The effects of a run, in their order, as a kill counts them.
const (
	_ = iota
	givesUp
	saysThatItStops
	stopsTheWorker
	stopsTheWeb
	saysThatItRemoves
)

// killed runs until an effect, which does not happen.
func (p *place) killed(at int) {
	p.t.Helper()
	p.engine.set(at)
	if _, err := p.cleaner().Destroy(p.t.Context()); !errors.Is(err, errKilled) {
		p.t.Fatalf("at effect %d: %v", at, err)
	}
	p.engine.set(0)
}

// rollsBack fails unless a rollback brings the traffic to blue. One that has asked for
// health longer than it may is repeated, as a person would.
func (p *place) rollsBack() {
	p.t.Helper()
	back := traffic.Rollback{Balancer: p.balancer.Of(), Observe: 10, Cold: true, Healthy: func(ctx context.Context, s release.Slot) error {
		env, err := p.cleaner().Slot(ctx, s)
		if err != nil {
			return err
		}
		return env.Healthy(ctx)
	}}
	_, err := back.Run(p.t.Context())
	for try := 1; try < 20 && err != nil && strings.Contains(err.Error(), "the health check took longer than"); try++ {
		_, err = back.Run(p.t.Context())
	}
	if err != nil {
		p.t.Errorf("%v (%s)", err, release.HintOf(err))
	}
}

// quiet is what there is when blue has been stopped and started again: its workers are
// started by whoever brings the traffic.
var quiet = append(without(whole, "blue worker running"), "blue worker exited")

func TestTheWayBackIsOpenAgainWhenTheLiveReleaseFallsIllAfterAKill(t *testing.T) {
	t.Parallel()
	for sentence, test := range map[string]struct {
		at     int
		stands []string
	}{
		"before anything was stopped":  {saysThatItStops, whole},
		"when a part of it is stopped": {stopsTheWeb, quiet},
		"when all of it is stopped":    {saysThatItRemoves, quiet},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			p.killed(test.at)
			p.docker("kill", p.name+"-green-web")
			_, err := p.cleaner().Destroy(t.Context())
			if err == nil || !strings.Contains(err.Error(), "the way back to blue stays, since what is live is not well") {
				t.Error(err)
			}
			p.wayBack()
			p.stands(append(without(test.stands, "green web running"), "green web exited")...)
			p.rollsBack()
		})
	}
}

func TestASlotThatWasStoppedIsStartedWhenTheTrafficHasComeToItAfterAKill(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.killed(saysThatItRemoves)
	p.balancer.Move(release.Split(release.Green, 0))
	_, err := p.cleaner().Destroy(t.Context())
	if _, soon := errors.AsType[*cleanup.NotDue](err); !soon {
		t.Error(err)
	}
	p.wayBack()
	p.stands(quiet...)
}

func TestWhatEndsBeforeAnythingIsRemovedOpensTheWayBackAgain(t *testing.T) {
	t.Parallel()
	apart := errors.New("the load balancers are apart")
	for sentence, test := range map[string]struct {
		arrange func(p *place, c *cleanup.Cleaner, end func())
		want    string
		stands  []string
	}{
		"told to end in the pause": {func(p *place, c *cleanup.Cleaner, end func()) {
			c.Pause = time.Hour
			p.balancer.Before = func(call string) error {
				if call == "update" {
					time.AfterFunc(50*time.Millisecond, end)
				}
				return nil
			}
		}, "told to end", whole},
		"told to end while it stops": {func(p *place, _ *cleanup.Cleaner, end func()) {
			p.engine.before["stop"] = end
		}, "told to end", quiet},
		"the weights cannot be read after the pause": {func(p *place, _ *cleanup.Cleaner, _ func()) {
			given := false
			p.balancer.Before = func(call string) error {
				if given = given || call == "update"; given && call == "weights" {
					return apart
				}
				return nil
			}
		}, "the load balancers are apart", whole},
		"the weights cannot be read after it was stopped": {func(p *place, _ *cleanup.Cleaner, _ func()) {
			p.engine.before["stop"] = func() {
				p.balancer.Before = func(call string) error {
					if call == "weights" {
						return apart
					}
					return nil
				}
			}
		}, "the load balancers are apart", quiet},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			ctx, end := context.WithCancel(t.Context())
			defer end()
			c := p.cleaner()
			test.arrange(p, &c, end)
			done, err := c.Destroy(ctx)
			if err == nil || !strings.Contains(err.Error(), test.want) || len(done.Containers) != 0 {
				t.Errorf("%+v, %v", done, err)
			}
			p.balancer.Before = nil
			p.wayBack()
			p.stands(test.stands...)
		})
	}
}

func TestAReleaseThatBeginsMeanwhileHasTheSlotUntilAnythingIsStopped(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.killed(saysThatItRemoves)
	if err := traffic.TakeClaim(t.Context(), p.balancer, release.Blue, "shop-8", false); err == nil || !strings.Contains(err.Error(), "is being removed since") {
		t.Errorf("it gets a slot that is being stopped: %v", err)
	}
	p.docker("kill", p.name+"-green-web") // so that the way back is opened again
	if _, err := p.cleaner().Destroy(t.Context()); err == nil {
		t.Error("removed while what is live is not well")
	}
	p.docker("start", p.name+"-green-web", p.name+"-blue-worker")

	c := p.cleaner()
	b := c.Balancer.Ledger
	p.balancer.Before = func(call string) error {
		if call == "weights" && p.balancer.Page().Claims[release.Blue].Retires != nil {
			p.balancer.Before = nil
			must(t, traffic.TakeClaim(t.Context(), b, release.Blue, "shop-8", false))
		}
		return nil
	}
	_, err := c.Destroy(t.Context())
	if soon, ok := errors.AsType[*cleanup.NotDue](err); !ok || !strings.Contains(soon.Why, "release shop-8 has claimed the blue slot meanwhile") {
		t.Error(err)
	}
	if page := p.page(); page.Claims[release.Blue].Release != "shop-8" || page.Good != nil {
		t.Errorf("the ledger says %s", p.text())
	}
	p.stands(whole...)
}

func TestASlotThatIsPartlyRemovedIsNoWayBack(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.patience = 2 * time.Second    // for what cannot be healthy any more
	p.killed(saysThatItRemoves + 4) // both are stopped once more, and one is removed
	p.docker("kill", p.name+"-green-web")
	p.balancer.Move(release.Split(release.Green, 90))
	if _, err := p.cleaner().Destroy(t.Context()); err == nil || !strings.Contains(err.Error(), "the blue slot has 10% of the traffic, and some of what was in it may be removed") {
		t.Error(err)
	}
	if page := p.page(); page.Good != nil || page.Claims[release.Blue].Clearing != traffic.Removing {
		t.Errorf("the ledger says %s", p.text())
	}
	p.balancer.Move(release.Split(release.Green, 100))
	_, err := p.cleaner().Destroy(t.Context()) // there is nothing to keep for the sick release
	must(t, err)
	p.stands(append(without(gone, "green web running"), "green web exited")...)
}
