package nginx_test

import (
	"cmp"
	"context"
	"slices"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/openloop"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// flip is one move of all the traffic.
type flip struct {
	to      release.Slot
	decided time.Time
	written time.Time // when the call returned
}

func TestNothingIsLostOverManyFlips(t *testing.T) {
	const flips, pause, rate = 200, 20 * time.Millisecond, 600
	b := newBench(t, nil, steps...)
	s := b.open(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	done := make(chan openloop.Report)
	go func() {
		report, err := openloop.Run(ctx, openloop.Load{URL: b.server.URL, Rate: rate, Keep: []string{"X-Slot"}})
		if err != nil {
			t.Error(err)
		}
		done <- report
	}()
	time.Sleep(5 * pause)
	var all []flip
	for i := range flips {
		f := flip{to: release.Green, decided: time.Now()}
		if i%2 == 0 {
			must(t, s.Set(t.Context(), release.Green, 100, traffic.Token(i+1)))
		} else {
			f.to = release.Blue
			must(t, s.Restore(t.Context(), release.Blue))
		}
		f.written = time.Now()
		all = append(all, f)
		time.Sleep(pause)
	}
	stop()
	report := <-done
	for _, outcome := range openloop.Losses {
		if n := report.Count(outcome); n > 0 {
			t.Errorf("%d requests: %s", n, outcome)
		}
	}
	served := b.served[release.Blue].Load() + b.served[release.Green].Load()
	equal(t, "answered by the slots", int(served), report.Sent())
	t.Logf("%d flips: sent %d, answered %d, lost %d", flips, report.Sent(), report.Answered(), report.Lost())
	tell(t, release.Green, all, report)
	tell(t, release.Blue, all, report)
}

// tell prints how fast the flips to one slot were: to green by Set, to blue by
// Restore. A request is judged by the flip before
// its start, and left out where the next one came before its end.
func tell(t *testing.T, to release.Slot, flips []flip, report openloop.Report) {
	var writes, firsts, lasts []time.Duration
	late := 0
	for i, f := range flips {
		if f.to != to {
			continue
		}
		next := time.Now()
		if i+1 < len(flips) {
			next = flips[i+1].decided
		}
		first, last := time.Duration(0), time.Duration(0)
		for _, sample := range report.Samples {
			if sample.Started.Before(f.decided) || sample.Ended.After(next) {
				continue
			}
			isNew := sample.Header["X-Slot"] == string(f.to)
			if isNew && first == 0 {
				first = sample.Ended.Sub(f.decided)
			}
			if !isNew {
				last = max(last, sample.Started.Sub(f.decided))
			}
			if !isNew && sample.Started.After(f.written) {
				late++
			}
		}
		writes, lasts = append(writes, f.written.Sub(f.decided)), append(lasts, last)
		if first > 0 {
			firsts = append(firsts, first)
		}
	}
	for name, all := range map[string][]time.Duration{"the call returned": writes, "first new answer": firsts, "last start that got the other slot": lasts} {
		t.Logf("to %s, after the decision, %s: p50 %v, p99 %v, max %v of %d", to, name, rank(all, 50), rank(all, 99), rank(all, 100), len(all))
	}
	if late > 0 {
		t.Errorf("%d requests that started after the call had returned got the other slot", late)
	}
}

func rank(all []time.Duration, percent int) time.Duration {
	slices.SortFunc(all, cmp.Compare)
	return all[min((len(all)*percent)/100, len(all)-1)].Round(10 * time.Microsecond)
}

// fixed is a gate, and a candidate, that say what they were told to.
type fixed struct {
	at map[release.Weight]gate.Verdict
}

func (f fixed) Evaluate(_ context.Context, at gate.Moment) gate.Decision {
	v := f.at[at.Weight]
	return gate.Decision{Verdict: v, Readings: []gate.Reading{{Rule: "errors", Verdict: v, Reason: "as told"}}, At: time.Now()}
}

func (fixed) Check(context.Context) error        { return nil }
func (fixed) StartWorkers(context.Context) error { return nil }
func (fixed) QuietWorkers(context.Context) error { return nil }

func TestAReleaseThroughARealNginx(t *testing.T) {
	t.Parallel()
	carry := func(t *testing.T, b *bench, id release.ID, candidate release.Slot, gates fixed) (*traffic.Log, error) {
		s := b.open(t)
		must(t, traffic.TakeClaim(t.Context(), s, candidate, id, true))
		return traffic.Shift{
			Owner: traffic.Owner{Release: id, Process: "test"}, Candidate: candidate, Good: &traffic.Good{Slot: candidate.Other()},
			Settings: traffic.Settings{
				Steps: []traffic.Step{{Weight: 10, Bake: 50 * time.Millisecond}, {Weight: 50, Bake: 50 * time.Millisecond}, {Weight: 100, Bake: 50 * time.Millisecond}},
				Tick:  time.Second, MaxPause: time.Minute, OnLowTraffic: traffic.Continue, OnInterrupt: traffic.GoBack, Observe: 1000,
			},
			Balancer: s.Balancer(), Leases: s.Leases(traffic.LeaseExpiry), Gates: gates, Slot: gates,
		}.Run(t.Context())
	}
	b := newBench(t, nil, steps...)
	s := b.open(t)

	log, err := carry(t, b, "shop-1", release.Green, fixed{})
	must(t, err)
	for _, baking := range log.Steps {
		t.Logf("asked for %v, counted %v", baking.Step.Weight, baking.Share)
	}
	splits(t, s, release.Split(release.Green, 100))
	for range 2 {
		must(t, traffic.Idle(t.Context(), s.Balancer(), s, "shop-1", release.Green, nil))
	}
	splits(t, s, release.Split(release.Green, 100))

	log, err = carry(t, b, "shop-2", release.Blue, fixed{at: map[release.Weight]gate.Verdict{50: gate.Rollback}})
	equal(t, "exit", release.ExitStatus(err), 1)
	equal(t, "outcome", log.Outcome, traffic.RolledBack)
	splits(t, s, release.Split(release.Green, 100))
	t.Logf("in the shift: written %v, effective %v, proven %v after the decision", log.Back.Write, log.Back.Effect, log.Back.Proof)

	_, err = carry(t, b, "shop-2", release.Blue, fixed{})
	must(t, err)
	splits(t, s, release.Split(release.Blue, 100))
	for range 2 {
		way, err := traffic.Rollback{Balancer: s.Balancer(), Lease: s.Leases(traffic.LeaseExpiry), Release: "shop-2", Observe: 1000}.Run(t.Context())
		must(t, err)
		equal(t, "warning", way.Warning, "")
		t.Logf("by itself: written %v, effective %v, proven %v after the decision", way.Write, way.Effect, way.Proof)
	}
	splits(t, s, release.Split(release.Green, 100))
}
