package gate

import (
	"context"
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// surge is the 5xx rule. It reads raw counters, one series at a time, so that
// it sees the first 5xx of a process that is minutes old; a rollback waits for
// no second look, and stays one.
type surge struct {
	mode    FiveXX
	metrics Metrics
	state   state
	known   map[string]bool // metrics and labels that were seen to exist

	based       bool // the counters below have a value to start from
	errors, all map[release.Slot]*tally

	step    time.Time // the step that the two tests belong to
	beside  comparison
	alone   drift
	verdict string // why it is a rollback, once it is
}

func newSurge(s Settings, pace Pace) *surge {
	both := func() map[release.Slot]*tally {
		return map[release.Slot]*tally{release.Blue: {}, release.Green: {}}
	}
	return &surge{
		mode: s.FiveXX, metrics: s.Metrics, state: state{pace: pace}, known: map[string]bool{},
		errors: both(), all: both(),
	}
}

func (s *surge) look(ctx context.Context, t tick) Reading {
	if err := s.read(ctx, t); err != nil {
		return s.miss(err, t.at)
	}
	reason, code, err := s.judge(ctx, t)
	switch {
	case err != nil:
		return s.miss(err, t.at)
	case s.verdict != "":
		return s.reading(t, Rollback, Breach, s.verdict)
	case code == Breach:
		s.state.hold()
		return s.reading(t, Pause, code, reason)
	}
	if err := s.trust(ctx, t); err != nil {
		return s.miss(err, t.at)
	}
	verdict := Pass
	if code == Background {
		verdict = Warn
	}
	verdict, code = s.state.better(verdict, code, t.at)
	return s.reading(t, verdict, code, reason)
}

func (s *surge) miss(err error, at time.Time) Reading {
	verdict, code := s.state.doubt(err, shortWindow, at)
	reason := clip(err.Error())
	if s.verdict != "" {
		verdict, code, reason = Rollback, Breach, s.verdict
	}
	return Reading{Rule: RuleFiveXX, Verdict: verdict, Code: code, Reason: reason, Query: s.failed(), Evidence: evidenceOfFiveXX}
}

var evidenceOfFiveXX = []string{"C.2.4", "C.3.3"}

func (s *surge) reading(t tick, v Verdict, code Code, reason string) Reading {
	candidate := t.moment.Candidate
	return Reading{
		Rule: RuleFiveXX, Verdict: v, Code: code, Reason: reason, Query: s.failed(), Evidence: evidenceOfFiveXX,
		Value: s.errors[candidate].total, Samples: s.all[candidate].total,
	}
}

// judge says what the counts mean; a rollback is kept in verdict.
func (s *surge) judge(ctx context.Context, t tick) (reason string, code Code, err error) {
	m := t.moment
	if s.errors[m.Candidate].total == 0 || s.verdict != "" {
		return fmt.Sprintf("no 5xx in %.0f requests", s.all[m.Candidate].total), OK, nil
	}
	seen := s.describe(m.Candidate)
	switch {
	case m.Weight == 0, m.Live == "", s.mode == Strict:
		s.verdict = seen + ": any 5xx is a rollback here"
		return "", "", nil
	case s.beside.ratio() >= rejectAt:
		s.verdict = fmt.Sprintf("%s: the live slot beside it had %.0f in %.0f: likelihood ratio %.3g, worse from %.0f",
			seen, s.errors[m.Live].total, s.all[m.Live].total, s.beside.ratio(), rejectAt)
		return "", "", nil
	}
	return s.compare(ctx, t, seen)
}

// The live slot's past that a 5xx is compared with: how far it reaches, and how
// many requests it must hold before it shows that there are no 5xx.
const (
	lookback = time.Hour
	enough   = 2995
)

// compare holds the candidate's 5xx against the live slot's past.
func (s *surge) compare(ctx context.Context, t tick, seen string) (reason string, code Code, err error) {
	bad, requests, err := s.past(ctx, t)
	if err != nil {
		return "", "", err
	}
	past := fmt.Sprintf("the live slot had %.0f in %.0f requests over the last %v", bad, requests, lookback)
	switch {
	case bad == 0 && requests >= enough:
		s.verdict = seen + ": " + past
	case bad == 0:
		return fmt.Sprintf("%s: %s: want %d requests to compare with", seen, past, enough), Breach, nil
	case t.moment.Weight == 100 && s.alone.rejects(UpperBound(bad, requests)):
		s.verdict = fmt.Sprintf("%s: %s: the candidate has about %d times as many", seen, past, worse)
	}
	return fmt.Sprintf("%s: %s", seen, past), Background, nil
}

func (s *surge) describe(slot release.Slot) string {
	return fmt.Sprintf("%.0f new 5xx in %.0f requests of %s (%s)",
		s.errors[slot].total, s.all[slot].total, slot, s.errors[slot].largest(3))
}

// trust says whether "no 5xx" may be believed: the candidate is scraped, its
// counters are fresh, they count requests, and the query would have found a 5xx.
func (s *surge) trust(ctx context.Context, t tick) error {
	candidate := t.moment.Candidate
	requests := s.metrics.requests(string(candidate), "")
	if t.down != nil {
		return t.down
	}
	if len(s.all[candidate].last) == 0 {
		return doubtf(BadQuery, "%s: no series: a metric or label is misspelt, or nothing was ever counted", requests)
	}
	if err := t.fresh(ctx, requests, t.oldest); err != nil {
		return err
	}
	if s.all[candidate].total == 0 {
		return doubtf(NoTraffic, "no request of %s since the step began", candidate)
	}
	return exist(ctx, t.asker, s.failed(), s.known)
}
