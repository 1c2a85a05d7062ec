//go:build unix

// Package process runs child processes: a program and its arguments, a
// deadline, and what it said when it went wrong. It is the only place that
// imports os/exec.
//
// It promises that nothing outlives its context: the child has a process group
// of its own, which is interrupted, given Patience, and then killed as a whole.
// An error names the program, its first argument and the end of its standard
// error. It never prints the other arguments or the environment, so a secret
// may be in the environment, but nowhere else: arguments can be read by every
// user of the machine.
//
// It refuses shells and strings of words: a command is a path and a list.
package process

import (
	"bytes"
	"context"
	"io"
	"os/exec"
	"syscall"
	"time"
)

// Patience is how long an interrupted process group has to end before it is
// killed.
const Patience = 5 * time.Second

// Command is a program to run. Only Path is required.
type Command struct {
	Path       string              // looked up in PATH when it has no slash
	Args       []string            // without the program's own name
	Dir        string              // working directory; "" is the caller's
	Env        []string            // NAME=value, added to the inherited environment
	Stdin      io.Reader           // nil is the null device
	Stdout     io.Writer           // nil is the null device
	Stderr     io.Writer           // gets a copy; the tail is kept for the error in any case
	Credential *syscall.Credential // run as this user; nil is the caller's
}

// Run runs the command until it ends, or until ctx does: then it is stopped,
// and the error wraps the cause of ctx. A child that left its output to a
// process in the background is waited for by Patience, and has then succeeded.
func Run(ctx context.Context, c Command) error {
	if ctx.Err() != nil {
		return c.problem(context.Cause(ctx), "")
	}
	r, err := Start(c)
	if err != nil {
		return err
	}
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
	}
	_ = r.Stop(context.WithoutCancel(ctx)) // what ended it is the cause of ctx
	return c.problem(context.Cause(ctx), r.tail.String())
}

// Output runs the command like Run and returns what it wrote to its standard
// output, also beside an error. The command's own Stdout is not used.
func Output(ctx context.Context, c Command) ([]byte, error) {
	var out bytes.Buffer
	c.Stdout = &out
	err := Run(ctx, c)
	return out.Bytes(), err
}

func (c Command) build() *exec.Cmd {
	cmd := exec.Command(c.Path, c.Args...)
	cmd.Dir, cmd.Stdin, cmd.Stdout = c.Dir, c.Stdin, c.Stdout
	cmd.Env = append(cmd.Environ(), c.Env...) // with PWD for Dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: c.Credential}
	cmd.WaitDelay = Patience
	return cmd
}
