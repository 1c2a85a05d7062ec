package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// The kinds of locks: of one alone, and of many at once.
const (
	alone    = syscall.LOCK_EX
	together = syscall.LOCK_SH
)

// lock takes the lock on a file, which is made when it is not there, and
// returns how to release it. The kernel releases it when the process dies.
func lock(ctx context.Context, path string, kind int) (release func(), err error) {
	for {
		release, err := tryLock(path, kind)
		if err == nil || !errors.Is(err, syscall.EWOULDBLOCK) {
			return release, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for %s: %w", path, context.Cause(ctx))
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// tryLock is lock without waiting. When somebody has it, in this process or in
// another, the error is EWOULDBLOCK.
func tryLock(path string, kind int) (release func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), kind|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { f.Close() }, nil
}
