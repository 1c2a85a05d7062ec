// Command demo releases MailBlast four times through the workflow file, on real
// services, under load, and counts what was lost. `demo down` removes what it
// has left.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/bluegreen-actions/bluegreen/internal/demo"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	set := flag.NewFlagSet("demo", flag.ContinueOnError)
	dir := set.String("dir", demo.Folder, "folder for everything that the demo needs and leaves; nginx's workers must be able to read it")
	root := set.String("root", ".", "the checkout of this project")
	router := set.String("router", "nginx", "the load balancer in front: "+strings.Join(demo.Routers(), " or "))
	rate := set.Float64("rate", 150, "requests a second, 10 to 1000")
	if err := set.Parse(args); err != nil {
		return err
	}
	if set.Arg(0) == "down" {
		return demo.Close(ctx, *dir, demo.Project, os.Stdout)
	}
	if set.NArg() > 0 || *rate < 10 || *rate > 1000 {
		return fmt.Errorf("unexpected argument %q or rate %v: see demo -h", set.Arg(0), *rate)
	}
	stage, err := demo.OpenBehind(ctx, *router, *root, *dir, demo.Project, os.Stdout)
	if err != nil {
		return err
	}
	err = stage.Run(ctx, *rate)
	return errors.Join(err, stage.Stop(context.WithoutCancel(ctx)))
}
