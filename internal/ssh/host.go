package ssh

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Host is another host. It is a statefolder.Disk, and safe for concurrent use.
type Host struct {
	settings Settings
	turn     chan struct{} // has one place: who is in it may look for the connection
	last     *connection
}

// New is the host of the settings. It refuses settings that cannot be used, and
// asks nobody.
func New(s Settings) (*Host, error) {
	if err := s.Check(); err != nil {
		return nil, release.Reject("correct the settings of ssh", "ssh: %w", err)
	}
	return &Host{settings: s, turn: make(chan struct{}, 1)}, nil
}

// Command is what a person runs to run a line on the host, with the keys of its
// own.
func (h *Host) Command(line string) string {
	t, err := parseTarget(h.settings.URL)
	if err != nil {
		return line // New has refused it
	}
	through := ""
	if jump, err := parseTarget(h.settings.Jump); err == nil {
		through = "-J " + strings.TrimPrefix(jump.String(), "ssh://") + " "
	}
	name, port, _ := net.SplitHostPort(t.address)
	return fmt.Sprintf("ssh %s-p %s %s@%s %s", through, port, t.user, name, quote(line))
}

// Close ends the connection.
func (h *Host) Close() {
	h.turn <- struct{}{}
	defer func() { <-h.turn }()
	if h.last != nil {
		h.last.end()
	}
}

// connected is the connection that works, opened where there is none. The opening
// goes on when ctx ends, for whoever comes next.
func (h *Host) connected(ctx context.Context) (*connection, error) {
	select {
	case h.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if h.last != nil && !h.last.broken() {
		defer func() { <-h.turn }()
		return h.last, nil
	}
	opened := make(chan error, 1)
	var c *connection
	go func() {
		defer func() { <-h.turn }()
		var err error
		if c, err = dial(context.WithoutCancel(ctx), h.settings); err == nil {
			h.last = c
		}
		opened <- err
	}()
	select {
	case err := <-opened:
		return c, err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// bound is the key of the connection that holds a lock, in a context.
type bound struct{}

// ask does an operation that has an answer. Under a lock it is done on the
// connection that holds it, else on a fresh connection once more when the first
// one broke: then again is true, and what is there may be of the first time.
func ask[T any](ctx context.Context, h *Host, f func(c *connection, again bool) (T, error)) (answer T, err error) {
	if c, held := ctx.Value(bound{}).(*connection); held {
		answer, err = run(ctx, c, answerTime, func() (T, error) { return f(c, false) })
		return answer, h.named(err)
	}
	c, err := h.connected(ctx)
	if err != nil {
		return answer, err
	}
	answer, err = run(ctx, c, firstTime, func() (T, error) { return f(c, false) })
	if err == nil || !c.broken() || ctx.Err() != nil {
		return answer, h.named(err)
	}
	fresh, err := h.connected(ctx)
	if err != nil {
		return answer, err
	}
	answer, err = run(ctx, fresh, answerTime, func() (T, error) { return f(fresh, true) })
	return answer, h.named(err)
}

// do does an operation that has no answer.
func do(ctx context.Context, h *Host, f func(c *connection, again bool) error) error {
	_, err := ask(ctx, h, func(c *connection, again bool) (struct{}, error) { return struct{}{}, f(c, again) })
	return err
}

// named says where it was.
func (h *Host) named(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", h.settings.URL, err)
}

// Dial connects to an address as seen from the host.
func (h *Host) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := h.dial(ctx, network, address)
	var refused *ssh.OpenChannelError
	if errors.As(err, &refused) && refused.Reason == ssh.Prohibited {
		return nil, release.CannotTell("set AllowTcpForwarding yes in the host's sshd_config for this user", "reach %s: %w", address, h.named(err))
	}
	return conn, h.named(err)
}

// dial is ask for an address, whose silence is not the host's: the connection
// stays, with the locks that it holds.
func (h *Host) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if c, held := ctx.Value(bound{}).(*connection); held {
		return c.dial(ctx, network, address)
	}
	c, err := h.connected(ctx)
	if err != nil {
		return nil, err
	}
	conn, err := c.dial(ctx, network, address)
	if err == nil || !c.broken() || ctx.Err() != nil {
		return conn, err
	}
	if c, err = h.connected(ctx); err != nil {
		return nil, err
	}
	return c.dial(ctx, network, address)
}

// output runs a script of the POSIX shell and returns what it prints. Arguments
// are $1 and so on.
func (c *connection) output(script string, args ...string) (string, error) {
	session, err := c.session()
	if err != nil {
		return "", err
	}
	defer session.Close()
	var stdout, stderr strings.Builder
	session.Stdout, session.Stderr = &stdout, &stderr
	if err := session.Run(command(script, args...)); err != nil {
		return "", told(err, stderr.String())
	}
	return stdout.String(), nil
}

// command is a line for whatever shell the user has.
func command(script string, args ...string) string {
	line := "/bin/sh -c " + quote(script) + " bluegreen"
	for _, arg := range args {
		line += " " + quote(arg)
	}
	return line
}

// quote makes a text one word of a shell. Texts have no quotes in them but ours.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// Now implements statefolder.Disk.
func (h *Host) Now(ctx context.Context) (time.Time, error) {
	return ask(ctx, h, func(c *connection, _ bool) (time.Time, error) {
		text, err := c.output("date +%s.%N")
		if err != nil {
			return time.Time{}, err
		}
		return parseTime(text)
	})
}

// parseTime reads seconds since 1970, with or without what comes after the dot.
func parseTime(text string) (time.Time, error) {
	var seconds, nanoseconds int64
	whole, part, _ := strings.Cut(strings.TrimSpace(text), ".")
	if _, err := fmt.Sscanf(whole, "%d", &seconds); err != nil || seconds <= 0 {
		return time.Time{}, fmt.Errorf("ask for the time: unknown answer %.40q", text)
	}
	if len(part) == 9 {
		_, _ = fmt.Sscanf(part, "%d", &nanoseconds) // a shell that knows no %N prints no number
	}
	return time.Unix(seconds, nanoseconds), nil
}
