package traffic

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Alarm is something that happened to the containers of a slot, told while it
// happens and not when somebody looks.
type Alarm struct {
	Slot release.Slot
	Sort Sort
	Text string // what happened to which container
}

// Sort is what an alarm means.
type Sort string

// The sorts of alarm.
const (
	Noted   Sort = "noted"   // worth a warning, such as a container that was stopped on purpose
	Crashed Sort = "crashed" // of the candidate, a reason to go back at once
	Blinded Sort = "blinded" // nothing is told any more, so the clock stands still
	Sighted Sort = "sighted" // it is again
)

// again is after how long the same warning is said once more.
const again = time.Minute

// vigil is what the alarms have said, beside the steps.
type vigil struct {
	mu    sync.Mutex
	kept  bool   // somebody listens
	blind string // why nothing is told of the candidate; empty while it is
	gaps  int    // how often nothing was
	crash string // the first of the candidate
	doubt bool   // whether the good slot may not be able to take the traffic back
	notes []string
	said  map[string]time.Time
}

// listen hears the alarms until ctx ends. A crash of the candidate ends the
// context that it returns, with a *retreat as its cause, wherever the step is.
func (r *run) listen(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, end := context.WithCancelCause(ctx)
	if r.Alarms != nil {
		r.vigil.kept = true
		alarms := r.Alarms(ctx)
		go func() {
			for alarm := range alarms {
				if why := r.vigil.hear(alarm, r.Candidate); why != nil {
					end(why)
				}
			}
		}()
	}
	return ctx, func() { end(context.Canceled) }
}

// hear returns the decision to go back, or nil. What happens to the good slot
// is no fault of the release; it is asked before the traffic goes there.
func (v *vigil) hear(a Alarm, candidate release.Slot) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	text := fmt.Sprintf("the %s slot: %s", a.Slot, a.Text)
	mine := a.Slot == candidate
	switch {
	case mine && a.Sort == Crashed:
		if v.crash == "" {
			v.crash = text
		}
		return &retreat{time.Now(), text}
	case mine && a.Sort == Blinded:
		v.blind = text
		v.gaps++
		text += ": the clock stands still"
	case mine && a.Sort == Sighted:
		v.blind = ""
	case a.Sort == Crashed:
		v.doubt = true
		text = "the way back may not be open: " + text
	}
	v.note(text)
	return nil
}

// doubts notes that the good slot may be the reason why a shift comes to no end.
func (v *vigil) doubts() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.doubt = true
}

func (v *vigil) doubtful() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.doubt
}

// note keeps a warning until the next look, and the same one once a minute.
func (v *vigil) note(text string) {
	const most = 50
	if last, ok := v.said[text]; ok && time.Since(last) < again || len(v.notes) >= most {
		return
	}
	if v.said == nil {
		v.said = map[string]time.Time{}
	}
	v.said[text] = time.Now()
	v.notes = append(v.notes, text)
}

// take returns what is new, and why the candidate is not seen.
func (v *vigil) take() (notes []string, blind string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	notes, v.notes = v.notes, nil
	return notes, v.blind
}

// show shows whether the candidate's containers ran through all of it.
func (v *vigil) show(found *release.Findings, slot release.Slot) {
	v.mu.Lock()
	defer v.mu.Unlock()
	const id = "C.3.5"
	switch {
	case !v.kept:
		found.Miss(id, "nobody watched the containers of the %s slot", slot)
	case v.crash != "":
		found.Show(id, false, "%s", v.crash)
	case v.gaps > 0 || v.blind != "":
		found.Miss(id, "no container of the %s slot was seen to crash, but nobody could watch all the time: gaps: %d", slot, v.gaps)
	default:
		found.Show(id, true, "no container of the %s slot crashed, ran out of memory or became unhealthy while it had traffic", slot)
	}
}
