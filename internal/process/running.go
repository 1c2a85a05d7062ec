//go:build unix

package process

import (
	"context"
	"errors"
	"io"
	"os/exec"
	"sync/atomic"
)

// Running is a child process that was started and not waited for. It is safe
// for concurrent use.
type Running struct {
	command Command
	cmd     *exec.Cmd
	tail    *tail
	stopped atomic.Bool
	done    chan struct{} // closed when err is set
	err     error
}

// Start starts the command and returns at once. Every started process must be
// ended by Stop, or be waited for.
func Start(c Command) (*Running, error) {
	r := &Running{command: c, cmd: c.build(), tail: new(tail), done: make(chan struct{})}
	r.cmd.Stderr = r.tail
	if c.Stderr != nil {
		r.cmd.Stderr = io.MultiWriter(r.tail, c.Stderr)
	}
	if err := r.cmd.Start(); err != nil {
		return nil, c.problem(err, "")
	}
	go r.reap()
	return r, nil
}

// Pid is the id of the process and of its group.
func (r *Running) Pid() int { return r.cmd.Process.Pid }

// Done is closed when the process has ended.
func (r *Running) Done() <-chan struct{} { return r.done }

// Wait blocks until the process has ended. The error is nil when it exited with
// status 0 or was stopped by Stop.
func (r *Running) Wait() error {
	<-r.done
	return r.err
}

// Stop interrupts the process group, and kills what is left of it when ctx ends
// or Patience is over, whichever is first. The error is that of a process that
// had ended by itself before.
func (r *Running) Stop(ctx context.Context) error {
	select {
	case <-r.done:
		return r.err
	default:
	}
	r.stopped.Store(true)
	end(ctx, r.Pid(), r.done)
	return r.Wait()
}

func (r *Running) reap() {
	defer close(r.done)
	err := r.cmd.Wait()
	if err == nil || r.stopped.Load() || errors.Is(err, exec.ErrWaitDelay) {
		return
	}
	r.err = r.command.problem(err, r.tail.String())
}
