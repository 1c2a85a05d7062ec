package cleanup_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/cleanup"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
	"github.com/bluegreen-actions/bluegreen/internal/traffic/traffictest"
)

func TestWhatIsNotDueIsRefusedBeforeAnythingIsLookedAt(t *testing.T) {
	t.Parallel()
	ago := func(d time.Duration) *traffic.Note {
		return &traffic.Note{Release: "shop-7", Candidate: release.Green, Finished: time.Now().Add(-d)}
	}
	good := &traffic.Good{Slot: release.Blue, Release: "shop-6"}
	back := &traffic.Note{Release: "shop-7", Candidate: release.Green, Back: &traffic.Back{At: time.Date(2026, 10, 1, 14, 0, 0, 0, time.UTC), Reason: "5xx"}}
	claim := func(s release.Slot, c traffic.Claim) map[release.Slot]traffic.Claim {
		return map[release.Slot]traffic.Claim{s: c}
	}
	const days = 24 * time.Hour
	for sentence, test := range map[string]struct {
		page           traffic.Page
		green          release.Weight
		clean, destroy string // why not
		stale          bool
	}{
		"nothing was ever shifted":          {traffic.Page{}, 0, "no release has been shifted", "no release has been shifted", false},
		"a day is not over":                 {traffic.Page{Shift: ago(days - time.Hour), Good: good}, 100, "is due 24h0m0s after release shop-7 had all the traffic", "is due 48h0m0s", false},
		"a clock is behind":                 {traffic.Page{Shift: ago(-days), Good: good}, 100, "is due 24h", "is due 48h", false},
		"the bake is not over":              {traffic.Page{Shift: &traffic.Note{Release: "shop-7", Candidate: release.Green, Started: time.Now().Add(-9 * days)}, Good: good}, 100, "is not finished", "is not finished", false},
		"it is not finalized":               {traffic.Page{Shift: ago(9 * days), Good: good, Claims: claim(release.Green, traffic.Claim{Release: "shop-7"})}, 100, "release shop-7 claims the green slot", "release shop-7 claims the green slot", true},
		"the next release is on its way":    {traffic.Page{Shift: ago(9 * days), Claims: claim(release.Blue, traffic.Claim{Release: "shop-8", At: time.Now().Add(-2*days + time.Hour)})}, 100, "release shop-8 claims the blue slot", "release shop-8 claims the blue slot", false},
		"it is so for longer than a window": {traffic.Page{Shift: ago(9 * days), Claims: claim(release.Blue, traffic.Claim{Release: "shop-8", At: time.Now().Add(-2*days - time.Hour)})}, 100, "release shop-8 claims the blue slot", "release shop-8 claims the blue slot", true},
		"the traffic was taken back":        {traffic.Page{Shift: ago(9 * days), Good: good}, 0, "not all at release shop-7", "not all at release shop-7", false},
		"some of the traffic was":           {traffic.Page{Shift: ago(9 * days), Good: good}, 50, "not all at release shop-7", "not all at release shop-7", false},
		"the last shift was rolled back":    {traffic.Page{Shift: back, Good: good}, 0, "was rolled back at 2026-10-01T14:00:00Z: 5xx", "was rolled back at", false},
		"it kept its claim":                 {traffic.Page{Shift: back, Good: good, Claims: claim(release.Green, traffic.Claim{Release: "shop-7", At: time.Now()})}, 0, "until the next release replaces it", "was rolled back at", false},
		"its claim is forgotten":            {traffic.Page{Shift: back, Good: good, Claims: claim(release.Green, traffic.Claim{Release: "shop-7", At: time.Now().Add(-3 * days)})}, 0, "was rolled back at", "was rolled back at", true},
		"the next one is on its way":        {traffic.Page{Shift: back, Good: good, Claims: claim(release.Green, traffic.Claim{Release: "shop-8", At: time.Now()})}, 0, "release shop-8 claims the green slot", "release shop-8 claims", false},
		"a first release has no way back":   {traffic.Page{Shift: ago(9 * days)}, 100, "", "nothing is kept to go back to", false},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			b := new(traffictest.Balancer)
			must(t, b.Update(t.Context(), func(p *traffic.Page) error { *p = test.page; return nil }))
			b.Move(release.Split(release.Green, test.green))
			unasked := errors.New("the engine was asked")
			c := cleanup.Cleaner{
				Settings: cleanup.Settings{After: days, Window: 2 * days}, Balancer: b.Of(), Pause: time.Nanosecond,
				Slot: func(context.Context, release.Slot) (*slot.Environment, error) { return nil, unasked },
			}
			_, cleanErr := c.Clean(t.Context())
			_, destroyErr := c.Destroy(t.Context())
			for want, err := range map[string]error{test.clean + " ": cleanErr, test.destroy: destroyErr} {
				if want = strings.TrimSpace(want); want == "" {
					if !errors.Is(err, unasked) {
						t.Errorf("refused: %v", err)
					}
					continue
				}
				soon, ok := errors.AsType[*cleanup.NotDue](err)
				if ok && (soon.Stale != "") != test.stale {
					t.Errorf("to be done: %q", soon.Stale)
				}
				if !ok || !strings.Contains(err.Error(), want) || release.ExitStatus(err) != 1 {
					t.Errorf("%v: want %q", err, want)
				}
			}
		})
	}
}

