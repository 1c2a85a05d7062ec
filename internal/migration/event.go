package migration

import (
	"fmt"
	"time"
)

// Event is a step of a run that has just happened.
type Event struct {
	Kind  EventKind
	What  string        // the file, the backup, or who is waited for
	Took  time.Duration // 0 for what only begins
	Tries int           // of a file, so far
	Locks int           // of these tries, how many ended at a lock
}

// EventKind is the kind of an Event.
type EventKind string

// The kinds of events, in the order of a run.
const (
	Waiting        EventKind = "waiting" // for another run
	Locked         EventKind = "locked"  // no other run migrates now
	Settled        EventKind = "settled" // what an earlier run left is known
	BackupStarted  EventKind = "backup started"
	BackupTaken    EventKind = "backup taken" // and verified; it is copied next
	BackupDone     EventKind = "backup done"  // taken and verified, or an earlier one reused
	ScratchFilling EventKind = "filling scratch database"
	Rehearsing     EventKind = "rehearsing" // a file
	FileRehearsed  EventKind = "rehearsed"  // a file
	Started        EventKind = "started"    // a file
	Running        EventKind = "running"    // a file, for a while already
	Blocked        EventKind = "blocked"    // a file met a lock and will be tried again
	Terminated     EventKind = "terminated" // a session that was in the way
	FileApplied    EventKind = "applied"    // a file
	FillStarted    EventKind = "backfill"   // of rows, in batches
	FillGoesOn     EventKind = "backfilling"
	FillHeld       EventKind = "backfill held" // for the sake of others
	FillDone       EventKind = "backfilled"
	Verified       EventKind = "verified"   // the version
	TakenBack      EventKind = "taken back" // a file, by its down file
)

// String prints the event in one line.
func (e Event) String() string {
	text := string(e.Kind) + ": " + e.What
	if e.Tries > 1 || e.Locks > 0 {
		text += fmt.Sprintf(", tries %d, at a lock %d", e.Tries, e.Locks)
	}
	if e.Took > 0 {
		text += ", " + e.Took.Round(time.Millisecond).String()
	}
	return text
}
