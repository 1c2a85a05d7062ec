package traffic

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// watch is one step while it bakes.
type watch struct {
	*run
	step      Step
	clock     *clock
	foreign   time.Time // since when the split was read and is not ours; zero while it is
	unread    string    // why the split is not known; empty while it is
	before    string    // what was said about the gates last
	told      time.Time // when progress was last shown
	quiet     silence
	blind     string // why nothing is told of the candidate's containers
	doubts    doubts
	admission admission
	asked     *Pause // by a person; nil for none
}

// look reads the weights back, asks the gates, and says whether the step is
// over. Its error is a *retreat, a *pauseEnd or ErrLost.
func (w *watch) look(ctx context.Context) (over bool, err error) {
	w.hear()
	reading := w.reading(ctx)
	d := w.ask(ctx, gate.Moment{Candidate: w.Candidate, Live: w.Candidate.Other(), Weight: w.step.Weight, StepStarted: w.baking().Set})
	if d.Verdict >= gate.Rollback {
		w.log.account(d)
		if err := w.lost(ctx, reading); err != nil {
			return false, err
		}
		return false, &retreat{time.Now(), because(d, gate.Rollback)}
	}
	mine, err := w.mine(ctx, <-reading)
	if err != nil || ctx.Err() != nil {
		return false, err
	}
	if err := w.heed(ctx); err != nil {
		return false, &retreat{time.Now(), err.Error()}
	}
	why := causeOf(d, w.Good == nil)
	switch {
	case !mine || w.blind != "":
		why = halted
	case w.asked != nil && why != halted:
		why = asleep
	}
	w.clock.look(time.Now(), why)
	w.sample(ctx)
	w.judge(d, why)
	w.quiet.look(ctx)
	return w.over(why, d)
}

// hear takes what the alarms have said since the last look.
func (w *watch) hear() {
	notes, blind := w.vigil.take()
	w.blind = blind
	for _, note := range notes {
		w.say(Warned, "%s", note)
	}
}

// over decides what the clock means.
func (w *watch) over(why cause, d gate.Decision) (bool, error) {
	switch {
	case why == good && w.clock.good >= w.step.Bake:
		return true, nil
	case w.clock.paused > w.Settings.MaxPause:
		w.vigil.doubts()
		return false, &retreat{time.Now(), fmt.Sprintf("paused for %v in this step, longer than max-pause %v: %s",
			w.clock.paused.Round(time.Second), w.Settings.MaxPause, w.stands(why, d))}
	case why == starved && w.clock.good+w.clock.thin >= w.Settings.longest(w.step):
		return w.thin(d)
	}
	return false, nil
}

// stands is why the clock stands still.
func (w *watch) stands(why cause, d gate.Decision) string {
	switch {
	case w.unread != "":
		return w.unread
	case w.blind != "":
		return w.blind
	case why == good || why == starved:
		return fmt.Sprintf("the gates take up to %v to answer: time that nobody watches does not count", w.clock.gap.Round(time.Second))
	}
	return because(d, gate.Inconclusive)
}

// thin ends a step that had too little traffic for its gates.
func (w *watch) thin(d gate.Decision) (bool, error) {
	text := fmt.Sprintf("too little traffic: %v of %v good time in %v: %s",
		w.clock.good.Round(time.Second), w.step.Bake, w.clock.wall().Round(time.Second), because(d, gate.Warn))
	if w.Settings.OnLowTraffic == Hold {
		return false, &pauseEnd{text}
	}
	b := w.baking()
	if b.Thin { // said already: the step waits for something else
		return true, nil
	}
	b.Thin = true
	b.Warnings = append(b.Warnings, text)
	w.say(Warned, "%s; the step ends all the same", text)
	return true, nil
}

// splitRead is the split as the load balancer has it, or why that is not known.
type splitRead struct {
	release.Weights
	err error
}

// reading reads the split beside the gates, which a slow load balancer must not
// hold up.
func (w *watch) reading(ctx context.Context) <-chan splitRead {
	return aside(func() splitRead {
		weights, err := within(ctx, restoreTime, "reading the weights", w.Balancer.Router.Weights)
		return splitRead{weights, err}
	})
}

