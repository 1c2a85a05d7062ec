package gate

import (
	"context"
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// failure is one kind of answer that a candidate should not give.
type failure struct {
	rule     string
	what     string // in words
	code     string // what picks it, by the label of the code
	first    bool   // the first one may be enough
	evidence []string
}

// failures are the kinds that are watched as they come. What has no status below
// 500 failed: 5xx, timeouts, resets; the first of these is no verdict, and many
// are.
func failures(m Metrics) []failure {
	return []failure{
		{rule: RuleFiveXX, what: "5xx", code: m.Code + `=~"5.."`, first: true, evidence: []string{"C.2.4", "C.3.3"}},
		{rule: RuleTrend, what: "failures", code: m.Code + `!~"[1-4].."`, evidence: []string{"C.1.6"}},
	}
}

// surge is a rule about failures. It reads raw counters, one series at a time,
// so that it sees the first one of a process that is minutes old; a rollback
// waits for no second look, and stays one.
type surge struct {
	failure failure
	mode    FiveXX
	metrics Metrics
	state   state
	known   map[string]bool // metrics and labels that were seen to exist

	target      target
	based       map[release.Slot]bool // the slot's counters below have a value to start from
	errors, all map[release.Slot]*tally

	step     time.Time // the step that the two tests belong to
	beside   comparison
	alone    drift
	live     grown   // what the live slot did in this step
	rejectAt float64 // the evidence from which either test says worse
	verdict  string  // why it is a rollback, once it is
}

func newSurge(f failure, s Settings, pace Pace, steps int) *surge {
	both := func() map[release.Slot]*tally {
		return map[release.Slot]*tally{release.Blue: newTally(), release.Green: newTally()}
	}
	return &surge{
		failure: f, mode: s.FiveXX, metrics: s.Metrics, state: state{pace: pace}, known: map[string]bool{},
		rejectAt: rejectAt(steps), target: s.target(), based: map[release.Slot]bool{}, errors: both(), all: both(),
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
	if code == Background && s.failure.first {
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
	return Reading{Rule: s.failure.rule, Verdict: verdict, Code: code, Reason: reason, Query: s.failed(), Evidence: s.failure.evidence}
}

func (s *surge) reading(t tick, v Verdict, code Code, reason string) Reading {
	candidate := t.moment.Candidate
	return Reading{
		Rule: s.failure.rule, Verdict: v, Code: code, Reason: reason, Query: s.failed(), Evidence: s.failure.evidence,
		Value: s.errors[candidate].total, Samples: s.all[candidate].total,
	}
}

// judge says what the counts mean; a rollback is kept in verdict.
func (s *surge) judge(ctx context.Context, t tick) (reason string, code Code, err error) {
	m := t.moment
	if s.errors[m.Candidate].total == 0 || s.verdict != "" {
		return fmt.Sprintf("no %s in %.0f requests", s.failure.what, s.all[m.Candidate].total), OK, nil
	}
	seen := s.describe(m.Candidate)
	switch apart := m.Weight == 0 || m.Live == ""; {
	case s.failure.first && (apart || s.mode == Strict):
		s.verdict = fmt.Sprintf("%s: any %s is a rollback here", seen, s.failure.what)
		return "", "", nil
	case apart:
		return seen + ": there is nothing to compare with", Background, nil
	case s.beside.ratio() >= s.rejectAt:
		s.verdict = fmt.Sprintf("%s: the live slot beside it had %.0f in %.0f: %s",
			seen, s.errors[m.Live].total, s.all[m.Live].total, s.likelihood(s.beside.ratio()))
		return "", "", nil
	}
	return s.compare(ctx, t, seen)
}

// The live slot's past that a failure is compared with: how far it reaches, and
// how many requests it must hold before it shows that there are none. With fewer, a
// 5xx of the candidate may be one of those that the live slot has as well: it pauses.
const (
	lookback = time.Hour
	enough   = 2995
)

// compare holds the candidate's failures against the live slot's past.
func (s *surge) compare(ctx context.Context, t tick, seen string) (reason string, code Code, err error) {
	bad, requests, err := s.metrics.past(ctx, t.asker, string(t.moment.Live), s.failure.code)
	if err != nil {
		return "", "", err
	}
	past := fmt.Sprintf("the live slot had %.0f in %.0f requests over the last %v", bad, requests, lookback)
	switch unheard := s.failure.first && bad == 0; {
	case unheard && requests >= enough:
		s.verdict = seen + ": " + past
	case unheard:
		return fmt.Sprintf("%s: %s: want %d requests to compare with", seen, past, enough), Breach, nil
	}
	if s.alone.base == 0 && requests > 0 {
		s.alone.against(UpperBound(bad, requests))
	}
	if s.alone.ratio() >= s.rejectAt && s.usual() {
		s.verdict = fmt.Sprintf("%s: %s: %s", seen, past, s.likelihood(s.alone.ratio()))
	}
	return fmt.Sprintf("%s: %s", seen, past), Background, nil
}

// usual says whether the live slot errs no more in this step than it did before:
// what befalls both slots is no fault of the candidate.
func (s *surge) usual() bool {
	return LowerBound(s.live.errors, s.live.requests) <= s.alone.base
}

func (s *surge) likelihood(ratio float64) string {
	return fmt.Sprintf("it is %.3g times as likely that the candidate is worse; that counts from %.0f", ratio, s.rejectAt)
}

func (s *surge) describe(slot release.Slot) string {
	return fmt.Sprintf("%.0f new %s in %.0f requests of %s (%s)",
		s.errors[slot].total, s.failure.what, s.all[slot].total, slot, s.errors[slot].largest(3))
}

// trust says whether "none" may be believed: the candidate is scraped, its
// counters are fresh, they count requests, and the query would have found one.
func (s *surge) trust(ctx context.Context, t tick) error {
	candidate := t.moment.Candidate
	requests := s.metrics.requests(string(candidate), "")
	if t.down != nil {
		return t.down
	}
	if len(s.all[candidate].last) == 0 {
		return doubtf(BadQuery, "no series of %s: a metric or label is misspelt, or nothing was ever counted", requests)
	}
	if err := t.fresh(ctx, requests, t.oldest); err != nil {
		return err
	}
	if s.all[candidate].total == 0 {
		return doubtf(NoTraffic, "no request of %s since the step began", candidate)
	}
	return exist(ctx, t.asker, s.failed(), s.known)
}
