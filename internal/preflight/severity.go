package preflight

import (
	"fmt"
	"slices"
)

// Severity is how bad an alert is, as GitHub grades it.
type Severity string

// Off is the threshold that looks at nothing.
const Off Severity = "off"

// grades is from the mildest to the worst.
var grades = []Severity{"low", "medium", "high", "critical"}

// UnmarshalText accepts off, low, medium, high and critical.
func (s *Severity) UnmarshalText(text []byte) error {
	v := Severity(text)
	if v != Off && !slices.Contains(grades, v) {
		return fmt.Errorf("severity %q: want off, low, medium, high or critical", text)
	}
	*s = v
	return nil
}

// Reaches reports whether an alert is at or above a threshold. One of a grade
// that is not known is above every one.
func (s Severity) Reaches(threshold Severity) bool {
	grade := slices.Index(grades, s)
	return grade < 0 || grade >= slices.Index(grades, threshold)
}
