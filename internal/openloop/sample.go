package openloop

import "time"

// Outcome is what became of a request.
type Outcome string

// The outcomes. All but the first and the last are losses.
const (
	Answered    Outcome = "answered"     // completely, with a status below 500
	ServerError Outcome = "server error" // completely, with a status of 500 or more
	Refused     Outcome = "refused"      // no connection
	Unanswered  Outcome = "unanswered"   // the connection ended before the first byte of an answer
	Cut         Outcome = "cut"          // the connection ended within the answer, or it was none
	TimedOut    Outcome = "timed out"    // no complete answer within the timeout
	NotSent     Outcome = "not sent"     // no room, so the server never saw it
)

// Losses lists the outcomes of a request that was sent and not answered.
var Losses = [...]Outcome{ServerError, Refused, Unanswered, Cut, TimedOut}

// Sample is one request.
type Sample struct {
	Number   int // from 1, in the order of the schedule
	Method   string
	Path     string
	Fresh    bool // on a connection of its own
	Intended time.Time
	Started  time.Time // when it left; zero when it was not sent
	Ended    time.Time
	Status   int               // 0 without an answer
	Header   map[string]string // those of Load.Keep that the answer had
	Outcome  Outcome
	Err      error // the cause of a loss, other than a server error
}

// Latency is the time from when the request was meant to leave.
func (s Sample) Latency() time.Duration { return s.Ended.Sub(s.Intended) }

// Lost tells whether the request was sent and not answered well.
func (s Sample) Lost() bool { return s.Outcome != Answered && s.Outcome != NotSent }
