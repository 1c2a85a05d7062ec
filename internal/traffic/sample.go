package traffic

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Sample is the candidate at one moment of a shift.
type Sample struct {
	At     time.Time      `json:"at"`
	Weight release.Weight `json:"weight"`
	Flow   gate.Flow      `json:"flow"`   // of the last minute
	Served float64        `json:"served"` // requests that the candidate has answered since the first weight
}

// The samples of a shift: how often one is taken at first, what each covers, and
// how many are kept. When there are more, every other one is dropped, and they
// are taken half as often.
const (
	sampleEvery = 10 * time.Second
	sampleOver  = time.Minute
	sampleMost  = 240
	sampleTime  = 5 * time.Second
)

// series takes samples beside the steps, so that no decision waits for one.
type series struct {
	every  time.Duration
	due    time.Time
	taking chan *Sample
	base   float64 // served before the first weight
	based  bool
	latest *Sample
}

// baseline notes how much the candidate had served before the first weight. Where that
// cannot be read, the first sample is the beginning.
func (r *run) baseline(ctx context.Context) {
	if r.Served == nil || r.Flow == nil {
		return
	}
	base, err := within(ctx, sampleTime, "reading the request counter", func(ctx context.Context) (float64, error) {
		return r.Served(ctx, r.Candidate)
	})
	if err == nil {
		r.series.based, r.series.base = true, base
	}
}

// sample notes the sample that was on its way, and sends for the next.
func (r *run) sample(ctx context.Context) {
	if r.Flow == nil {
		return
	}
	s := &r.series
	select {
	case taken := <-s.taking:
		s.taking = nil
		r.keepSample(taken)
	default:
	}
	if s.taking == nil && !time.Now().Before(s.due) {
		s.every = max(s.every, sampleEvery)
		s.due = time.Now().Add(s.every)
		s.taking = r.measure(ctx, r.log.Weight)
	}
}

func (r *run) keepSample(taken *Sample) {
	if taken == nil {
		return
	}
	s := &r.series
	if !s.based {
		s.based, s.base = true, taken.Served
	}
	taken.Served = max(taken.Served-s.base, 0)
	s.latest = taken
	r.log.Samples = append(r.log.Samples, *taken)
	if len(r.log.Samples) > sampleMost {
		r.log.Samples = thin(r.log.Samples)
		s.every *= 2
	}
}

// thin drops every other sample but the last.
func thin(all []Sample) []Sample {
	var kept []Sample
	for i, s := range all {
		if i%2 == 0 || i == len(all)-1 {
			kept = append(kept, s)
		}
	}
	return kept
}

// measure asks for one sample; the channel gets nil when it cannot be had.
func (r *run) measure(ctx context.Context, w release.Weight) chan *Sample {
	answer := make(chan *Sample, 1)
	go func() {
		flow, err := within(ctx, sampleTime, "measuring the traffic", func(ctx context.Context) (gate.Flow, error) {
			return r.Flow(ctx, r.Candidate, sampleOver)
		})
		taken := Sample{At: now(), Weight: w, Flow: flow}
		if err == nil && r.Served != nil {
			taken.Served, err = within(ctx, sampleTime, "reading the request counter", func(ctx context.Context) (float64, error) {
				return r.Served(ctx, r.Candidate)
			})
		}
		if err != nil {
			answer <- nil
			return
		}
		answer <- &taken
	}()
	return answer
}

// Progress is where a step stands, for machines.
type Progress struct {
	Weight   release.Weight `json:"weight"`
	Good     time.Duration  `json:"good"` // of Bake
	Bake     time.Duration  `json:"bake"`
	Verdict  gate.Verdict   `json:"verdict"`
	Requests float64        `json:"requests"` // as Served of Sample
	Errors   float64        `json:"errors"`   // share of the last minute
	P95      time.Duration  `json:"p95"`
	Ends     time.Time      `json:"ends,omitzero"` // when the shift is over if all stays good
}

// progress is where the step stands.
func (w *watch) progress(v gate.Verdict) *Progress {
	p := &Progress{Weight: w.step.Weight, Good: w.clock.good, Bake: w.step.Bake, Verdict: v}
	if s := w.series.latest; s != nil {
		p.Requests, p.Errors, p.P95 = s.Served, s.Flow.Errors(), s.Flow.P95
	}
	if v.Advances() {
		left := max(w.step.Bake-w.clock.good, 0)
		for _, later := range w.later {
			left += later.Bake
		}
		p.Ends = now().Add(left)
	}
	return p
}

// figures says what was measured and when the shift is over, after a semicolon,
// or nothing.
func (p *Progress) figures(measured bool) string {
	var all []string
	if measured {
		all = append(all, fmt.Sprintf("%.0f requests, %.3g%% errors", p.Requests, 100*p.Errors))
		if p.P95 > 0 {
			all = append(all, fmt.Sprintf("p95 %v", p.P95.Round(time.Millisecond)))
		}
	}
	if !p.Ends.IsZero() {
		all = append(all, "all is over at about "+p.Ends.Format("15:04")+" UTC")
	}
	if len(all) == 0 {
		return ""
	}
	return "; " + strings.Join(all, ", ")
}
