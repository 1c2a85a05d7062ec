package image

import (
	"context"
	"errors"
)

// Stage is how far an image came.
type Stage string

// The stages of an image, in order.
const (
	Reusing   Stage = "reuse"
	Preparing Stage = "prepare"
	Building  Stage = "build"
	Pushing   Stage = "push"
	Verifying Stage = "verify"
)

// Failure says which image went wrong where, and has its whole log.
type Failure struct {
	Image string
	Stage Stage
	Log   string
	Err   error
}

func (f *Failure) Error() string { return string(f.Stage) + " " + f.Image + ": " + f.Err.Error() }

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// causes leaves out the images that were stopped because another one failed,
// unless all were stopped: then that is what happened.
func causes(failures map[string]error) []error {
	var all, own []error
	for _, name := range sorted(failures) {
		err := failures[name]
		all = append(all, err)
		if !errors.Is(err, context.Canceled) {
			own = append(own, err)
		}
	}
	if len(own) == 0 {
		return all
	}
	return own
}
