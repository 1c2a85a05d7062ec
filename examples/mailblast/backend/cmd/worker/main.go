// Command worker sends the mails of the queue.
//
//	worker              work until SIGTERM, then finish the job in hand
//	worker healthcheck  exit 0 when the worker of this container has a heartbeat
//
// Its exit status is 0 when it was stopped, 1 when something broke or was left
// unfinished, 2 for bad settings, 3 when it crashed on purpose.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/container"
	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/fault"
	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/settings"
	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/web"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	os.Exit(run(ctx, os.Args[1:]))
}

func run(ctx context.Context, args []string) int {
	s, err := settings.ReadWorker(os.Getenv)
	bad, err2 := fault.Parse(s.Fault)
	if err := errors.Join(err, err2); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	s.ID = container.Name(s.ID)
	if len(args) == 1 && args[0] == "healthcheck" {
		return check(ctx, s)
	}
	if len(args) > 0 {
		fmt.Fprintln(os.Stderr, "usage: worker [healthcheck]")
		return 2
	}
	log := web.Log(os.Stdout, "worker", s.Slot, s.Version).With("worker", s.ID)
	err = work(ctx, s, bad, log)
	if errors.Is(err, fault.ErrCrash) {
		log.Error("Worker crashed", "error", err)
		return 3
	}
	if err != nil {
		log.Error("Worker ended", "error", err)
		return 1
	}
	log.Info("Worker stopped")
	return 0
}
