package traffic

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
)

// Answer is what came of one question to the candidate.
type Answer struct {
	Check string
	Err   error // what differed; nil when it passed
	Away  bool  // nobody answered, which may be the network's fault and not the candidate's
}

// Repeats is the critical questions of smoke as a gate, to be joined with the
// others: they are asked again at every look. One failure of a question stops the
// clock; the second in a row is a reason to go back, and so is the first while
// there is no traffic to lose. That nobody could be asked only stops the clock,
// unless it lasts.
type Repeats struct {
	Ask func(ctx context.Context, at gate.Moment) []Answer // reads only, and returns soon after ctx has ended

	mu     sync.Mutex
	failed map[string]failing // by question
}

// failing is a question that has not passed since.
type failing struct {
	times int       // it was answered, in a row
	away  time.Time // since when nobody answers; zero when somebody did
}

// Question begins the name of a repeated question among the gates.
const Question = "smoke "

const (
	confirmed = 2                // failures in a row are a reason to go back. Source: item C.3.6 of the plan.
	awayFor   = 30 * time.Second // without any answer are one, too
)

// Evaluate asks every question once.
func (r *Repeats) Evaluate(ctx context.Context, at gate.Moment) gate.Decision {
	var d gate.Decision
	for _, a := range r.Ask(ctx, at) {
		d.Readings = append(d.Readings, r.read(a, at))
	}
	d.Verdict = gate.Worst(d.Readings)
	return d
}

// read turns an answer into a reading like those of the gates.
func (r *Repeats) read(a Answer, at gate.Moment) gate.Reading {
	reading := gate.Reading{Rule: Question + a.Check, Code: gate.OK, Reason: "passed", Samples: 1, Evidence: []string{"C.3.6"}}
	r.mu.Lock()
	defer r.mu.Unlock()
	if a.Err == nil {
		delete(r.failed, a.Check)
		return reading
	}
	f := r.failed[a.Check].and(a)
	if r.failed == nil {
		r.failed = map[string]failing{}
	}
	r.failed[a.Check] = f
	reading.Value = float64(f.times)
	reading.Verdict, reading.Code, reading.Reason = f.judge(at)
	reading.Reason += ": " + a.Err.Error()
	return reading
}

// and is what is known after one more answer that did not pass.
func (f failing) and(a Answer) failing {
	switch {
	case !a.Away:
		return failing{times: f.times + 1}
	case f.away.IsZero():
		f.away = time.Now()
	}
	return f
}

func (f failing) judge(at gate.Moment) (v gate.Verdict, c gate.Code, reason string) {
	var enough bool
	switch gone := time.Since(f.away); {
	case !f.away.IsZero():
		v, c, reason, enough = gate.Inconclusive, gate.Failing, fmt.Sprintf("no answer for %v", gone.Round(time.Second)), gone >= awayFor
	case f.times == 1:
		v, c, reason = gate.Pause, gate.Pending, "failed once"
	default:
		v, c, reason, enough = gate.Pause, gate.Pending, fmt.Sprintf("failed %d times in a row", f.times), f.times >= confirmed
	}
	if enough || at.Weight == 0 {
		v, c = gate.Rollback, gate.Breach
	}
	return v, c, reason
}
