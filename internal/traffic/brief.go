package traffic

import (
	"fmt"
	"time"
)

// Brief says where a step stands in a few words, such as "10% for 3m of 5m, p95
// 112ms".
func (p *Progress) Brief() string {
	text := fmt.Sprintf("%v for %s of %s", p.Weight, minutes(p.Good), minutes(p.Bake))
	if p.P95 > 0 {
		text += fmt.Sprintf(", p95 %v", p.P95.Round(time.Millisecond))
	}
	if !p.Verdict.Advances() {
		text += ", held: " + p.Verdict.String()
	}
	return text
}

// minutes is a duration to the second, without what is zero at its end.
func minutes(d time.Duration) string {
	d = d.Round(time.Second)
	if d >= time.Minute && d%time.Minute == 0 && d%time.Hour != 0 {
		return fmt.Sprintf("%dm", d/time.Minute)
	}
	return d.String()
}
