//go:build unix

package process

import (
	"errors"
	"os/exec"
	"path/filepath"
)

// Error says which program went wrong, how, and what it said.
type Error struct {
	Program string // its base name and first argument
	Status  int    // exit status; -1 when it did not start, was killed or ran out of time
	Stderr  string // the last 8 KiB of its standard error
	Err     error  // such as the cause of the context
}

func (e *Error) Error() string {
	text := "run " + e.Program + ": " + e.Err.Error()
	if e.Stderr != "" {
		text += ": " + e.Stderr
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func (c Command) problem(err error, stderr string) error {
	e := &Error{Program: filepath.Base(c.Path), Status: -1, Stderr: stderr, Err: err}
	if len(c.Args) > 0 {
		e.Program += " " + c.Args[0]
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		e.Status = exit.ExitCode()
	}
	if missing, ok := errors.AsType[*exec.Error](err); ok {
		e.Err = missing.Err // its text would repeat the name
	}
	return e
}
