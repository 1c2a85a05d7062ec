package ssh

import (
	"context"
	"errors"
	"path"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/bluegreen-actions/bluegreen/internal/process"
)

// Run runs a program on the host and returns what it printed. Its error is that
// of package process. Where the connection breaks it may be run a second time.
func (h *Host) Run(ctx context.Context, argv ...string) (stdout string, err error) {
	return ask(ctx, h, func(c *connection, _ bool) (string, error) { return c.run(argv) })
}

func (c *connection) run(argv []string) (string, error) {
	session, err := c.session()
	if err != nil {
		return "", err
	}
	defer session.Close()
	var stdout, stderr strings.Builder
	session.Stdout, session.Stderr = &stdout, &stderr
	err = session.Run(command(`"$@"`, argv...))
	exit, ended := errors.AsType[*ssh.ExitError](err)
	if !ended {
		return stdout.String(), err
	}
	return stdout.String(), &process.Error{
		Program: strings.Join(append([]string{path.Base(argv[0])}, argv[1:min(len(argv), 2)]...), " "),
		Status:  exit.ExitStatus(), Stderr: strings.TrimSpace(stderr.String()), Err: exit,
	}
}
