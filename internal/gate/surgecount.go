package gate

import (
	"context"
	"fmt"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// failed picks the 5xx counters of both slots, and every does all requests, one
// series for each process.
func (s *surge) failed() string {
	return fmt.Sprintf(`%s{%s=~"blue|green"%s,%s=~"5.."}`, s.metrics.Requests, s.metrics.Slot, s.metrics.users(), s.metrics.Code)
}

func (s *surge) every(at string) string {
	return fmt.Sprintf(`sum by (%[2]s,job,instance) (%[1]s{%[2]s=~"blue|green"%[3]s}%[4]s)`, s.metrics.Requests, s.metrics.Slot, s.metrics.users(), at)
}

// read brings the counters up to now and tells the tests what is new.
func (s *surge) read(ctx context.Context, t tick) error {
	if err := s.base(ctx, t); err != nil {
		return err
	}
	// The failures first: the requests behind them are then never fewer.
	failed, err := t.all(ctx, s.failed())
	if err != nil {
		return err
	}
	every, err := t.all(ctx, s.every(""))
	if err != nil {
		return err
	}
	s.tell(t.moment, s.grow(s.errors, failed.Series), s.grow(s.all, every.Series))
	return nil
}

// base takes the counters as they were when the step began, so that what
// happened before the first look is seen by it.
func (s *surge) base(ctx context.Context, t tick) error {
	if s.based {
		return nil
	}
	began := fmt.Sprintf(" @ %.3f", float64(t.at.Add(-t.age).UnixMilli())/1000)
	failed, err := t.all(ctx, s.failed()+began)
	if err != nil {
		return err
	}
	every, err := t.all(ctx, s.every(began))
	if err != nil {
		return err
	}
	s.grow(s.errors, failed.Series)
	s.grow(s.all, every.Series)
	for _, slot := range release.Slots {
		s.errors[slot].forget()
		s.all[slot].forget()
	}
	s.based = true
	return nil
}

// grow adds the series to the tallies of their slots and returns the growth.
func (s *surge) grow(tallies map[release.Slot]*tally, series []Series) map[release.Slot]float64 {
	of := map[release.Slot][]Series{}
	for _, one := range series {
		slot := release.Slot(one.Labels[s.metrics.Slot])
		of[slot] = append(of[slot], one)
	}
	grown := map[release.Slot]float64{}
	for _, slot := range release.Slots {
		grown[slot] = tallies[slot].add(of[slot], s.where)
	}
	return grown
}

// where names a series by its route and code, quoted, for a message.
func (s *surge) where(labels map[string]string) string {
	return clip(fmt.Sprintf("%.60q %.5q", labels[s.metrics.Route], labels[s.metrics.Code]))
}

// tell feeds the tests, which start again with every step.
func (s *surge) tell(m Moment, failed, every map[release.Slot]float64) {
	if !m.StepStarted.Equal(s.step) {
		s.step, s.beside, s.alone = m.StepStarted, comparison{}, drift{}
	}
	if m.Weight == 100 {
		s.alone.add(failed[m.Candidate], every[m.Candidate])
	} else if m.Live != "" {
		s.beside.add(failed[m.Candidate], every[m.Candidate], failed[m.Live], every[m.Live])
	}
}

// past counts the live slot's 5xx and requests over the lookback.
func (s *surge) past(ctx context.Context, t tick) (bad, requests float64, err error) {
	live := string(t.moment.Live)
	failed := s.metrics.requests(live, fmt.Sprintf(`,%s=~"5.."`, s.metrics.Code))
	if bad, _, err = t.one(ctx, counted(failed, promDuration(lookback))); err != nil {
		return 0, 0, err
	}
	requests, _, err = t.one(ctx, counted(s.metrics.requests(live, ""), promDuration(lookback)))
	return bad, requests, err
}
