//go:build unix

package process

import (
	"context"
	"os"
	"syscall"
)

// Detach starts a command that outlives its parent: in a session of its own,
// with standard output and error appended to log, which the caller may close.
// Stdin, Stdout and Stderr are not used. Its id is returned; while the parent
// lives it reaps the child.
func Detach(c Command, log *os.File) (pid int, err error) {
	cmd := c.build()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = nil, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: c.Credential}
	if err := cmd.Start(); err != nil {
		return 0, c.problem(err, "")
	}
	go func() { _ = cmd.Wait() }() // its end is seen by whoever needs it next
	return cmd.Process.Pid, nil
}

// End ends the group of a detached process like Stop. The caller has made sure
// that pid is still the process that Detach returned.
func End(ctx context.Context, pid int) {
	none := make(chan struct{})
	close(none)
	end(ctx, pid, none)
}
