package gate

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// target is the series that say whether the candidate's processes are scraped.
// It remembers how many there were, since one that is gone for good leaves no
// series that says so.
type target struct {
	selector string // with placeholders; empty when there are none
	seen     int    // processes, at most, since the first look
}

// check refuses what is not one selector, since a range is put behind it.
func (g target) check() error {
	if g.selector == "" {
		return nil
	}
	text, err := (scope{slot: "green", live: "blue", window: time.Minute}).fill(g.selector)
	if err != nil {
		return fmt.Errorf("gates.target: %w", err)
	}
	if _, err := selectors(text); err != nil {
		return fmt.Errorf("gates.target: %w", err)
	}
	if !isSelector(text) {
		return fmt.Errorf("gates.target %q: want one metric with its labels and nothing around it", g.selector)
	}
	return nil
}

// look says why the candidate's samples are not to be trusted, or nil. The
// second error is the source's.
func (g *target) look(ctx context.Context, a asker, s scope, oldest time.Duration) (down, err error) {
	if g.selector == "" {
		return nil, nil
	}
	query, err := s.fill(g.selector)
	if err != nil {
		return nil, err
	}
	answer, err := a.all(ctx, query)
	if err != nil {
		return nil, err
	}
	up := 0
	for _, series := range answer.Series {
		if series.Value == 1 {
			up++
		}
	}
	g.seen = max(g.seen, len(answer.Series))
	switch {
	case g.seen == 0:
		return doubtf(BadQuery, "no target matches %s: the slot is not scraped, or has another label", query), nil
	case up < g.seen:
		return doubtf(TargetDown, "%d of %d processes of %s are scraped", up, g.seen, s.slot), nil
	}
	return nil, a.fresh(ctx, query, oldest)
}

// scraped says whether any process of a slot was, at a time such as " @ 17.5", or
// now when that is empty. Where there are no such series it has to be believed.
func (g *target) scraped(ctx context.Context, a asker, slot release.Slot, at string) (bool, error) {
	if g.selector == "" {
		return true, nil
	}
	query, err := (scope{slot: slot, live: slot}).fill(g.selector)
	if err != nil {
		return false, err
	}
	answer, err := a.all(ctx, query+at)
	return slices.ContainsFunc(answer.Series, func(s Series) bool { return s.Value == 1 }), err
}

// covered refuses a window in which more than a fifth of the scrapes is
// missing. One scrape more or less lies at the edge of every window.
func (g *target) covered(ctx context.Context, a asker, s scope, scrape time.Duration) error {
	if g.selector == "" || scrape <= 0 {
		return nil
	}
	query, err := s.fill("min(sum_over_time(" + g.selector + "[{{window}}]))")
	if err != nil {
		return err
	}
	got, present, err := a.one(ctx, query)
	if err != nil {
		return err
	}
	want := float64(s.window) / float64(scrape)
	if !present || got < math.Floor(0.8*want)-1 {
		return doubtf(Partial, "%.0f of about %.0f scrapes of %s within %v", got, want, s.slot, s.window)
	}
	return nil
}
