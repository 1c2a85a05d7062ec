package traffic

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Validation is how a release that has all the traffic is compared with the
// values from before its first step.
type Validation struct {
	MaxSlowdown   float64 `yaml:"max-slowdown" help:"How many times longer than before the release an answer may take, in the mean and at p95, at 100 %; 50 ms more are always allowed. 0 compares nothing." default:"1.5"`
	MinThroughput float64 `yaml:"min-throughput" help:"The share of the requests per second from before the release that should still arrive at 100 %. Less is said in the log and shown in the evidence, and is no reason to go back, since users come and go. 0 compares nothing." default:"0.5"`
}

// Check refuses factors that make no sense.
func (v Validation) Check() error {
	switch {
	case v.MaxSlowdown != 0 && !(v.MaxSlowdown >= 1):
		return fmt.Errorf("validate.max-slowdown %v: want 1 or more, or 0 for no comparison", v.MaxSlowdown)
	case !(v.MinThroughput >= 0 && v.MinThroughput <= 1):
		return fmt.Errorf("validate.min-throughput %v: want 0 to 1", v.MinThroughput)
	}
	return nil
}

// Proof is what came of one question of the validation.
type Proof struct {
	What     string         `json:"what"`
	Status   release.Status `json:"status"`
	Stops    bool           `json:"stops,omitempty"` // whether its failure is a reason to go back
	Saw      string         `json:"saw"`
	Evidence []string       `json:"evidence,omitempty"`
}

// The validation's own limits.
const (
	flowOver     = 5 * time.Minute       // what a comparison covers, if the step lasts as long
	flowEnough   = 600                   // requests that place a p95
	slack        = 50 * time.Millisecond // that a slower answer may always take
	validateTime = 20 * time.Second
	doubtFor     = time.Minute            // until what failed is asked again
	meanLimit    = 100 * time.Millisecond // source: sections 5.2 and D.3 of the plan
	p95Limit     = 200 * time.Millisecond
	p99Limit     = 500 * time.Millisecond
)

// before measures the good slot before the first weight, to compare with.
func (r *run) before(ctx context.Context) *gate.Flow {
	if r.Flow == nil || r.Good == nil {
		return nil
	}
	flow, err := within(ctx, sampleTime, "measuring the traffic before the release", func(ctx context.Context) (gate.Flow, error) {
		return r.Flow(ctx, r.Good.Slot, flowOver)
	})
	if err != nil {
		r.say(Warned, "the traffic before the release could not be measured, so nothing is compared with it: %v", err)
		return nil
	}
	return &flow
}

// validate looks at a release whose last bake is over, while its step still is
// on. What fails is asked again a minute later, since one disturbance would fail
// two looks in a row; the second failure of one and the same question is a reason
// to go back.
func (w *watch) validate(ctx context.Context) (done bool, err error) {
	switch {
	case w.step.Weight != 100:
		return true, nil
	case time.Now().Before(w.doubts.due):
		return false, nil
	}
	w.log.Validation = w.proofs(ctx)
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	once, twice := w.doubts.add(w.log.Validation)
	switch {
	case len(twice) > 0:
		return false, &retreat{time.Now(), "the validation at 100%: " + strings.Join(twice, "; ")}
	case len(once) == 0:
		w.remark()
		return true, nil
	}
	w.doubts.due = time.Now().Add(doubtFor)
	w.say(Warned, "the validation at 100%% failed, and is done again in %v: %s", doubtFor, strings.Join(once, "; "))
	return false, nil
}

// doubts is what the validation has seen fail so far.
type doubts struct {
	failed map[string]bool // by question, of those that are a reason to go back
	due    time.Time       // when it is done again
}

// add lists what failed for the first time, and what did again. What passed in
// between is no less in doubt, so that the looks come to an end.
func (d *doubts) add(proofs []Proof) (once, twice []string) {
	if d.failed == nil {
		d.failed = map[string]bool{}
	}
	for _, p := range proofs {
		switch {
		case p.Status != release.Failed || !p.Stops:
		case d.failed[p.What]:
			twice = append(twice, p.What+": "+p.Saw)
		default:
			d.failed[p.What] = true
			once = append(once, p.What+": "+p.Saw)
		}
	}
	return once, twice
}

