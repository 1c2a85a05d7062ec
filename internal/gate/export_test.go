package gate

import (
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Fill replaces the placeholders of a query.
func Fill(query string, slot, live release.Slot, window time.Duration) (string, error) {
	return scope{slot, live, window, ""}.fill(query)
}

// Selectors lists the texts and the labels of the selectors in a query.
func Selectors(query string) (texts []string, labels [][]string, err error) {
	found, err := selectors(query)
	for _, s := range found {
		texts, labels = append(texts, s.text), append(labels, s.labels)
	}
	return texts, labels, err
}

// Crossed says whether value is over the threshold.
func (t *Threshold) Crossed(value float64) bool { return t.crossed(value) }

// Comparison is the sequential test against the slot beside.
type Comparison struct {
	test comparison
	at   time.Time
}

// Add feeds the test with one tick of 15 seconds.
func (c *Comparison) Add(errors, requests, liveErrors, liveRequests float64) {
	c.at = c.at.Add(15 * time.Second)
	c.test.add(c.at, bothSlots{errors, requests, liveErrors, liveRequests})
}

// Rejects says whether the candidate is worse.
func (c *Comparison) Rejects() bool { return c.test.ratio() >= rejectAt(3) }

// Drift is the sequential test against the past of the live slot.
type Drift struct {
	test drift
	at   time.Time
}

// Step feeds the test with one tick of 15 seconds and says whether the candidate
// is worse.
func (d *Drift) Step(errors, requests, base float64) bool {
	d.at = d.at.Add(15 * time.Second)
	d.test.add(grown{d.at, errors, requests})
	if d.test.base == 0 {
		d.test.against(base)
	}
	return d.test.ratio() >= rejectAt(3)
}
