package gate

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// watch measures one rule of a single number.
type watch struct {
	rule  Rule
	state state
	known map[string]bool
}

func (w *watch) look(ctx context.Context, t tick) Reading {
	x, err := measurement{t, w.rule, w.known}.take(ctx)
	err = w.trust(t, x, err)
	if err != nil {
		return w.doubt(x, err, t.at)
	}
	verdict, code := w.state.judge(w.rule, x, t.at)
	if verdict == Rollback && crash(w.rule.Name) {
		code = Crash
	}
	r := w.reading(x, verdict, code)
	r.Value, r.Samples = x.value, x.requests
	r.Reason = w.rule.explain(x, code)
	return r
}

func (w *watch) miss(err error, at time.Time) Reading { return w.doubt(sample{}, err, at) }

// trust says whether what was measured on the candidate may be believed. A
// breach that asks for a rollback is: the processes that are left showed it.
func (w *watch) trust(t tick, x sample, err error) error {
	breach := err == nil && w.rule.Rollback.crossed(x.value)
	switch {
	case !w.rule.mentions("slot") || breach || !answered(err):
		return err
	case t.down != nil:
		return t.down
	case err != nil:
		return err
	}
	return t.gaps[w.rule.Window]
}

func (w *watch) doubt(x sample, err error, at time.Time) Reading {
	verdict, code := w.state.doubt(err, w.rule.Window, at)
	r := w.reading(x, verdict, code)
	r.Reason = clip(err.Error())
	return r
}

func (w *watch) reading(x sample, v Verdict, code Code) Reading {
	return Reading{
		Rule: w.rule.Name, Verdict: v, Code: code, Query: x.query,
		DryRun: w.rule.DryRun, Optional: w.rule.Optional, Evidence: w.rule.Evidence,
	}
}

// explain says what was seen, and against which threshold.
func (r Rule) explain(x sample, code Code) string {
	text := r.show(x.value)
	if r.isRatio() {
		text = fmt.Sprintf("%s over %v", r.ofRequests(x), x.window)
	}
	switch limit := r.limit(x.value); {
	case code == LowTraffic:
		return fmt.Sprintf("%s: %s; want %d requests", text, r.bound(x), r.MinSamples)
	case limit != "":
		return fmt.Sprintf("%s: %s", text, limit)
	}
	return text
}

// ofRequests says a share with the count behind it.
func (r Rule) ofRequests(x sample) string {
	if r.Fraction != "" {
		return fmt.Sprintf("%s of %.0f requests within the bound", percent(x.value), x.requests)
	}
	return fmt.Sprintf("%.0f of %.0f requests failed (%s)", x.bad, x.requests, percent(x.value))
}

// bound is what so few requests show.
func (r Rule) bound(x sample) string {
	what := "failed"
	if r.Fraction != "" {
		what = "beyond the bound"
	}
	return fmt.Sprintf("with 95%% confidence less than %s %s", percent(UpperBound(x.bad, x.requests)), what)
}

// limit is the worst threshold that value crosses, in words.
func (r Rule) limit(value float64) string {
	names := []string{"rollback", "pause", "warn"}
	for i, t := range []*Threshold{r.Rollback, r.Pause, r.Warn} {
		if t.crossed(value) {
			return names[i] + " " + t.describe(r.show)
		}
	}
	return ""
}

func (r Rule) show(value float64) string {
	if r.isRatio() {
		return percent(value)
	}
	return strconv.FormatFloat(value, 'g', 4, 64)
}

func percent(share float64) string { return strconv.FormatFloat(100*share, 'g', 3, 64) + "%" }
