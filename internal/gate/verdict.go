package gate

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Verdict is what one look at a rule means for the step. The verdicts are
// ordered, and the worst of several wins.
type Verdict int

// The verdicts, best first. Only Pass and Warn let a step go on.
const (
	Pass         Verdict = iota // measured, and good
	Warn                        // measured, and close to or over the warning threshold
	Inconclusive                // could not tell: the step's clock stands still
	Pause                       // measured, and bad: the weight is kept
	Rollback                    // measured, and too bad to keep any traffic there
)

var verdicts = [...]string{"pass", "warn", "inconclusive", "pause", "rollback"}

// String is the verdict's name, such as "pause".
func (v Verdict) String() string {
	if v < Pass || v > Rollback {
		return fmt.Sprintf("verdict(%d)", int(v))
	}
	return verdicts[v]
}

// MarshalText writes the verdict's name.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads a verdict's name and refuses everything else.
func (v *Verdict) UnmarshalText(text []byte) error {
	i := slices.Index(verdicts[:], string(text))
	if i < 0 {
		return fmt.Errorf("verdict %q: want one of %q", text, verdicts)
	}
	*v = Verdict(i)
	return nil
}

// Advances says whether the step's clock may run under this verdict.
func (v Verdict) Advances() bool { return v == Pass || v == Warn }

// Code says in one word, for machines, why a reading has its verdict.
type Code string

// The codes of a reading.
const (
	OK          Code = "ok"           // inside the thresholds
	Breach      Code = "breach"       // over a threshold
	Background  Code = "background"   // errors, as the live slot has them too
	Crash       Code = "crash"        // a process of the candidate died and came again
	Pending     Code = "pending"      // over a threshold, not yet for its duration
	Clearing    Code = "clearing"     // good again, not yet for long enough to leave a pause
	LowTraffic  Code = "low-traffic"  // fewer samples than the rule wants
	NoTraffic   Code = "no-traffic"   // no request at all
	BadQuery    Code = "bad-query"    // the query or its labels are wrong: a fault of the configuration
	Stale       Code = "stale"        // the newest sample is too old
	Partial     Code = "partial"      // the window is not yet covered by samples
	Failing     Code = "failing"      // the source did not answer, for now
	MetricsLost Code = "metrics-lost" // the source did not answer more than twice running
	TargetDown  Code = "target-down"  // the candidate is not scraped any more
)

// Reading is one rule measured once.
type Reading struct {
	Rule    string  `json:"rule"`
	Verdict Verdict `json:"verdict"`
	Code    Code    `json:"code"`
	Value   float64 `json:"value"`   // in the rule's unit; 0 when nothing was measured
	Samples float64 `json:"samples"` // what the value is based on, such as requests; 0 for a gauge
	Reason  string  `json:"reason"`  // for people: what was seen, and against which threshold
	Query   string  `json:"query"`   // the PromQL that was asked, as sent

	DryRun   bool     `json:"dryRun,omitempty"`   // of no effect
	Optional bool     `json:"optional,omitempty"` // stops nothing by being Inconclusive
	Evidence []string `json:"evidence,omitempty"` // the items of the checklist that it shows
}

// Decision is all rules measured once, and the worst verdict among those that
// count.
type Decision struct {
	Verdict  Verdict   `json:"verdict"`
	Readings []Reading `json:"readings"`
	At       time.Time `json:"at"` // the source's time, not the runner's
}

// Worst is the worst verdict of readings that count: not of dry runs, and not of
// optional rules that could not tell. It is Inconclusive when there are none,
// since nothing measured is never a pass.
func Worst(readings []Reading) Verdict {
	worst, counted := Pass, false
	for _, r := range readings {
		if r.counts() {
			worst, counted = max(worst, r.Verdict), true
		}
	}
	if !counted {
		return Inconclusive
	}
	return worst
}

func (r Reading) counts() bool {
	return !r.DryRun && !(r.Optional && r.Verdict == Inconclusive)
}

// Stopping lists the readings that keep the step from going on, worst first.
func (d Decision) Stopping() []Reading {
	var list []Reading
	for _, r := range d.Readings {
		if r.counts() && !r.Verdict.Advances() {
			list = append(list, r)
		}
	}
	slices.SortStableFunc(list, func(a, b Reading) int { return cmp.Compare(b.Verdict, a.Verdict) })
	return list
}

// NeedsTraffic says whether all that keeps the step from going on is that there
// were too few requests, or too little time, to tell.
func (d Decision) NeedsTraffic() bool {
	stopping := d.Stopping()
	for _, r := range stopping {
		waits := r.Code == LowTraffic || r.Code == NoTraffic || r.Code == Partial
		if r.Verdict != Inconclusive || !waits {
			return false
		}
	}
	return len(stopping) > 0
}

// Moment is where a shift stands when it asks.
type Moment struct {
	Candidate   release.Slot
	Live        release.Slot
	Weight      release.Weight // of the candidate
	StepStarted time.Time      // when the candidate got this weight, by this process's clock
}
