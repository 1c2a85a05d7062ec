package gate

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// Threshold is a limit on a rule's value: exactly one of Above, AtLeast and
// Below.
type Threshold struct {
	Above   *float64      `yaml:"above" help:"Crossed by a value greater than this."`
	AtLeast *float64      `yaml:"at-least" help:"Crossed by a value equal to this or greater."`
	Below   *float64      `yaml:"below" help:"Crossed by a value smaller than this."`
	For     time.Duration `yaml:"for" help:"How long measurements must stay over the threshold, on top of the window that each of them covers."`
}

// Check refuses a threshold without exactly one finite limit.
func (t Threshold) Check() error {
	limits := 0
	for _, limit := range []*float64{t.Above, t.AtLeast, t.Below} {
		if limit == nil {
			continue
		}
		limits++
		if math.IsNaN(*limit) || math.IsInf(*limit, 0) {
			return fmt.Errorf("threshold %v: want a finite number", *limit)
		}
	}
	if limits != 1 {
		return fmt.Errorf("threshold with %d limits: want exactly one of above, at-least and below", limits)
	}
	if t.For < 0 {
		return fmt.Errorf("threshold for %v: want 0 or more", t.For)
	}
	return nil
}

// crossed is false for a nil threshold. The value must be a number.
func (t *Threshold) crossed(value float64) bool {
	switch {
	case t == nil:
		return false
	case t.Above != nil:
		return value > *t.Above
	case t.AtLeast != nil:
		return value >= *t.AtLeast
	}
	return value < *t.Below
}

// Limits says a rule's thresholds in words, such as "warn at least 0.08%, pause
// at least 0.1%".
func (r Rule) Limits() string {
	var all []string
	for _, one := range []struct {
		name string
		at   *Threshold
	}{{"warn", r.Warn}, {"pause", r.Pause}, {"rollback", r.Rollback}} {
		if one.at != nil {
			all = append(all, one.name+" "+one.at.describe(r.show))
		}
	}
	return strings.Join(all, ", ")
}

// describe says the limit in words, such as "at least 0.1%".
func (t *Threshold) describe(show func(float64) string) string {
	text := ""
	switch {
	case t.Above != nil:
		text = "above " + show(*t.Above)
	case t.AtLeast != nil:
		text = "at least " + show(*t.AtLeast)
	default:
		text = "below " + show(*t.Below)
	}
	if t.For > 0 {
		text += " for " + t.For.String()
	}
	return text
}

// ordered refuses thresholds of one rule that point in different directions, or
// where a milder one is crossed later than a worse one.
func ordered(mild, worse *Threshold) error {
	if mild == nil || worse == nil || mild.Check() != nil || worse.Check() != nil {
		return nil
	}
	if (mild.Below == nil) != (worse.Below == nil) {
		return errors.New("one threshold is crossed from below and another from above")
	}
	a, b := mild.limit(), worse.limit()
	if mild.Below != nil && a < b || mild.Below == nil && a > b {
		return fmt.Errorf("the milder threshold, %v, is crossed after the worse one, %v", a, b)
	}
	return nil
}

func (t *Threshold) limit() float64 {
	switch {
	case t.Above != nil:
		return *t.Above
	case t.AtLeast != nil:
		return *t.AtLeast
	}
	return *t.Below
}
