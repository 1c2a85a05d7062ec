package traffic

import (
	"fmt"
	"slices"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Outcome is how a shift ended.
type Outcome string

// The outcomes of a shift.
const (
	Shifted    Outcome = "shifted"     // the candidate has all the traffic, and was watched
	Unchanged  Outcome = "unchanged"   // it had all the traffic already
	RefusedTo  Outcome = "refused"     // before any weight was changed by this run
	RolledBack Outcome = "rolled back" // the good slot has all the traffic
	HeldAt     Outcome = "held"        // the weight was kept, on purpose
	Stopped    Outcome = "stopped"     // somebody else took over; the weights were not touched
	Stranded   Outcome = "stranded"    // the traffic could not be taken back
)

// Kind is what an event is about.
type Kind string

// The kinds of event.
const (
	Began    Kind = "began"
	Entered  Kind = "entered"  // a step begins
	Weighed  Kind = "weighed"  // a weight was set
	Observed Kind = "observed" // a weight was proven
	Judged   Kind = "judged"   // the gates changed their mind
	Baked    Kind = "baked"    // time has passed under good gates
	Warned   Kind = "warned"
	Decided  Kind = "decided" // to go back
	Returned Kind = "returned"
	Ended    Kind = "ended"
)

// Event is one line of the timeline.
type Event struct {
	At       time.Time `json:"at"`
	Kind     Kind      `json:"kind"`
	Text     string    `json:"text"`
	Progress *Progress `json:"progress,omitempty"` // of a step that is watched
}

// Log is what happened in a shift. Durations are in nanoseconds.
type Log struct {
	Release    release.ID     `json:"release"`
	Candidate  release.Slot   `json:"candidate"`
	Good       release.Slot   `json:"good,omitempty"`
	Outcome    Outcome        `json:"outcome"`
	Reason     string         `json:"reason,omitempty"` // why it did not end at 100 %
	Sick       string         `json:"sick,omitempty"`   // why the good slot could not take back the traffic that was held
	Weight     release.Weight `json:"weight"`           // of the candidate, when last known
	Started    time.Time      `json:"started"`
	Ended      time.Time      `json:"ended"`
	Steps      []Baking       `json:"steps,omitempty"`
	Events     []Event        `json:"events"`
	Dropped    int            `json:"dropped,omitempty"`  // events from the middle that are not kept
	Readings   []gate.Reading `json:"readings,omitempty"` // of the last decision of the gates
	Gates      []Account      `json:"gates,omitempty"`    // what each of them said
	Samples    []Sample       `json:"samples,omitempty"`
	Before     *gate.Flow     `json:"before,omitempty"` // of the good slot, before the first weight
	Validation []Proof        `json:"validation,omitempty"`
	Back       *Way           `json:"back,omitempty"` // nil when no traffic went back
}

// Record is the shift's addition to the record of the release.
func (l *Log) Record() *release.Shifted {
	return &release.Shifted{
		Weight:     l.Weight,
		RolledBack: l.Outcome == RolledBack,
		Reason:     brief(l.Reason),
		At:         l.Ended,
	}
}

// brief keeps a reason fit for the record, which travels from job to job.
func brief(reason string) string {
	const most = 300
	if runes := []rune(reason); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return reason
}

// Baking is one step as it went.
type Baking struct {
	Step     Step            `json:"step"` // as asked for
	Set      time.Time       `json:"set"`
	Weights  release.Weights `json:"weights"` // read back
	Share    Share           `json:"share"`   // of new requests, counted
	Good     time.Duration   `json:"good"`    // under gates that pass
	Paused   time.Duration   `json:"paused"`
	Wall     time.Duration   `json:"wall"`
	Gap      time.Duration   `json:"gap"` // the longest between two looks at the gates
	Looks    int             `json:"looks"`
	Worst    gate.Verdict    `json:"worst"`
	Warnings []string        `json:"warnings,omitempty"`
	Thin     bool            `json:"thin,omitempty"` // ended for lack of traffic
	Done     bool            `json:"done"`
}

// eventsMost bounds the events that are kept. Of more, the beginning and the end
// are.
const eventsMost = 1000

// say adds an event to the log and shows it.
func (r *run) say(kind Kind, format string, args ...any) { r.tell(kind, nil, format, args...) }

func (r *run) tell(kind Kind, p *Progress, format string, args ...any) {
	e := Event{now(), kind, fmt.Sprintf(format, args...), p}
	if len(r.log.Events) >= eventsMost {
		r.log.Events = slices.Delete(r.log.Events, eventsMost/2, eventsMost/2+1)
		r.log.Dropped++
	}
	r.log.Events = append(r.log.Events, e)
	if r.Progress != nil {
		r.Progress(e)
	}
}
