// Package gate says from metrics whether a step of a shift may go on.
//
// It promises that only what was measured passes: no data, a value that is not
// a number, an old sample, a misspelt label or a source that does not answer is
// Inconclusive at best, and stops the step's clock. A ratio is asked for as two
// counts over a window that starts within the step and is divided here, so that
// a verdict is never read from the emptiness of a comparison. A rollback needs
// a measured breach: the loss of the metrics alone is never one.
//
// It refuses to work without a single rule, rules whose window is too short for
// the scrape interval, and queries that name no metric. It does not pause or
// roll back anything itself, and it does not keep the step's clock.
package gate

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// parallel bounds the rules that are measured at once.
const parallel = 4

// patience is how long one look may take at least; a tick that is longer is its
// own limit.
const patience = 10 * time.Second

var errSlow = errors.New("measuring all rules took too long")

// Pace is how often the source has new samples, 0 when that is not known, and
// how often it is asked.
type Pace struct{ Scrape, Tick time.Duration }

// watcher measures one rule, and remembers between two looks.
type watcher interface {
	look(context.Context, tick) Reading
	// miss is the look that could not be had, since the source did not answer.
	miss(err error, at time.Time) Reading
}

// Watch measures all rules, look after look. It is not safe for concurrent use.
type Watch struct {
	source   Source
	pace     Pace
	rules    []Rule
	metrics  Metrics
	watchers []watcher
	target   target
}

// New returns a Watch over the rules of settings, for a release of so many steps.
// No window may be shorter than 4 scrape intervals.
func New(settings Settings, source Source, pace Pace, steps int) (*Watch, error) {
	rules, err := settings.resolve(pace.Scrape)
	if err != nil {
		return nil, err
	}
	w := &Watch{source: source, pace: pace, rules: rules, metrics: settings.Metrics, target: settings.target()}
	if p, can := source.(Parser); can {
		var problems []error
		for _, r := range rules {
			problems = append(problems, r.parsed(p))
		}
		if err := errors.Join(problems...); err != nil {
			return nil, err
		}
	}
	for _, r := range rules {
		w.watchers = append(w.watchers, &watch{rule: r, state: state{pace: pace}, known: map[string]bool{}})
	}
	for _, f := range failures(settings.Metrics) {
		if settings.watches(f.rule) {
			w.watchers = append(w.watchers, newSurge(f, settings, pace, steps))
		}
	}
	if len(w.watchers) == 0 {
		return nil, release.Reject("set gates.pack to plan, or write at least one rule under gates.rules",
			"gates: no rule is left: nothing measured is never a pass")
	}
	return w, nil
}

// Rules lists what is measured besides failures as they come, in order.
func (w *Watch) Rules() []Rule { return w.rules }

// Evaluate measures every rule once. It takes at most a tick, or 10 seconds if
// that is more; what was not answered by then is Inconclusive. The source's
// faults are in the readings.
func (w *Watch) Evaluate(ctx context.Context, m Moment) Decision {
	ctx, cancel := context.WithTimeoutCause(ctx, max(w.pace.Tick, patience), errSlow)
	defer cancel()
	readings := make([]Reading, len(w.watchers))
	t, err := w.begin(ctx, m)
	var group errgroup.Group
	group.SetLimit(parallel)
	for i, one := range w.watchers {
		group.Go(func() error {
			if err != nil {
				readings[i] = one.miss(err, t.at)
			} else {
				readings[i] = one.look(ctx, t)
			}
			return nil
		})
	}
	_ = group.Wait() // no look returns an error
	return Decision{Verdict: Worst(readings), Readings: readings, At: t.at}
}