// mine says whether the split is the one that this shift has set. One that was read
// and stays different is a reason to go back; one that cannot be read stops the clock.
func (w *watch) mine(ctx context.Context, got splitRead) (bool, error) {
	want := release.Split(w.Candidate, w.step.Weight)
	if ctx.Err() != nil {
		return false, nil
	}
	if got.err != nil && !errors.Is(got.err, ErrApart) {
		w.unreadable(got.err)
		return false, nil
	}
	w.unread = ""
	if got.err == nil && got.Weights == want {
		if !w.foreign.IsZero() {
			w.say(Judged, "the weights are %v again", want)
		}
		w.foreign = time.Time{}
		return true, nil
	}
	seen := fmt.Sprintf("somebody else changed the weights to %v", got.Weights)
	if got.err != nil {
		seen = fmt.Sprintf("somebody else changed the weights: %v", got.err)
	}
	if err := call(ctx, callTime, "renewing the lease", w.renew); errors.Is(err, ErrLost) {
		return false, fmt.Errorf("%w: %s", err, seen)
	}
	if w.foreign.IsZero() {
		w.foreign = time.Now()
		w.say(Warned, "%s: the clock stands still", seen)
	}
	if time.Since(w.foreign) > foreignFor {
		return false, &retreat{time.Now(), seen}
	}
	return false, nil
}

// unreadable notes once that the split is not known. That is nobody's change, so the
// time of one does not go on.
func (w *watch) unreadable(err error) {
	if w.unread == "" {
		w.say(Warned, "the weights cannot be read: %v: the clock stands still", err)
	}
	w.unread = fmt.Sprintf("the weights cannot be read: %v", err)
	w.foreign = time.Time{}
}

// lost is ErrLost where the split is known already and somebody else has it, so that
// a breach does not write over what a person or a rollback has decided. It waits for
// no load balancer.
func (w *watch) lost(ctx context.Context, reading <-chan splitRead) error {
	select {
	case got := <-reading:
		if got.err == nil {
			if _, err := w.mine(ctx, got); errors.Is(err, ErrLost) {
				return err
			}
		}
	default:
	}
	return nil
}

// judge notes a decision and shows it where it differs from the one before, and
// once a minute the time that has passed.
func (w *watch) judge(d gate.Decision, why cause) {
	const every = time.Minute
	b := w.baking()
	b.Looks++
	b.Worst = max(b.Worst, d.Verdict)
	w.log.account(d)
	stands := fmt.Sprintf("%v of %v", w.clock.good.Round(time.Second), w.step.Bake)
	p := w.progress(d.Verdict)
	figures := p.figures(w.series.latest != nil)
	switch now := d.Verdict.String() + codes(d); {
	case now != w.before && !d.Verdict.Advances():
		w.tell(Judged, p, "%v: %s; the clock stands at %s%s", d.Verdict, because(d, gate.Inconclusive), stands, figures)
	case now != w.before:
		w.tell(Judged, p, "%v at %v%s; the clock is at %s%s", d.Verdict, w.step.Weight, warnings(d), stands, figures)
	case time.Since(w.told) >= every && !w.nearly() && (why == good || why == starved || why == filling):
		w.tell(Baked, p, "%s at %v%s", stands, w.step.Weight, figures)
	default:
		return
	}
	w.before, w.told = d.Verdict.String()+codes(d), time.Now()
	if d.Verdict == gate.Warn {
		b.Warnings = append(b.Warnings, because(d, gate.Warn))
	}
}

// nearly says that the step is about to say that it is over.
func (w *watch) nearly() bool { return w.clock.good >= w.step.Bake && w.admission.role == "" }

// record writes the clock into the log, also of a step that does not end well.
func (w *watch) record() {
	b := w.baking()
	b.Good, b.Paused, b.Wall, b.Gap = w.clock.good, w.clock.paused, w.clock.wall(), w.clock.gap
}

func (w *watch) close(ctx context.Context) error {
	w.baking().Done = true
	w.quiet.close(ctx)
	w.say(Baked, "%v at %v is over: %v of good time in %v", w.step.Bake, w.step.Weight, w.clock.good.Round(time.Second), w.clock.wall().Round(time.Second))
	return nil
}

// because lists the readings that are at least as bad as verdict. What several
// say alike, such as that their source is down, is said once.
func because(d gate.Decision, verdict gate.Verdict) string {
	var reasons []string
	rules := map[string][]string{}
	for _, r := range d.Readings {
		if r.DryRun || r.Verdict < verdict {
			continue
		}
		if rules[r.Reason] == nil {
			reasons = append(reasons, r.Reason)
		}
		rules[r.Reason] = append(rules[r.Reason], r.Rule)
	}
	if len(reasons) == 0 {
		return "no gate gave a reason"
	}
	for i, reason := range reasons {
		reasons[i] = strings.Join(rules[reason], ", ") + ": " + reason
	}
	return strings.Join(reasons, "; ")
}

func warnings(d gate.Decision) string {
	if d.Verdict == gate.Warn {
		return ": " + because(d, gate.Warn)
	}
	return ""
}

// codes is what a decision says, without the figures, which change every time.
func codes(d gate.Decision) string {
	var b strings.Builder
	for _, r := range d.Readings {
		if !r.DryRun && r.Verdict > gate.Pass {
			fmt.Fprintf(&b, " %s=%v/%s", r.Rule, r.Verdict, r.Code)
		}
	}
	return b.String()
}
