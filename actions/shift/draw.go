package shift

import (
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// points is how many values a chart has.
const points = 60

// draw shows the weight, the errors and the latency over the time of the shift,
// and the same in numbers.
func draw(page *summary.Page, log *traffic.Log) {
	if len(log.Steps) == 0 {
		return
	}
	begin, whole := log.Steps[0].Set, log.Ended.Sub(log.Steps[0].Set)
	chart := func(what, unit string, top float64, at func(time.Time) float64) {
		values := make([]float64, points)
		for i := range values {
			values[i] = at(begin.Add(whole * time.Duration(i) / (points - 1)))
		}
		page.Chart(summary.Chart{Title: fmt.Sprintf(what, log.Candidate), Unit: unit, Over: whole, Values: values, Top: top})
	}
	chart("Weight of %s", "percent", 100, func(t time.Time) float64 { return float64(weight(log, t)) })
	if len(log.Samples) < 2 {
		return
	}
	chart("Errors of %s, by the minute", "percent", 0.1, func(t time.Time) float64 { return 100 * sample(log, t).Flow.Errors() })
	chart("p95 of %s, by the minute", "ms", 100, func(t time.Time) float64 { return float64(sample(log, t).Flow.P95.Microseconds()) / 1000 })
	page.Fold("The same in numbers", func(p *summary.Page) { numbers(p, log.Samples) })
}

// weight is what the candidate had at a time.
func weight(log *traffic.Log, t time.Time) release.Weight {
	if !t.Before(log.Ended) {
		return log.Weight
	}
	if back := log.Back; back != nil && !t.Before(back.Decided.Add(back.Write)) {
		return 0
	}
	var w release.Weight
	for _, b := range log.Steps {
		if !b.Set.After(t) {
			w = b.Step.Weight
		}
	}
	return w
}

// sample is the last one that was taken by a time.
func sample(log *traffic.Log, t time.Time) traffic.Sample {
	last := log.Samples[0]
	for _, s := range log.Samples {
		if !s.At.After(t) {
			last = s
		}
	}
	return last
}

// measured leaves out what was not.
func measured(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return ms(d)
}

// numbers lists at most 30 samples.
func numbers(p *summary.Page, all []traffic.Sample) {
	every := (len(all) + 29) / 30
	var rows [][]string
	for i := 0; i < len(all); i += every {
		s := all[i]
		rows = append(rows, []string{
			s.At.UTC().Format("15:04:05"), s.Weight.String(), fmt.Sprintf("%.0f", s.Served), fmt.Sprintf("%.1f", s.Flow.Rate()),
			fmt.Sprintf("%.3g%%", 100*s.Flow.Errors()), measured(s.Flow.Mean), measured(s.Flow.P95), measured(s.Flow.P99),
		})
	}
	p.Table([]string{"when (UTC)", "weight", "requests so far", "a second", "errors", "mean", "p95", "p99"}, rows)
}
