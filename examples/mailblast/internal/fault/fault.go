// Package fault makes a release bad on purpose, so that a rollout can be shown
// to notice. An image is built with one fault or none.
//
// It promises that "none" changes nothing, and refuses a name that it does not
// know: a demonstration of a fault that is not there would prove nothing.
package fault

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// ErrCrash tells a worker to end at once with status 3, like a crash.
var ErrCrash = errors.New("crash on purpose")

// Kind names a fault.
type Kind string

// The faults. The number that may follow a colon, as in load:80, means:
const (
	None     Kind = "none"
	Errors   Kind = "errors"       // percent of API requests answered with 500
	Slow     Kind = "slow"         // milliseconds added to each API request
	Leak     Kind = "leak"         // MiB of memory kept per second
	Crash    Kind = "crash-worker" // jobs that a worker does before it exits with 3
	Load     Kind = "load"         // API requests per second that are answered; the rest get 500
	ErrorLog Kind = "error-log"    // lines at level ERROR per second
	Unready  Kind = "unhealthy"    // /health/ready answers 503; no number
	Tracking Kind = "tracking"     // /track answers 500; no number
)

// usual is the number of a fault that was named without one.
var usual = map[Kind]int{
	None: 0, Errors: 5, Slow: 3000, Leak: 4, Crash: 3, Load: 50, ErrorLog: 1, Unready: 0, Tracking: 0,
}

// Fault is one way of being bad. Its zero value is not valid: use Parse.
type Fault struct {
	Kind   Kind
	number int
	calls  atomic.Int64
	rate   rate
}

// Parse reads "none", a kind, or a kind with a number from 1, such as load:80.
func Parse(text string) (*Fault, error) {
	name, number, numbered := strings.Cut(text, ":")
	kind := Kind(name)
	n, known := usual[kind]
	if !known {
		return nil, fmt.Errorf("MAILBLAST_FAULT is %q: set it to none, errors, slow, leak, crash-worker, load, error-log, unhealthy or tracking", text)
	}
	if numbered {
		var err error
		if n, err = strconv.Atoi(number); err != nil || n < 1 || usual[kind] == 0 {
			return nil, fmt.Errorf("MAILBLAST_FAULT is %q: set a whole number from 1 after the colon, for a fault that takes one", text)
		}
	}
	return &Fault{Kind: kind, number: n}, nil
}

// Unready reports whether readiness is to be denied.
func (f *Fault) Unready() bool { return f.Kind == Unready }

// Crashes reports whether a worker that has done so many jobs is to crash.
func (f *Fault) Crashes(jobs int) bool { return f.Kind == Crash && jobs >= f.number }

// share reports true for percent of its calls, evenly spread and repeatable.
func (f *Fault) share(percent int) bool {
	n := f.calls.Add(1)
	return n*int64(percent)/100 > (n-1)*int64(percent)/100
}

func (f *Fault) delay() time.Duration { return time.Duration(f.number) * time.Millisecond }
