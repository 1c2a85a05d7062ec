package traffictest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// LedgerConformance runs the suite that every ledger must pass. Each call of
// open returns a new handle on the ledger of its test, which starts empty.
func LedgerConformance(t *testing.T, open func(t *testing.T) traffic.Ledger) {
	for name, test := range map[string]func(t *testing.T, open func() traffic.Ledger){
		"an empty ledger is an empty page":            empty,
		"what is written is read by others":           writes,
		"a change that fails writes nothing":          failed,
		"changes at the same time are all kept":       together,
		"a claim is taken, kept, taken over, dropped": claims,
		"claiming the good slot closes the way back":  closesWay,
	} {
		t.Run(name, func(t *testing.T) {
			test(t, func() traffic.Ledger { return open(t) })
		})
	}
}

func empty(t *testing.T, open func() traffic.Ledger) {
	p, err := open().Read(t.Context())
	must(t, err)
	if p.Good != nil || p.Shift != nil || len(p.Claims) != 0 {
		t.Errorf("got %+v, want nothing", p)
	}
}

func writes(t *testing.T, open func() traffic.Ledger) {
	at := time.Date(2026, 11, 22, 3, 4, 5, 6789, time.UTC)
	good := traffic.Good{Slot: release.Blue, Release: "shop-1", Images: map[string]release.Digest{"web": digest}, At: at}
	must(t, open().Update(t.Context(), func(p *traffic.Page) error {
		p.Good = &good
		p.Shift = &traffic.Note{Release: "shop-2", Candidate: release.Green, Started: at}
		return nil
	}))
	p, err := open().Read(t.Context())
	must(t, err)
	if p.Good == nil || p.Good.Slot != good.Slot || p.Good.Release != good.Release || p.Good.Images["web"] != digest || !p.Good.At.Equal(at) {
		t.Errorf("got %+v, want %+v", p.Good, good)
	}
	if p.Shift == nil || p.Shift.Release != "shop-2" || !p.Shift.Finished.IsZero() {
		t.Errorf("got %+v, want the shift of shop-2, not finished", p.Shift)
	}
}

const digest = release.Digest("sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")

func failed(t *testing.T, open func() traffic.Ledger) {
	boom := errors.New("boom")
	err := open().Update(t.Context(), func(p *traffic.Page) error {
		p.Good = &traffic.Good{Slot: release.Blue}
		return boom
	})
	if !errors.Is(err, boom) {
		t.Errorf("got %v, want the error of the change", err)
	}
	empty(t, open)
}

func together(t *testing.T, open func() traffic.Ledger) {
	const many = 5
	var all sync.WaitGroup
	for i := range many {
		ledger := open()
		all.Go(func() {
			err := ledger.Update(t.Context(), func(p *traffic.Page) error {
				if p.Good == nil {
					p.Good = &traffic.Good{Slot: release.Blue, Images: map[string]release.Digest{}}
				}
				if p.Good.Images == nil {
					p.Good.Images = map[string]release.Digest{}
				}
				p.Good.Images[fmt.Sprint(i)] = digest
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	p, err := open().Read(t.Context())
	must(t, err)
	if p.Good == nil || len(p.Good.Images) != many {
		t.Errorf("got %+v, want %d images", p.Good, many)
	}
}

func claims(t *testing.T, open func() traffic.Ledger) {
	ledger, ctx := open(), t.Context()
	must(t, traffic.TakeClaim(ctx, ledger, release.Green, "shop-1", false))
	must(t, traffic.TakeClaim(ctx, open(), release.Green, "shop-1", false))
	if err := traffic.TakeClaim(ctx, ledger, release.Green, "shop-2", false); release.ExitStatus(err) != int(release.Refused) {
		t.Errorf("claiming a claimed slot: got %v, want a refusal", err)
	}
	claimed(t, open(), "shop-1", true)
	must(t, traffic.TakeClaim(ctx, ledger, release.Green, "shop-2", true))
	claimed(t, open(), "shop-1", false)
	claimed(t, open(), "shop-2", true)
	must(t, traffic.DropClaim(ctx, ledger, release.Green, "shop-1"))
	claimed(t, open(), "shop-2", true)
	must(t, traffic.DropClaim(ctx, ledger, release.Green, "shop-2"))
	claimed(t, open(), "shop-2", false)
}

func claimed(t *testing.T, ledger traffic.Ledger, id release.ID, want bool) {
	t.Helper()
	p, err := ledger.Read(t.Context())
	must(t, err)
	if err := p.Claimed(release.Green, id); (err == nil) != want {
		t.Errorf("%s claims the green slot: got %v, want %t", id, err, want)
	}
}

func closesWay(t *testing.T, open func() traffic.Ledger) {
	ledger := open()
	must(t, ledger.Update(t.Context(), func(p *traffic.Page) error {
		p.Good = &traffic.Good{Slot: release.Blue}
		return nil
	}))
	must(t, traffic.TakeClaim(t.Context(), ledger, release.Green, "shop-2", false))
	if p, err := ledger.Read(t.Context()); err != nil || p.Good == nil {
		t.Errorf("after a claim on the other slot: got %+v, %v, want the good slot", p.Good, err)
	}
	must(t, traffic.TakeClaim(t.Context(), ledger, release.Blue, "shop-3", false))
	if p, err := ledger.Read(t.Context()); err != nil || p.Good != nil {
		t.Errorf("after a claim on the good slot: got %+v, %v, want no way back", p.Good, err)
	}
}
