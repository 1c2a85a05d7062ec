package cleanup_test

import (
	"errors"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/cleanup"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
)

func TestWhatOthersHaveComeToUseStaysAndIsNotCounted(t *testing.T) {
	t.Parallel()
	for state, and := range map[string]string{"running": "", "stopped": "stop", "never started": "create"} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			p.guest(and)
			othersKeep(t, p)
		})
	}
}

// guest is a container of another project on the network of the blue slot.
func (p *place) guest(and string) {
	p.t.Helper()
	if and == "create" {
		p.t.Cleanup(func() { p.tidy("rm", "-f", p.name+"-guest") })
		p.docker("create", "--name", p.name+"-guest", "--network", p.name+"-blue_default", p.images["shop-7"])
		return
	}
	p.container("other", "guest", "shop-7", "--network", p.name+"-blue_default")
	if and == "stop" {
		p.docker("stop", "--time", "1", p.name+"-other-guest")
	}
}

func othersKeep(t *testing.T, p *place) {
	t.Helper()
	c := p.cleaner()
	c.Dry = true
	done, err := c.Destroy(t.Context())
	must(t, err)
	if len(done.Containers) != 2 || len(done.Networks) != 0 || !images(done.Images, p.images["shop-5"], p.images["shop-6"]) {
		t.Errorf("%+v would go", done)
	}
	p.engine.before["discard"] = func() { // each image gets a container now
		p.container("other", "five", "shop-5", "--network", "none")
		p.container("other", "six", "shop-6", "--network", "none")
	}
	done, err = p.cleaner().Destroy(t.Context())
	must(t, err)
	if len(done.Containers) != 2 || len(done.Networks) != 0 || len(done.Images) != 0 {
		t.Errorf("%+v went", done)
	}
	p.stands(append([]string{"blue network", "image shop-5", "image shop-6"}, gone...)...)
}

func images(have []slot.Stored, want ...string) bool {
	found := 0
	for _, one := range have {
		for _, name := range want {
			if one.Name() == name {
				found++
			}
		}
	}
	return found == len(have) && found == len(want)
}

func TestWhatWentBeforeAKillIsTold(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.engine.set(saysThatItRemoves + 5) // two that are stopped once more, two that are removed, and the network
	done, err := p.cleaner().Destroy(t.Context())
	if !errors.Is(err, errKilled) || len(done.Containers) != 2 || len(done.Networks) != 0 || done.Count() != 2 {
		t.Errorf("%+v, %v", done, err)
	}
}

// A person beside the hourly run: both may do it, and what one finds done is done.
func TestTwoAtOnceDestroyOnce(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ends := make(chan error, 2)
	for range cap(ends) {
		go func() {
			_, err := p.cleaner().Destroy(t.Context())
			ends <- err
		}()
	}
	done := 0
	for range cap(ends) {
		err := <-ends
		if soon, late := errors.AsType[*cleanup.NotDue](err); late {
			t.Logf("one came too late: %s", soon.Why)
			continue
		}
		must(t, err)
		done++
	}
	if page := p.page(); done == 0 || page.Good != nil || len(page.Claims) != 0 {
		t.Errorf("%d have done it, and the ledger says %s", done, p.text())
	}
	p.stands(gone...)
}