func TestSettingsThatLeaveNoWindowAreRefused(t *testing.T) {
	t.Parallel()
	for _, s := range []cleanup.Settings{{After: time.Hour, Window: 48 * time.Hour}, {After: 24 * time.Hour, Window: 23 * time.Hour}, {After: 72 * time.Hour, Window: 48 * time.Hour}} {
		if err := s.Check(); err == nil {
			t.Errorf("%+v is accepted", s)
		}
	}
	if err := (cleanup.Settings{After: 24 * time.Hour, Window: 24 * time.Hour}).Check(); err != nil {
		t.Error(err)
	}
}

func TestAfterADayOnlyWhatNeitherSlotUsesGoes(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.live(25 * time.Hour)
	c := p.cleaner()
	c.Dry = true
	done, err := c.Clean(t.Context())
	must(t, err)
	p.stands(whole...)
	if len(done.Images) != 1 || done.Images[0].Name() != p.images["shop-5"] {
		t.Errorf("%+v would go", done)
	}
	done, err = p.cleaner().Clean(t.Context())
	must(t, err)
	if len(done.Images) != 1 || len(done.Containers) != 0 {
		t.Errorf("%+v went", done)
	}
	p.stands(without(whole, "image shop-5")...)
	if done, err = p.cleaner().Clean(t.Context()); err != nil || len(done.Images) != 0 {
		t.Errorf("again: %+v, %v", done, err)
	}
	if _, err = p.cleaner().Destroy(t.Context()); err == nil {
		t.Error("the way back was closed after a day")
	}
	p.stands(without(whole, "image shop-5")...)
	for id, want := range map[string]release.Status{"D.2.1": release.Passed, "D.2.2": release.Passed, "D.2.4": release.Passed} {
		if got := p.status(id); got != want {
			t.Errorf("%s is %s, want %s", id, got, want)
		}
	}
}

func (p *place) status(id string) release.Status {
	for _, e := range p.found.List() {
		if e.ID == id {
			return e.Status
		}
	}
	return ""
}

// gone is what there is when the window is over.
var gone = []string{"green web running", "green worker running", "image shop-7"}

func TestWhatIsKilledWhileItDestroysIsContinued(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	killed := 0
	for k := 1; ; k++ {
		p.engine.set(k)
		_, err := p.cleaner().Destroy(t.Context())
		if soon, ok := errors.AsType[*cleanup.NotDue](err); ok {
			t.Fatalf("killed at effect %d, it is not continued: %s", k, soon.Why)
		}
		if page := p.page(); k > 1 && page.Good != nil {
			t.Fatalf("killed at effect %d, the way back is open to what is being removed: %s", k, p.text())
		}
		if err == nil {
			break
		}
		if killed++; !errors.Is(err, errKilled) || killed > 30 {
			t.Fatalf("effect %d: %v", k, err)
		}
	}
	p.stands(gone...)
	t.Logf("killed %d times", killed)
	if page := p.page(); page.Good != nil || len(page.Claims) != 0 {
		t.Errorf("the ledger says %s", p.text())
	}
	p.engine.set(0)
	if _, err := p.cleaner().Destroy(t.Context()); err == nil || !strings.Contains(err.Error(), "nothing is kept to go back to") {
		t.Errorf("again: %v", err)
	}
	must(t, traffic.TakeClaim(t.Context(), p.balancer, release.Blue, "shop-8", false))
}

func TestASlotThatIsStillNeededIsNotDestroyed(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	c := p.cleaner()
	c.Dry = true
	done, err := c.Destroy(t.Context())
	if err != nil || len(done.Containers) != 2 || len(done.Networks) != 1 || len(done.Images) != 2 {
		t.Errorf("%+v would go, %v", done, err)
	}
	p.stands(whole...)

	forced := func() { p.balancer.Move(release.Split(release.Green, 0)) }
	for sentence, when := range map[string]func(){
		"right after the way back is closed": func() {
			p.balancer.Before = func(call string) error {
				if call == "update" {
					p.balancer.Before = nil
					forced()
				}
				return nil
			}
		},
		"while it is stopped": func() { p.engine.before["stop"] = forced },
	} {
		when()
		_, err = p.cleaner().Destroy(t.Context())
		if err == nil || !strings.Contains(err.Error(), "blue slot has 100% of the traffic again") {
			t.Errorf("%s: %v", sentence, err)
		}
		p.wayBack()
		p.docker("start", p.name+"-blue-worker") // workers are started by whoever brings the traffic
		p.stands(whole...)
		p.live(49 * time.Hour)
	}
}

func TestTheWayBackOfASickReleaseIsNotClosed(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.docker("kill", p.name+"-green-web")
	before := p.text()
	_, err := p.cleaner().Destroy(t.Context())
	if err == nil || !strings.Contains(err.Error(), "the way back to blue stays, since what is live is not well") {
		t.Error(err)
	}
	if _, soon := errors.AsType[*cleanup.NotDue](err); soon || p.text() != before {
		t.Errorf("nobody is told, or the ledger was changed: %s", p.text())
	}
	p.stands(append(without(whole, "green web running"), "green web exited")...)
}

func TestASlotWithAnotherReleaseIsNotDestroyed(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.docker("tag", p.images["shop-7"], p.repository+":mine") // built here a moment ago
	t.Cleanup(func() { p.tidy("image", "rm", p.repository+":mine") })
	p.images["shop-9"] = p.repository + ":mine"
	p.container("blue", "other", "shop-9", "--network", "none")
	before := p.text()
	_, err := p.cleaner().Destroy(t.Context())
	if err == nil || !strings.Contains(err.Error(), `other 1 of blue is of release "shop-9", not of "shop-6"`) {
		t.Error(err)
	}
	p.stands(append([]string{"blue other running", "image shop-9"}, whole...)...)
	if p.text() != before {
		t.Errorf("the ledger was %s, and is %s", before, p.text())
	}
}
