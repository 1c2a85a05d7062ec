package release

import (
	"cmp"
	"errors"
	"fmt"
)

// Kind says what a failure means for the one who asked.
type Kind int

// The kinds of failure, each with its exit status.
const (
	Refused Kind = 1 // a gate or check said no
	Invalid Kind = 2 // bad input or configuration; nothing was touched
	Unknown Kind = 3 // could not tell, which is never a pass
)

// Problem is an error that knows what it means and what to do next. The hint is
// kept apart from the message, so that it is shown once, on a line of its own.
type Problem struct {
	Kind Kind
	Hint string // an imperative sentence: what to do next; several stand on a line each
	Err  error
}

func (p *Problem) Error() string { return p.Err.Error() }

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.Err }

// Refuse returns a Problem of kind Refused. The format may wrap with %w.
func Refuse(hint, format string, args ...any) error {
	return &Problem{Refused, hint, fmt.Errorf(format, args...)}
}

// Reject returns a Problem of kind Invalid. The format may wrap with %w.
func Reject(hint, format string, args ...any) error {
	return &Problem{Invalid, hint, fmt.Errorf(format, args...)}
}

// CannotTell returns a Problem of kind Unknown. The format may wrap with %w.
func CannotTell(hint, format string, args ...any) error {
	return &Problem{Unknown, hint, fmt.Errorf(format, args...)}
}

// ExitStatus is the exit status for err: 0 for none, the kind of the outermost
// Problem, and 1 for every other error.
func ExitStatus(err error) int {
	if err == nil {
		return 0
	}
	if p, ok := errors.AsType[*Problem](err); ok {
		return max(int(p.Kind), int(Refused)) // a Problem without a kind is no success
	}
	return int(Refused)
}

// HintOf returns the hint of the outermost Problem in err that has one; of
// joined errors, the first that has one.
func HintOf(err error) string {
	switch e := err.(type) {
	case *Problem:
		return cmp.Or(e.Hint, HintOf(e.Err))
	case interface{ Unwrap() error }:
		return HintOf(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			if hint := HintOf(one); hint != "" {
				return hint
			}
		}
	}
	return ""
}
