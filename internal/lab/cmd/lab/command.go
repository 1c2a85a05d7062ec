package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/process"
)

const usage = `usage: lab <verb> [name ...]

  up [service ...]     start postgres, redis, registry and docker, or those named,
                       and keep them until down
  down                 stop what was started, and remove its data; what a run needs
                       is stopped at its end
  run PROGRAM [ARG ..] start all of them, run the program with their addresses, and
                       stop them, unless up or another run needs them
  install [name ...]   install what is missing, or what is missing of those named
  env                  start postgres and redis, keep them until down, and print
                       their addresses as shell exports for tests that run elsewhere
  tool NAME            build a tool when it is missing, and print its path: act,
                       actionlint, staticcheck, govulncheck or docker-registry`

var errUsage = errors.New(usage)

type command struct{ stdout, stderr io.Writer }

// main returns the exit status: 0 done, 1 it went wrong, 2 there is no such verb.
func (c command) main(ctx context.Context, args []string) int {
	err := c.run(ctx, args)
	if err == nil {
		return 0
	}
	fmt.Fprintln(c.stderr, err)
	if errors.Is(err, errUsage) {
		return 2
	}
	return 1
}

func (c command) run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errUsage
	}
	switch verb, names := args[0], args[1:]; {
	case verb == "up":
		return c.up(ctx, names)
	case verb == "install":
		return lab.Install(ctx, c.stderr, names...)
	case verb == "down" && len(names) == 0:
		return lab.Down(ctx, c.stderr)
	case verb == "run" && len(names) > 0:
		return c.with(ctx, names)
	case verb == "env" && len(names) == 0:
		return c.env(ctx)
	case verb == "tool" && len(names) == 1:
		return c.tool(ctx, names[0])
	}
	return errUsage
}

func (c command) up(ctx context.Context, names []string) error {
	found, err := lab.Up(ctx, c.stderr, names...)
	if err != nil {
		return err
	}
	if err := lab.Keep(); err != nil {
		return err
	}
	for _, line := range []struct{ name, address string }{
		{"postgres", redacted(found.Postgres)}, {"redis", found.Redis}, {"registry", found.Registry}, {"docker", found.Docker},
	} {
		if line.address != "" {
			fmt.Fprintf(c.stdout, "%-8s %s\n", line.name, line.address)
		}
	}
	return nil
}

// with runs a program, with what it needs to find the services in its environment.
func (c command) with(ctx context.Context, argv []string) error {
	return lab.Run(ctx, c.stderr, func(found *lab.Services) error {
		err := process.Run(ctx, process.Command{Path: argv[0], Args: argv[1:], Stdout: c.stdout, Stderr: c.stderr, Env: []string{
			"BLUEGREEN_LAB_POSTGRES=" + found.Postgres, "BLUEGREEN_LAB_REDIS=" + found.Redis,
		}})
		if problem, ok := errors.AsType[*process.Error](err); ok {
			problem.Stderr = "" // it was seen
		}
		return err
	})
}

// redacted hides the password; env is how to ask for it.
func redacted(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Redacted()
}

func (c command) env(ctx context.Context) error {
	found, err := lab.Up(ctx, c.stderr, "postgres", "redis")
	if err != nil {
		return err
	}
	if err := lab.Keep(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.stdout, "export BLUEGREEN_LAB_POSTGRES='%s'\nexport BLUEGREEN_LAB_REDIS='%s'\n", found.Postgres, found.Redis)
	return err
}

func (c command) tool(ctx context.Context, name string) error {
	path, err := lab.Tool(ctx, name, c.stderr)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(c.stdout, path)
	return err
}
