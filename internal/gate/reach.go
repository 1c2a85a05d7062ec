package gate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Reachable is how long a step at this weight must last before the rule has its
// samples, when perSecond requests arrive at both slots together. It is false
// when that never happens, and 0 for a rule that needs no samples.
func Reachable(perSecond float64, r Rule, weight release.Weight) (needed time.Duration, ok bool) {
	if r.Requests == "" || r.MinSamples == 0 {
		return 0, true
	}
	share := perSecond * float64(weight) / 100
	seconds := math.Ceil(float64(r.MinSamples) / share)
	if !(share > 0) || seconds > math.MaxInt64/1e9 {
		return 0, false
	}
	return time.Duration(seconds) * time.Second, true
}

// Bake is a step as the gates see it: a weight and how long it is watched.
type Bake struct {
	Weight release.Weight
	For    time.Duration
}

// longTraffic is how far back the traffic of now is looked for.
const longTraffic = 15 * time.Minute

var errYoung = errors.New("too little history to tell how much traffic there is")

// Forecast measures the traffic of the slot that is live, and says in words which
// rules will not have their samples within their step, and whether a first 5xx will
// have too little of that slot's past to be judged by. It counts with what each rule
// itself counts, over up to 15 minutes. The rate is that of the busiest rule, in
// requests a second.
func Forecast(ctx context.Context, s Settings, source Source, pace Pace, live release.Slot, steps []Bake) (perSecond float64, short []string, err error) {
	w, err := New(s, source, pace, len(steps))
	if err != nil {
		return 0, nil, err
	}
	a := asker{source}
	window, err := w.target.history(ctx, a, scope{slot: live, live: live, window: longTraffic}, pace.Scrape)
	if err != nil {
		return 0, nil, err
	}
	for _, r := range w.rules {
		if r.Requests == "" || r.MinSamples == 0 || r.DryRun || r.Optional {
			continue
		}
		query, err := (scope{slot: live, live: live, window: window}).fill(r.Requests)
		if err != nil {
			return 0, nil, err
		}
		n, _, err := a.one(ctx, query)
		if err != nil {
			return 0, nil, err
		}
		rate := n / window.Seconds()
		perSecond = max(perSecond, rate)
		short = append(short, r.shortfalls(rate, steps)...)
	}
	unheard, err := s.unheard(ctx, a, live)
	return perSecond, append(short, unheard...), err
}

func (r Rule) shortfalls(perSecond float64, steps []Bake) (short []string) {
	for _, step := range steps {
		switch needs, ok := Reachable(perSecond, r, step.Weight); {
		case !ok:
			short = append(short, fmt.Sprintf("%s at %v never has its %d requests", r.Name, step.Weight, r.MinSamples))
		case needs > step.For:
			short = append(short, fmt.Sprintf("%s at %v has its %d requests after %v, and the step is %v", r.Name, step.Weight, r.MinSamples, needs, step.For))
		}
	}
	return short
}

// unheard says when the live slot has no 5xx, and too few requests to show that it
// has none: a first 5xx of the candidate then pauses, where it would roll back.
func (s Settings) unheard(ctx context.Context, a asker, live release.Slot) ([]string, error) {
	for _, f := range failures(s.Metrics) {
		if !f.first || s.FiveXX == Strict || !s.watches(f.rule) {
			continue
		}
		bad, requests, err := s.Metrics.past(ctx, a, string(live), f.code)
		if err != nil || bad > 0 || requests >= enough {
			return nil, err
		}
		return []string{fmt.Sprintf("%s pauses at a first one and does not roll back, until the live slot has %d requests in its last hour: it has %.0f", f.rule, enough, requests)}, nil
	}
	return nil, nil
}

// history is how much of the scope's window the slot has been scraped: beyond
// it, what a counter grew by is not known.
func (g *target) history(ctx context.Context, a asker, s scope, scrape time.Duration) (time.Duration, error) {
	if g.selector == "" || scrape <= 0 {
		return s.window, nil
	}
	query, err := s.fill("min(sum_over_time(" + g.selector + "[{{window}}]))")
	if err != nil {
		return 0, err
	}
	scrapes, _, err := a.one(ctx, query)
	if err != nil {
		return 0, err
	}
	window := min(s.window, time.Duration(max(scrapes-1, 0))*scrape).Truncate(time.Second)
	if window < scrape || window < time.Second {
		return 0, errYoung
	}
	return window, nil
}
