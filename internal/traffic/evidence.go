package traffic

import (
	"context"
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// planned is what the plan wants of one step, with the ids of its items.
type planned struct {
	weight  release.Weight
	bake    time.Duration
	applied []string
	baked   []string
	calm    []string // no gate worse than a warning
}

// Source: sections C.1 and 6.3 of the plan.
var plannedSteps = []planned{
	{10, 5 * time.Minute, []string{"C.1.1", "6.3.6"}, []string{"C.1.2", "6.3.7"}, []string{"C.1.3", "6.3.8"}},
	{50, 10 * time.Minute, []string{"C.1.4", "6.3.9"}, []string{"C.1.5", "6.3.10"}, []string{"C.1.6", "6.3.11"}},
	{100, 15 * time.Minute, []string{"C.1.7", "6.3.12"}, []string{"C.1.8", "6.3.13"}, []string{"6.3.14"}},
}

// enough is how many requests the plan wants for a proof.
const enough = 1000

// show turns the log of a shift that moved traffic into evidence. A step that
// was configured shorter than the plan has it is "not shown", never passed.
func (r *run) show() {
	gate.Decision{Readings: r.log.Readings}.Show(r.Found)
	for _, want := range plannedSteps {
		if b := r.log.at(want.weight); b != nil {
			r.showStep(want, *b)
		}
	}
	if r.log.Outcome == Shifted {
		r.showWhole()
	}
	if len(r.log.Steps) > 0 {
		r.vigil.show(r.Found, r.Candidate)
	}
	r.showValidation()
	if r.log.Back != nil {
		r.log.Back.show(r.Found)
		r.Found.Show("4.5.2", len(r.log.Readings) > 0, "decided at %s: %s; %d readings of the gates are in the summary", r.log.Back.Decided.Format(time.RFC3339Nano), r.log.Back.Reason, len(r.log.Readings))
	}
}

func (l *Log) at(w release.Weight) *Baking {
	for i := range l.Steps {
		if l.Steps[i].Step.Weight == w {
			return &l.Steps[i]
		}
	}
	return nil
}

func (r *run) showStep(want planned, b Baking) {
	split := release.Split(r.Candidate, want.weight)
	fits := b.Weights == split && b.Share.Fits(split)
	each(want.applied, func(id string) {
		if fits && b.Share.Total() < enough {
			r.Found.Miss(id, "counted only %v: want %d requests", b.Share, enough)
			return
		}
		r.Found.Show(id, fits, "asked for %v, read back %v, counted %v", split, b.Weights, b.Share)
	})
	if !b.Done {
		return
	}
	each(want.baked, func(id string) {
		if b.Good < want.bake {
			r.Found.Miss(id, "%v of good time in %v: the plan wants %v%s", b.Good, b.Wall, want.bake, lastWarning(b))
			return
		}
		r.Found.Show(id, true, "%v of good time in %v", b.Good, b.Wall)
	})
	each(want.calm, func(id string) {
		if b.Thin {
			r.Found.Miss(id, "%s", lastWarning(b))
			return
		}
		r.Found.Show(id, b.Worst < gate.Pause, "worst of %d looks at the gates: %v%s", b.Looks, b.Worst, lastWarning(b))
	})
}

// showWhole shows what only a shift that went all the way can show.
func (r *run) showWhole() {
	proven, watched := true, true
	text, longest := "", time.Duration(0)
	for _, b := range r.log.Steps {
		proven = proven && b.Share.Total() >= enough && b.Share.Fits(release.Split(r.Candidate, b.Step.Weight))
		watched = watched && b.Gap <= 2*r.Settings.Tick
		longest = max(longest, b.Gap)
		text += fmt.Sprintf("%v: counted %v; ", b.Step.Weight, b.Share)
	}
	if proven {
		r.Found.Show("1.3.s3", true, "%sall within 3 standard deviations", text)
	} else {
		r.Found.Miss("1.3.s3", "%swant %d requests each, within 3 standard deviations", text, enough)
	}
	if watched { // a look that came late has decided as well, so a gap fails nothing
		r.Found.Show("1.3.s4", true, "the gates were asked every %v; the longest gap was %v", r.Settings.Tick, longest.Round(time.Millisecond))
	} else {
		r.Found.Miss("1.3.s4", "the longest gap between two looks at the gates was %v: want at most 2 of %v", longest.Round(time.Millisecond), r.Settings.Tick)
	}
	last := r.log.Steps[len(r.log.Steps)-1]
	r.Found.Show("1.3.p1", last.Weights == release.Split(r.Candidate, 100), "read back %v, counted %v", last.Weights, last.Share)
}

// showValidation shows what the release with all the traffic was seen to be.
func (r *run) showValidation() {
	for _, p := range r.log.Validation {
		each(p.Evidence, func(id string) {
			if p.Status == release.NotShown {
				r.Found.Miss(id, "%s: %s", p.What, p.Saw)
				return
			}
			r.Found.Show(id, p.Status == release.Passed, "%s: %s", p.What, p.Saw)
		})
	}
}

// show turns a way back into evidence. Limits: the table in section 4.6 of the
// plan.
func (w *Way) show(found *release.Findings) {
	const whole = 10 * time.Second
	split := release.Split(w.Good, 100)
	counted := w.Share.Total() >= enough && w.Share.Fits(split) && w.Missing() == ""
	found.Show("4.6.t1", !w.Decided.IsZero(), "decided at %s: %s", w.Decided.Format(time.RFC3339Nano), w.Reason)
	found.Show("4.6.t2", w.Write > 0 && w.Write <= 2*time.Second, "written %v after the decision", w.Write)
	found.Show("4.6.t3", w.Write > 0 && w.Write <= 3*time.Second, "the load balancer acknowledged with the write, %v after the decision", w.Write)
	found.Show("4.6.t4", w.Effect > 0 && w.Effect-w.Write <= time.Second, "no new request at the other slot %v after the write", w.Effect-w.Write)
	found.Show("4.6.t5", w.Proof > 0 && w.Proof-w.Effect <= 5*time.Second, "read back and counted %v after the effect", w.Proof-w.Effect)
	each([]string{"4.6.t6", "4.1.p1"}, func(id string) {
		found.Show(id, w.Proof > 0 && w.Proof < whole, "%v from the decision to the proof", w.Proof)
	})
	found.Show("C.3.r2", w.Effect > 0 && w.Effect <= whole, "%v from the decision until no new request reached the other slot", w.Effect)
	found.Show("4.1.s1", w.Weights == split && w.Missing() == "", "read back %v%s", w.Weights, without(w.Missing()))
	each([]string{"4.1.v1", "8.2.s2"}, func(id string) {
		found.Show(id, counted, "counted %v: want %d, all at the %s slot%s", w.Share, enough, w.Good, without(w.Missing()))
	})
}

// show adds what a rollback of its own knows: the health of the good slot after
// the traffic has moved there.
func (r Rollback) show(ctx context.Context, way *Way, problem error) {
	if r.Found == nil {
		return
	}
	way.show(r.Found)
	each([]string{"4.1.v2", "8.2.s3"}, func(id string) {
		if r.Healthy == nil {
			r.Found.Miss(id, "nobody asked the %s slot", way.Good)
			return
		}
		err := r.health(ctx, way.Good)
		r.Found.Show(id, err == nil, "the %s slot after the traffic came back: %s", way.Good, orHealthy(err))
	})
	r.Found.Show("8.2.s4", problem == nil, "the traffic is at the %s slot: %t", way.Good, problem == nil)
}

// without says in a sentence which load balancers did not go back.
func without(missing string) string {
	if missing == "" {
		return ""
	}
	return "; not of " + missing + ", which did not take the change"
}

func orHealthy(err error) string {
	if err != nil {
		return err.Error()
	}
	return "healthy"
}

func each(ids []string, show func(id string)) {
	for _, id := range ids {
		show(id)
	}
}

// lastWarning is a step's last warning, to follow a sentence.
func lastWarning(b Baking) string {
	if len(b.Warnings) == 0 {
		return ""
	}
	return "; " + b.Warnings[len(b.Warnings)-1]
}
