// Command backend serves the API and tracking of one slot, and relays its outbox.
//
//	backend              serve until SIGTERM, then drain
//	backend healthcheck  exit 0 when the backend of this container is alive
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/fault"
	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/settings"
	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/web"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	os.Exit(run(ctx, os.Args[1:]))
}

// run returns the exit status: 0 done, 1 broken, 2 bad settings.
func run(ctx context.Context, args []string) int {
	s, err := settings.ReadBackend(os.Getenv)
	bad, err2 := fault.Parse(s.Fault)
	if err := errors.Join(err, err2); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	if len(args) == 1 && args[0] == "healthcheck" {
		return report(web.Check(ctx, s.Listen, "/health/live"))
	}
	if len(args) > 0 {
		fmt.Fprintln(os.Stderr, "usage: backend [healthcheck]")
		return 2
	}
	log := web.Log(os.Stdout, "backend", s.Slot, s.Version)
	if err := serve(ctx, s, bad, log); err != nil {
		log.Error("Backend ended", "error", err)
		return 1
	}
	return 0
}

func report(err error) int {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
