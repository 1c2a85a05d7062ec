package release

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
	"unicode/utf8"
)

// Status is what is known about one item of the plan.
type Status string

// The statuses of an item. There is no way to tick an item without saying what
// was seen.
const (
	Passed    Status = "passed"
	Failed    Status = "failed"
	SignedOff Status = "signed off"
	NotShown  Status = "not shown" // nothing was observed, with the reason

	// NotApplicable says that this release has nothing that the item could be about,
	// with the reason. What could have been observed and was not is NotShown.
	NotApplicable Status = "not applicable"
)

// UnmarshalText refuses every word that is no status.
func (s *Status) UnmarshalText(text []byte) error {
	if _, ok := rank[Status(text)]; !ok {
		return fmt.Errorf("status %q: want passed, failed, signed off, not shown or not applicable", text)
	}
	*s = Status(text)
	return nil
}

// Evidence is one checked item of the plan: its id in the checklist, what was
// observed, and when.
type Evidence struct {
	ID       string    `json:"id"`
	Status   Status    `json:"status"`
	Observed string    `json:"observed"`
	At       time.Time `json:"at,omitzero"` // zero where nobody knows
}

// Findings collects the evidence of one job. Its zero value is ready to use. It
// is safe for concurrent use.
type Findings struct {
	mu   sync.Mutex
	list []Evidence
}

// Show records that an item holds, or does not, and what was seen. Showing the
// same item again keeps the worse of the two: failed wins over passed.
func (f *Findings) Show(id string, holds bool, format string, args ...any) {
	status := Passed
	if !holds {
		status = Failed
	}
	f.add(id, status, time.Now(), fmt.Sprintf(format, args...))
}

// Decide records a person's approval of an item, or a rejection, and when that was:
// the zero time where nobody knows.
func (f *Findings) Decide(id string, approved bool, at time.Time, format string, args ...any) {
	status := SignedOff
	if !approved {
		status = Failed
	}
	f.add(id, status, at, fmt.Sprintf(format, args...))
}

// Miss records that an item could not be observed, and why.
func (f *Findings) Miss(id, format string, args ...any) {
	f.add(id, NotShown, time.Now(), fmt.Sprintf(format, args...))
}

// Exempt records that this release has nothing that the item could be about, and why.
// It is for who knows that for certain, so it wins over what others could not observe.
func (f *Findings) Exempt(id, format string, args ...any) {
	f.add(id, NotApplicable, time.Now(), fmt.Sprintf(format, args...))
}

// List returns what was found, in the order in which it was first shown.
func (f *Findings) List() []Evidence {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.list)
}

// Merge adds evidence from elsewhere under the same rule as Show.
func (f *Findings) Merge(list []Evidence) {
	for _, e := range list {
		f.put(e)
	}
}

func (f *Findings) add(id string, status Status, at time.Time, observed string) {
	f.put(Evidence{ID: id, Status: status, Observed: cut(observed), At: at.UTC().Truncate(time.Millisecond)})
}

// rank orders statuses by which of two observations of one item is kept.
var rank = map[Status]int{NotShown: 0, NotApplicable: 1, Passed: 2, SignedOff: 3, Failed: 4}

func (f *Findings) put(e Evidence) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.list, func(have Evidence) bool { return have.ID == e.ID })
	switch {
	case i < 0:
		f.list = append(f.list, e)
	case rank[e.Status] > rank[f.list[i].Status]:
		f.list[i] = e
	}
}

// maxObserved is where an observation is cut, in bytes of its JSON: the evidence of
// all jobs travels to the record through one environment variable, of which Linux
// takes 128 KiB. All items of the plan have to fit.
const maxObserved = 160

// Evidences is the evidence of one or more jobs.
type Evidences []Evidence

// UnmarshalText reads a stream of JSON lists, so that the outputs of several
// jobs can be written one after the other. A job without a value has shown nothing.
func (e *Evidences) UnmarshalText(text []byte) error {
	var all Findings
	err := values(text, func(dec *json.Decoder) error {
		var next []Evidence
		switch err := dec.Decode(&next); {
		case err != nil:
			return fmt.Errorf("evidence: %w", err)
		case slices.ContainsFunc(next, unnamed):
			return errors.New("evidence: an item has no id or no status")
		}
		all.Merge(next)
		return nil
	})
	if err == nil {
		*e = all.list
	}
	return err
}

func unnamed(e Evidence) bool { return e.ID == "" || e.Status == "" }

// Encode returns the list as one line of JSON, [] when it is empty.
func (e Evidences) Encode() (string, error) {
	text, err := json.Marshal(append([]Evidence{}, e...))
	if err != nil {
		return "", fmt.Errorf("encode evidence: %w", err)
	}
	return string(text), nil
}

func cut(text string) string {
	const end = "…"
	used, keep := 0, 0
	for at, width := 0, 0; at < len(text); at += width {
		_, width = utf8.DecodeRuneInString(text[at:])
		encoded, _ := json.Marshal(text[at : at+width]) // a text always can be
		if used+len(end) <= maxObserved {
			keep = at
		}
		if used += len(encoded) - len(`""`); used > maxObserved {
			return text[:keep] + end
		}
	}
	return text
}
