package audit

import "time"

// scale puts a time on the drawing.
type scale struct{ from, until time.Time }

// newScale leaves a little room before the first weight.
func newScale(from, until time.Time) scale {
	return scale{from.Add(-until.Sub(from) / 40), until}
}

// x is where a time stands; what is outside is put on the edge.
func (s scale) x(t time.Time) float64 {
	share := float64(t.Sub(s.from)) / float64(s.until.Sub(s.from))
	return left + (right-left)*min(max(share, 0), 1)
}

// paces are the distances that ticks may have.
var paces = [...]time.Duration{
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute,
	15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour,
}

// ticks are at most eight round times.
func (s scale) ticks() []mark {
	const most = 8
	whole := s.until.Sub(s.from)
	pace := 24 * time.Hour
	for i := len(paces) - 1; i >= 0 && whole/paces[i] < most; i-- {
		pace = paces[i]
	}
	for whole/pace >= most {
		pace *= 2
	}
	layout := "15:04"
	switch {
	case pace < time.Minute:
		layout = time.TimeOnly
	case whole > 24*time.Hour:
		layout = "2 Jan 15:04"
	}
	var all []mark
	for t := s.from.Truncate(pace).Add(pace); t.Before(s.until); t = t.Add(pace) {
		all = append(all, mark{X: s.x(t), Text: t.UTC().Format(layout)})
	}
	return all
}
