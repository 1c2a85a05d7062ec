package ssh

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/bluegreen-actions/bluegreen/internal/statefolder"
)

// A lock is held by a process on the host that ends with its input, and so with
// the connection. Where the host does not hear that the connection is gone, the
// process ends by itself, later than anything that may be done under the lock.
const holder = `
for need in flock timeout; do
	command -v "$need" >/dev/null || { echo "the host has no $need, which locks need: install util-linux and coreutils" >&2; exit 69; }
done
[ -e "$1" ] || exit 66
[ -r "$1" ] || exit 77
exec 9<"$1"
timeout "$3" flock "$2" 9 || case $? in 1 | 124 | 137) exit 75 ;; *) exit 69 ;; esac
echo held
exec timeout 30 cat >/dev/null`

// Lock implements statefolder.Disk.
func (h *Host) Lock(ctx context.Context, path string, how statefolder.Hold, patience time.Duration) (held context.Context, unlock func(), err error) {
	if nested, ok := ctx.Value(bound{}).(*connection); ok {
		return h.hold(ctx, nested, path, how, patience)
	}
	c, err := h.connected(ctx)
	if err != nil {
		return nil, nil, err
	}
	held, unlock, err = h.hold(ctx, c, path, how, patience)
	if err == nil || !c.broken() || ctx.Err() != nil {
		return held, unlock, err
	}
	if c, err = h.connected(ctx); err != nil {
		return nil, nil, err
	}
	return h.hold(ctx, c, path, how, patience)
}

func (h *Host) hold(ctx context.Context, c *connection, path string, how statefolder.Hold, patience time.Duration) (context.Context, func(), error) {
	waiting, cancel := context.WithTimeoutCause(ctx, patience+firstTime, statefolder.Busy(patience))
	defer cancel()
	session, err := c.begin(waiting, path, how, patience)
	if err != nil {
		return nil, nil, h.named(about("lock", path, err))
	}
	held, lose := context.WithCancelCause(context.WithValue(ctx, bound{}, c))
	go func() {
		_ = session.Wait()
		lose(errors.New("the lock was lost"))
	}()
	return held, func() {
		_ = session.input.Close()
		select { // so that the next one does not find it held
		case <-held.Done():
		case <-c.gone:
		case <-time.After(firstTime):
		}
		_ = closed(session.Session) // it holds nothing any more
		lose(nil)
	}, nil
}

// holding is the session in which the lock is held.
type holding struct {
	*ssh.Session
	input  io.Closer
	output *bufio.Reader
	stderr strings.Builder
}

// begin starts the process and waits until it has the lock. One that was called
// off meanwhile ends by itself.
func (c *connection) begin(ctx context.Context, path string, how statefolder.Hold, patience time.Duration) (*holding, error) {
	session, err := run(ctx, c, answerTime, func() (*holding, error) { return c.launch(path, how, patience) })
	if err != nil {
		return nil, err
	}
	ready := make(chan error, 1)
	go func() {
		line, err := session.output.ReadString('\n')
		if err == nil && line == "held\n" {
			ready <- nil
			return
		}
		ready <- session.verdict(patience)
	}()
	select {
	case err = <-ready:
	case <-c.gone:
		err = errBroken
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, closed(session.Session))
	}
	return session, nil
}

// closed closes a session, which may have ended already.
func closed(session *ssh.Session) error {
	if err := session.Close(); !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

func (c *connection) launch(path string, how statefolder.Hold, patience time.Duration) (*holding, error) {
	session, err := c.session()
	if err != nil {
		return nil, err
	}
	s := &holding{Session: session}
	session.Stderr = &s.stderr
	input, inputErr := session.StdinPipe()
	output, outputErr := session.StdoutPipe()
	if err := errors.Join(inputErr, outputErr); err != nil {
		return nil, errors.Join(err, closed(session))
	}
	s.input, s.output = input, bufio.NewReader(output)
	option := map[statefolder.Hold]string{statefolder.Exclusive: "-x", statefolder.Shared: "-s"}[how]
	seconds := strconv.Itoa(max(1, int(math.Ceil(patience.Seconds()))))
	if err := session.Start(command(holder, path, option, seconds)); err != nil {
		return nil, errors.Join(err, closed(session))
	}
	return s, nil
}

// verdict is why the process has not got the lock.
func (s *holding) verdict(patience time.Duration) error {
	err := s.Wait()
	var exit *ssh.ExitError
	if errors.As(err, &exit) && exit.ExitStatus() == busy {
		return statefolder.Busy(patience)
	}
	if err == nil {
		return fmt.Errorf("the host has no lock to give: it said nothing")
	}
	return told(err, s.stderr.String())
}
