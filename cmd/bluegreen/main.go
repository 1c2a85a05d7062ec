// Command bluegreen is every action and command in one program: the first
// argument says which.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := command{args: os.Args[1:], getenv: os.Getenv, stdout: os.Stdout, stderr: os.Stderr}.main(ctx)
	stop()
	os.Exit(status)
}
