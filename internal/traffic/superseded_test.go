package traffic_test

import (
	"errors"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
	"github.com/bluegreen-actions/bluegreen/internal/traffic/traffictest"
)

// A release of shop-7 to green, prepared while shop-6 was live in blue, comes late.
func TestWhoIsSuperseded(t *testing.T) {
	t.Parallel()
	note := func(id release.ID, to release.Slot) *traffic.Note {
		return &traffic.Note{Release: id, Candidate: to, Finished: time.Unix(1, 0)}
	}
	unfinished := func(id release.ID, to release.Slot) *traffic.Note { return &traffic.Note{Release: id, Candidate: to} }
	good := func(id release.ID, s release.Slot) *traffic.Good { return &traffic.Good{Slot: s, Release: id} }
	before := traffic.Page{Shift: note("shop-6", release.Blue), Good: good("shop-5", release.Green)}
	for sentence, test := range map[string]struct {
		page   traffic.Page
		green  release.Weight
		after  release.ID
		want   string // of the error; empty for none
		by     release.ID
		broken string
	}{
		"nothing has happened":           {page: before, after: "shop-6"},
		"what is live was adopted":       {after: release.Adopted},
		"the record says nothing of it":  {page: before},
		"another is live in its slot":    {page: traffic.Page{Shift: note("shop-8", release.Green), Good: good("shop-6", release.Blue)}, green: 100, after: "shop-6", want: "release shop-8 has 100% of the traffic, in the green slot", by: "shop-8"},
		"another is on its way there":    {page: traffic.Page{Shift: unfinished("shop-8", release.Green), Good: good("shop-6", release.Blue)}, green: 10, after: "shop-6", want: "release shop-8 is on its way in the green slot, and has 10% of the traffic"},
		"another is baked there":         {page: traffic.Page{Shift: unfinished("shop-8", release.Green), Good: good("shop-6", release.Blue)}, green: 100, after: "shop-6", want: "release shop-8 is on its way in the green slot, and has 100%"},
		"another was taken back":         {page: traffic.Page{Shift: unfinished("shop-8", release.Green), Good: good("shop-6", release.Blue)}, after: "shop-6"},
		"two others went live":           {page: traffic.Page{Shift: note("shop-9", release.Blue), Good: good("shop-8", release.Green)}, after: "shop-6", want: "release shop-9 has gone live in the blue slot since the preflight, which saw release shop-6 there", by: "shop-9"},
		"three did, and one came back":   {page: traffic.Page{Shift: note("shop-10", release.Green), Good: good("shop-9", release.Blue)}, after: "shop-6", want: "release shop-9 has gone live", by: "shop-9"},
		"two others, after an adoption":  {page: traffic.Page{Shift: note("shop-9", release.Blue), Good: good("shop-8", release.Green)}, after: release.Adopted, want: "which saw what no release has brought there", by: "shop-9"},
		"it went back to what was there": {page: traffic.Page{Shift: note("shop-6", release.Blue), Good: good("", release.Green)}, green: 100, after: "shop-6", want: "what no release has brought there has 100%", by: release.Adopted},
		"it has traffic itself":          {page: traffic.Page{Shift: note("shop-7", release.Green), Good: good("shop-6", release.Blue)}, green: 10, after: "shop-6"},
		"the ledger does not answer":     {after: "shop-6", broken: "read", want: "read who is live"},
		"the weights cannot be read":     {after: "shop-6", broken: "weights", want: "read the weights"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			b := new(traffictest.Balancer)
			equal(t, "page", b.Update(t.Context(), func(p *traffic.Page) error { *p = test.page; return nil }), nil)
			b.Move(release.Split(release.Green, test.green))
			if test.broken != "" {
				b.Before = failing(test.broken, errors.New("no route to host"))
			}
			err := traffic.Current(t.Context(), b.Of(), release.Record{ID: "shop-7", Candidate: release.Green, Good: release.Blue, After: test.after})
			if test.want == "" {
				equal(t, "error", err, nil)
				return
			}
			says(t, "error", err.Error(), test.want)
			s, _ := errors.AsType[*traffic.Superseded](err)
			equal(t, "superseded", s != nil, test.by != "")
			switch {
			case s != nil:
				equal(t, "by", s.By, test.by)
				equal(t, "exit", release.ExitStatus(err), 1)
				says(t, "hint", release.HintOf(err), "run the workflow again")
			case test.broken == "":
				equal(t, "exit", release.ExitStatus(err), 1)
				says(t, "hint", release.HintOf(err), "wait for that release, or roll it back; then re-run the failed jobs")
			}
		})
	}
}

// A take-over counts from when it was asked for, not from the next release's shift.
func TestAShiftGoesBackWhenItsSlotIsTakenOver(t *testing.T) {
	t.Parallel()
	bubbled(t, func(t *testing.T) {
		s, begin := newScene(t), time.Now()
		time.AfterFunc(time.Minute, func() {
			equal(t, "claim", traffic.TakeClaim(t.Context(), s.balancer, release.Green, "shop-8", true), nil)
		})
		log, err := s.shift.Run(t.Context())
		equal(t, "outcome", log.Outcome, traffic.RolledBack)
		equal(t, "exit", release.ExitStatus(err), 1)
		says(t, "error", err.Error(), "release shop-7 is superseded: release shop-8 claims the green slot")
		equal(t, "weight", s.weight(t), 0)
		if took := time.Since(begin); took > 2*time.Minute {
			t.Errorf("it took %v", took)
		}
	})
}
