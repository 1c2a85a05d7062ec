package gate

import (
	"context"
	"fmt"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// failed picks the counters of failures of both slots, and every does all
// requests, one series for each process.
func (s *surge) failed() string {
	return s.metrics.matched(fmt.Sprintf(`%s{%s=~"blue|green"%s,%s}`, s.metrics.Requests, s.metrics.Slot, s.metrics.users(), s.failure.code))
}

func (s *surge) every(at string) string {
	requests := s.metrics.matched(fmt.Sprintf(`%s{%s=~"blue|green"%s}`, s.metrics.Requests, s.metrics.Slot, s.metrics.users()))
	return fmt.Sprintf(`sum by (%s,job,instance) (%s%s)`, s.metrics.Slot, requests, at)
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
	s.tell(t, s.grow(s.errors, failed.Series), s.grow(s.all, every.Series))
	return nil
}

// base takes the counters as they were when the step began, so that what
// happened before the first look is seen by it. Of a slot that was not scraped
// then they are taken as they are now, since its whole life would count as new;
// of one that is not scraped now either, nothing is counted yet.
func (s *surge) base(ctx context.Context, t tick) error {
	began := fmt.Sprintf(" @ %.3f", float64(t.at.Add(-t.age).UnixMilli())/1000)
	for _, slot := range []release.Slot{t.moment.Candidate, t.moment.Live} {
		for _, at := range []string{began, ""} {
			if slot == "" || s.based[slot] {
				break
			}
			if err := s.baseOf(ctx, t, slot, at); err != nil {
				return err
			}
		}
	}
	return nil
}

// baseOf takes the counters of one slot, where it was scraped.
func (s *surge) baseOf(ctx context.Context, t tick, slot release.Slot, at string) error {
	scraped, err := s.target.scraped(ctx, t.asker, slot, at)
	if err != nil || !scraped {
		return err
	}
	failed, err := t.all(ctx, s.failed()+at)
	if err != nil {
		return err
	}
	every, err := t.all(ctx, s.every(at))
	if err != nil {
		return err
	}
	s.errors[slot].start(s.bySlot(failed.Series)[slot])
	s.all[slot].start(s.bySlot(every.Series)[slot])
	s.based[slot] = true
	return nil
}

func (s *surge) bySlot(series []Series) map[release.Slot][]Series {
	of := map[release.Slot][]Series{}
	for _, one := range series {
		slot := release.Slot(one.Labels[s.metrics.Slot])
		of[slot] = append(of[slot], one)
	}
	return of
}

// grow adds the series to the tallies of their slots and returns the growth.
func (s *surge) grow(tallies map[release.Slot]*tally, series []Series) map[release.Slot]float64 {
	of, by := s.bySlot(series), map[release.Slot]float64{}
	for _, slot := range release.Slots {
		if s.based[slot] {
			by[slot] = tallies[slot].add(of[slot], s.where)
		}
	}
	return by
}

// where names a series by its route and code, quoted, for a message.
func (s *surge) where(labels map[string]string) string {
	return clip(fmt.Sprintf("%.60q %.5q", labels[s.metrics.Route], labels[s.metrics.Code]))
}

// tell feeds the tests, which start again with every step.
func (s *surge) tell(t tick, failed, every map[release.Slot]float64) {
	m := t.moment
	if !m.StepStarted.Equal(s.step) {
		s.step, s.beside, s.alone, s.live = m.StepStarted, comparison{}, drift{}, grown{}
	}
	s.alone.add(grown{t.at, failed[m.Candidate], every[m.Candidate]})
	s.live.errors += failed[m.Live]
	s.live.requests += every[m.Live]
	if m.Weight < 100 && m.Live != "" {
		s.beside.add(t.at, bothSlots{failed[m.Candidate], every[m.Candidate], failed[m.Live], every[m.Live]})
	}
}

// past counts a slot's failures and requests over the lookback.
func (m Metrics) past(ctx context.Context, a asker, slot, code string) (bad, requests float64, err error) {
	if bad, _, err = a.one(ctx, counted(m.requests(slot, ","+code), promDuration(lookback))); err != nil {
		return 0, 0, err
	}
	requests, _, err = a.one(ctx, counted(m.requests(slot, ""), promDuration(lookback)))
	return bad, requests, err
}
