// Command lab starts, stops and installs what the tests and the demo need.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	os.Exit(command{os.Stdout, os.Stderr}.main(ctx, os.Args[1:]))
}
