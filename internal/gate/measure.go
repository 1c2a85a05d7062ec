package gate

import (
	"context"
	"errors"
	"math"
	"time"
)

// sample is a number that was measured.
type sample struct {
	value    float64
	requests float64 // behind the value; 0 for a plain number
	bad      float64 // of the requests
	window   time.Duration
	whole    bool // the window was not cut short by the start of the step
	query    string
}

// measurement is one rule about to be measured within a tick.
type measurement struct {
	tick
	rule  Rule
	known map[string]bool // metrics and labels that were seen to exist
}

// take measures the rule, and again over more of the step when its window holds
// too few requests.
func (m measurement) take(ctx context.Context) (sample, error) {
	window := m.rule.Window
	if m.rule.mentions("window") {
		var err error
		if window, err = m.window(m.rule); err != nil {
			return sample{}, m.early(ctx, err)
		}
	}
	x, err := m.over(ctx, window)
	whole := m.age.Truncate(time.Second)
	few := m.rule.Requests != "" && x.requests < float64(m.rule.MinSamples)
	if few && whole > window && (err == nil || isDoubt(err, NoTraffic)) {
		return m.over(ctx, stretch(window, whole, x.requests, m.rule.MinSamples))
	}
	return x, err
}

// stretch is the window that holds enough requests and a quarter more, as far as
// the step has lasted. It is no longer than that: what was long ago would hide
// what begins now, and keep a pause going that is over.
func stretch(window, whole time.Duration, requests float64, enough int) time.Duration {
	if requests <= 0 {
		return whole
	}
	longer := window.Seconds() * 1.25 * float64(enough) / requests
	if longer >= whole.Seconds() {
		return whole
	}
	return max(window, time.Duration(longer)*time.Second)
}

// early looks, before the candidate has any weight, for what is wrong with the
// query itself: what is counted there says nothing about live traffic.
func (m measurement) early(ctx context.Context, young error) error {
	if m.moment.Weight > 0 {
		return young
	}
	_, err := m.over(ctx, m.rule.Window)
	if errors.Is(err, ErrQuery) || isDoubt(err, BadQuery) || isDoubt(err, Stale) {
		return err
	}
	return young
}

func (m measurement) over(ctx context.Context, window time.Duration) (sample, error) {
	x := sample{window: window, whole: window >= m.rule.Window}
	query, err := m.scope(window).fill(m.rule.numerator())
	if err != nil {
		return x, doubtf(BadQuery, "%v", err)
	}
	x.query = query
	if m.rule.Requests == "" {
		value, present, err := m.one(ctx, query)
		if err != nil {
			return x, err
		}
		return m.plain(ctx, x, value, present)
	}
	return m.divided(ctx, x)
}

// plain judges a number that no requests are behind.
func (m measurement) plain(ctx context.Context, x sample, value float64, present bool) (sample, error) {
	if !present {
		return x, m.empty(ctx, x.query, x.window)
	}
	x.value = value
	if err := m.freshAll(ctx, x.query); err != nil {
		return x, err
	}
	return x, m.unit(value)
}

// divided divides by the requests, or puts them beside the value.
func (m measurement) divided(ctx context.Context, x sample) (sample, error) {
	query, err := m.scope(x.window).fill(m.rule.Requests)
	if err != nil {
		return x, doubtf(BadQuery, "%v", err)
	}
	value, present, requests, some, err := m.pair(ctx, x.query, query)
	switch {
	case err != nil:
		return x, err
	case !some:
		return x, m.empty(ctx, query, x.window)
	}
	if err := m.freshAll(ctx, query); err != nil {
		return x, err
	}
	if requests <= 0 {
		return x, doubtf(NoTraffic, "no request of %s within %v", m.moment.Candidate, x.window)
	}
	if !present {
		if err := m.zero(ctx, x.query); err != nil {
			return x, err
		}
	}
	return m.share(x, value, requests)
}

// pair asks for two counts of the same scrapes. A scrape that arrives between
// the two questions would make a fraction of them worse than it is, by as much as
// the window has scrapes, so the first is asked again and has to be the same.
func (m measurement) pair(ctx context.Context, count, of string) (value float64, present bool, requests float64, some bool, err error) {
	for range pairTries {
		if value, present, err = m.one(ctx, count); err != nil {
			return
		}
		if requests, some, err = m.one(ctx, of); err != nil || !m.rule.isRatio() {
			return
		}
		again, still, askErr := m.one(ctx, count)
		if askErr != nil || present == still && math.Abs(again-value) <= slack*math.Abs(value) {
			return value, present, requests, some, askErr
		}
	}
	return 0, false, 0, false, doubtf(Partial, "%s: scrapes came between the questions %d times", clip(count), pairTries)
}

const (
	pairTries = 3
	slack     = 0.01 // relative difference of two counts that are the same; a scrape makes more
)

// share makes a sample of two counts.
func (m measurement) share(x sample, count, requests float64) (sample, error) {
	x.requests = requests
	if !m.rule.isRatio() {
		x.value = count
		return x, m.unit(count)
	}
	if count < 0 || count > requests*(1+slack)+1 {
		return x, doubtf(BadQuery, "%s: %.4g of %.4g requests: they do not count the same", clip(x.query), count, requests)
	}
	x.value = min(count/requests, 1)
	x.bad = count
	if m.rule.Fraction != "" {
		x.bad = max(requests-count, 0)
	}
	return x, m.unit(x.value)
}

func (m measurement) unit(value float64) error {
	if m.rule.Largest != nil && value > *m.rule.Largest {
		return doubtf(BadQuery, "%g is more than the largest value that makes sense, %g: is it another unit?", value, *m.rule.Largest)
	}
	return nil
}

// freshAll refuses a query when one of the places where it picks series has no
// sample that is young enough.
func (m measurement) freshAll(ctx context.Context, query string) error {
	picked, err := selectors(query)
	if err != nil {
		return doubtf(BadQuery, "%v", err)
	}
	oldest := m.oldest
	if m.rule.StaleAfter > 0 {
		oldest = m.rule.StaleAfter
	}
	for _, s := range picked {
		if err := m.fresh(ctx, s.text, oldest); err != nil {
			return err
		}
	}
	return nil
}
