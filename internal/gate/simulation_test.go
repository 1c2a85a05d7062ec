package gate_test

import (
	"flag"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// The table of docs/gates.md is what this prints:
//
//	go test ./internal/gate -run TestTheDefaultPackInSimulation -rollouts 2000 -timeout 6h -v
var (
	rollouts = flag.Int("rollouts", 0, "how many rollouts of each kind to simulate; 0 simulates a few, of some kinds")
	only     = flag.Float64("only", 0, "the requests a second to simulate; 0 simulates all of 1, 5, 50 and 500")
)

// kind is one row of the table: what is released, and how it is watched.
type kind struct {
	perSecond float64 // on the candidate in the first step, at 10 % of the traffic
	mode      gate.FiveXX
	scrape    time.Duration // and how often is looked
	candidate float64       // the share of its requests that fails
	live      float64
}

// ended is how a rollout came out.
type ended struct {
	after  time.Duration // from the first weight
	back   bool          // it was taken back
	waited bool          // since it was paused for too long, or never had enough traffic to go on
	paused time.Duration
	rule   string
}

// steps are the plan's.
var steps = []struct {
	weight float64
	bake   time.Duration
}{{10, 5 * time.Minute}, {50, 10 * time.Minute}, {100, 15 * time.Minute}}

const maxPause = 30 * time.Minute

// still are the rules of the pack to which nothing happens here: they pass at
// every tick and take two thirds of the time.
var still = []string{
	gate.RuleRestarts, gate.RuleP95High, gate.RuleWorkerLag, gate.RulePool, gate.RuleWorkers, gate.RuleFailedJobs,
	gate.RuleCrashes, gate.RuleConnecting, gate.RuleMemory, gate.RuleCPU,
}

// rollout is one release, by the rules of a shift: only good time counts, a step
// with too little traffic ends after twice its bake, and a pause of half an hour
// ends the release.
func (k kind) rollout(t testing.TB, seed uint64) ended {
	s := newSimulated(seed, k.scrape)
	total := 10 * k.perSecond
	for range int(past / k.scrape) {
		s.seen[release.Green] = append(s.seen[release.Green], counts{})
	}
	s.history(flow{total, k.live}, int(past/k.scrape))
	set := bare()
	set.Pack, set.FiveXX, set.Skip = gate.PackPlan, k.mode, still
	w, err := gate.New(set, s, gate.Pace{Scrape: k.scrape, Tick: k.scrape}, len(steps))
	if err != nil {
		t.Fatal(err)
	}
	var e ended
	begin := time.Now()
	for _, step := range steps {
		var good, thin, halted time.Duration
		m := gate.Moment{Candidate: release.Green, Live: release.Blue, Weight: release.Weight(step.weight), StepStarted: time.Now()}
		flows := map[release.Slot]flow{
			release.Green: {total * step.weight / 100, k.candidate}, release.Blue: {total * (100 - step.weight) / 100, k.live},
		}
		for good < step.bake {
			time.Sleep(k.scrape)
			s.serve(flows)
			d := w.Evaluate(t.Context(), m)
			e.after = time.Since(begin)
			switch {
			case d.Verdict == gate.Rollback:
				e.back, e.rule = true, d.Stopping()[0].Rule
				return e
			case d.Verdict.Advances():
				good += k.scrape
			case d.NeedsTraffic():
				thin += k.scrape
			default:
				halted += k.scrape
				e.paused += k.scrape
			}
			if halted > maxPause {
				e.back, e.waited = true, true
				e.rule = d.Stopping()[0].Rule
				return e
			}
			if d.NeedsTraffic() && good+thin >= 2*step.bake {
				break
			}
		}
	}
	return e
}

// history is what the live slot served before the first step.
func (s *simulated) history(live flow, scrapes int) {
	s.begin = s.begin.Add(-time.Duration(scrapes-1) * s.scrape)
	s.seen = map[release.Slot][]counts{}
	for range scrapes {
		s.serve(map[release.Slot]flow{release.Blue: live})
	}
}

// run simulates n rollouts.
func (k kind) run(t *testing.T, n int) (all []ended) {
	synctest.Test(t, func(t *testing.T) {
		for i := range n {
			all = append(all, k.rollout(t, uint64(i)))
		}
	})
	return all
}

// figures are what a row says.
type figures struct {
	n, back, waited int
	median, p95     time.Duration // of those that were taken back
	within          int           // taken back within 2 minutes
	paused          time.Duration // on average
	rules           map[string]int
}

func summarize(all []ended) figures {
	f := figures{n: len(all), rules: map[string]int{}}
	var took []time.Duration
	for _, e := range all {
		f.paused += e.paused / time.Duration(len(all))
		if !e.back {
			continue
		}
		f.back++
		f.rules[e.rule]++
		if e.waited {
			f.waited++
		}
		took = append(took, e.after)
		if e.after <= 2*time.Minute {
			f.within++
		}
	}
	slices.Sort(took)
	if len(took) > 0 {
		f.median, f.p95 = took[len(took)/2], took[min(len(took)*95/100, len(took)-1)]
	}
	return f
}

func (f figures) share(n int) string { return fmt.Sprintf("%.2f %%", 100*float64(n)/float64(f.n)) }

func TestTheDefaultPackInSimulation(t *testing.T) {
	if *rollouts == 0 {
		a, few := gate.Attributable, 40
		bad := summarize(kind{5, a, 15 * time.Second, 0.01, 0.0005}.run(t, few))
		if bad.back < few || bad.median > 2*time.Minute {
			t.Errorf("%d of %d bad releases were taken back, half of them after %v: want all, within 2m0s", bad.back, few, bad.median)
		}
		clean := summarize(kind{5, a, 15 * time.Second, 0.01, 0}.run(t, few))
		if clean.back < few || clean.p95 > 2*time.Minute {
			t.Errorf("%d of %d bad releases beside a slot without errors were taken back, most after %v: want all, within 2m0s", clean.back, few, clean.p95)
		}
		good := summarize(kind{50, a, 15 * time.Second, 0.0005, 0.0005}.run(t, few))
		if good.back > 0 {
			t.Errorf("%d of %d good releases were taken back: %v", good.back, few, good.rules)
		}
		return
	}
	for _, k := range kinds() {
		f := summarize(k.run(t, *rollouts))
		fmt.Printf("| %v | %g | %s | %g %% | %g %% | %s | %s | %v | %v | %s | %v |\n", k.scrape, k.perSecond, k.mode,
			100*k.candidate, 100*k.live, f.share(f.back), f.share(f.waited), f.median, f.p95, f.share(f.within), f.paused.Round(time.Second))
	}
}

// kinds are the rows of the table: first those of a server that scrapes each 15
// seconds, then some of our own scraping.
func kinds() (all []kind) {
	for _, pace := range []struct {
		scrape time.Duration
		rates  []float64
	}{{15 * time.Second, []float64{1, 5, 50, 500}}, {5 * time.Second, []float64{5}}} {
		for _, perSecond := range pace.rates {
			if *only != 0 && *only != perSecond {
				continue
			}
			for _, mode := range []gate.FiveXX{gate.Attributable, gate.Strict} {
				for _, c := range []struct{ candidate, live float64 }{{0.01, 0.0005}, {0.01, 0}, {0.0005, 0.0005}} {
					all = append(all, kind{perSecond, mode, pace.scrape, c.candidate, c.live})
				}
			}
		}
	}
	return all
}
