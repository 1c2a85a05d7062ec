//go:build unix

package process

import (
	"context"
	"os/signal"
	"syscall"
	"time"
)

// end interrupts the process group and kills it when it is still there after
// Patience or at the end of ctx. A group is there as long as one member is, so
// a leader that exits and leaves its children behind does not save them.
//
// The id of a group cannot be given to another process while it has members,
// and end stops asking as soon as it has none, so it hits nobody else.
func end(ctx context.Context, group int, leader <-chan struct{}) {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	if syscall.Kill(-group, interrupt()) != nil {
		return
	}
	select {
	case <-leader:
	case <-ctx.Done():
	}
	if !emptied(ctx, group) {
		_ = syscall.Kill(-group, syscall.SIGKILL) // gone meanwhile is as good
	}
}

func emptied(ctx context.Context, group int) bool {
	for syscall.Kill(-group, 0) == nil {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(5 * time.Millisecond):
		}
	}
	return true
}

// interrupt is SIGINT, or SIGTERM when we were started with SIGINT ignored, as
// shells do with what runs in the background: a child inherits that.
func interrupt() syscall.Signal {
	if signal.Ignored(syscall.SIGINT) {
		return syscall.SIGTERM
	}
	return syscall.SIGINT
}
