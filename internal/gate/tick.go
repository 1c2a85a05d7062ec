package gate

import (
	"context"
	"fmt"
	"time"
)

// tick is what all rules share in one look.
type tick struct {
	asker
	moment Moment
	at     time.Time     // the source's
	age    time.Duration // of the step; the same by every clock
	oldest time.Duration // that a newest sample may be
	scrape time.Duration // 0 when it is not known
	down   error         // why the candidate's samples are not to be trusted
	gaps   map[time.Duration]error
}

// The age that a newest sample may have: 2 scrape intervals, and never less
// than minOldest, since a scrape takes its time.
const (
	unknownScrape = 30 * time.Second
	minOldest     = 5 * time.Second
)

// begin asks for the source's time, the candidate's targets, and the gaps in
// the windows of the rules.
func (w *Watch) begin(ctx context.Context, m Moment) (tick, error) {
	t := tick{asker: asker{w.source}, moment: m, at: time.Now(), scrape: w.pace.Scrape, gaps: map[time.Duration]error{}}
	t.age = time.Since(m.StepStarted)
	t.oldest = max(minOldest, 2*t.scrape)
	if t.scrape <= 0 {
		t.oldest = 2 * unknownScrape
	}
	answer, err := t.all(ctx, "time()")
	if err != nil {
		return t, err
	}
	if answer.At.IsZero() {
		return t, fmt.Errorf("ask time(): the answer has no time")
	}
	t.at = answer.At
	if t.down, err = w.target.look(ctx, t.asker, t.scope(0), t.oldest); err != nil {
		if !answered(err) {
			return t, err
		}
		t.down = err
	}
	return t, w.gaps(ctx, t)
}

// gaps looks for missing scrapes, once for all rules of one window.
func (w *Watch) gaps(ctx context.Context, t tick) error {
	for _, r := range w.rules {
		if _, asked := t.gaps[r.Window]; asked || !r.mentions("slot") || !r.mentions("window") {
			continue
		}
		window, err := t.window(r)
		if err == nil {
			err = w.target.covered(ctx, t.asker, t.scope(window), t.scrape)
		}
		if !answered(err) {
			return err
		}
		t.gaps[r.Window] = err
	}
	return nil
}

func (t tick) scope(window time.Duration) scope {
	return scope{slot: t.moment.Candidate, live: t.moment.Live, window: window}
}

// window is how far back a rule may look: its window, but not before the step.
func (t tick) window(r Rule) (time.Duration, error) {
	window := min(r.Window, t.age).Truncate(time.Second)
	if least := max(time.Second, minScrapes*t.scrape); window < least && window < r.Window {
		return 0, doubtf(Partial, "the step is %v old: want at least %v", t.age.Round(time.Second), least)
	}
	return window, nil
}