// remark says what is not as it should be, and no reason to go back.
func (w *watch) remark() {
	for _, p := range w.log.Validation {
		if p.Status == release.Failed && !p.Stops {
			w.say(Warned, "the validation at 100%%: %s: not so: %s", p.What, p.Saw)
		}
	}
}

func (w *watch) proofs(ctx context.Context) []Proof {
	all := w.compare(ctx)
	if w.Last != nil {
		asked, err := within(ctx, validateTime, "the validation", func(ctx context.Context) ([]Proof, error) {
			return w.Last(ctx, w.since), nil
		})
		if err != nil {
			asked = []Proof{{What: "the release with all the traffic", Stops: true, Status: release.Failed, Saw: err.Error()}}
		}
		all = append(all, asked...)
	}
	return all
}

// compare measures the candidate and holds it against the time before.
func (w *watch) compare(ctx context.Context) []Proof {
	if w.Flow == nil {
		return nil
	}
	window := min(time.Since(w.baking().Set), max(flowOver, w.step.Bake)).Truncate(time.Second)
	after, err := within(ctx, sampleTime, "measuring the traffic", func(ctx context.Context) (gate.Flow, error) {
		return w.Flow(ctx, w.Candidate, max(window, time.Second))
	})
	if err != nil {
		return []Proof{{What: "answer times", Status: release.NotShown, Saw: err.Error(), Evidence: []string{"D.3.p1", "D.3.p2", "5.2.10"}}}
	}
	return append(w.targets(after), w.Settings.Validation.compare(w.log.Before, after)...)
}

// targets holds the answer times against the plan's. It is the gates that take a
// release back for them, while it has less traffic.
func (w *watch) targets(f gate.Flow) []Proof {
	saw := fmt.Sprintf("%.0f requests in %v: mean %v, p95 %v, p99 %v", f.Requests, f.Window, ms(f.Mean), ms(f.P95), ms(f.P99))
	mean := Proof{What: "mean answer time", Saw: saw, Status: release.NotShown, Evidence: []string{"5.2.10"}}
	all := Proof{What: "answer times for 15 minutes", Saw: saw, Status: release.NotShown, Evidence: []string{"D.3.p1"}}
	if f.Requests >= flowEnough && f.Mean > 0 {
		mean.Status = shown(f.Mean < meanLimit)
		if w.clock.good >= 15*time.Minute {
			all.Status = shown(f.Mean < meanLimit && f.P95 <= p95Limit && f.P99 <= p99Limit)
		}
	}
	return []Proof{mean, all}
}

// compare says whether the release is slower, or gets less, than what was before.
func (v Validation) compare(before *gate.Flow, after gate.Flow) []Proof {
	slow := Proof{What: "no slower than before", Status: release.NotShown, Stops: true, Evidence: []string{"D.3.p2"}}
	less := Proof{What: "as much traffic as before", Status: release.NotShown}
	switch {
	case before == nil:
		slow.Saw = "nothing was measured before the first step"
		less.Saw = slow.Saw
		return []Proof{slow, less}
	case before.Requests < flowEnough || after.Requests < flowEnough:
		slow.Saw = fmt.Sprintf("%.0f requests before and %.0f at the end: want %d to compare", before.Requests, after.Requests, flowEnough)
		less.Saw = slow.Saw
		return []Proof{slow, less}
	}
	slow.Saw = fmt.Sprintf("mean %v before and %v now, p95 %v and %v, errors %.3g%% and %.3g%%",
		ms(before.Mean), ms(after.Mean), ms(before.P95), ms(after.P95), 100*before.Errors(), 100*after.Errors())
	less.Saw = fmt.Sprintf("%.1f requests a second before and %.1f now", before.Rate(), after.Rate())
	if v.MaxSlowdown > 0 && before.Mean > 0 && after.Mean > 0 {
		slow.Status = shown(v.allows(before.Mean, after.Mean) && v.allows(before.P95, after.P95))
	}
	if v.MinThroughput > 0 {
		less.Status = shown(after.Rate() >= v.MinThroughput*before.Rate())
	}
	return []Proof{slow, less}
}

func (v Validation) allows(before, after time.Duration) bool {
	return after <= time.Duration(v.MaxSlowdown*float64(before))+slack
}

func shown(holds bool) release.Status {
	if holds {
		return release.Passed
	}
	return release.Failed
}

func ms(d time.Duration) string { return d.Round(100 * time.Microsecond).String() }
