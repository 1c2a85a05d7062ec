package ssh

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// The times of a connection.
const (
	dialTime   = 10 * time.Second       // to open it
	firstTime  = time.Second            // of an answer, before a fresh connection is tried
	answerTime = 5 * time.Second        // of an answer on a fresh connection, or under a lock
	aliveEvery = 5 * time.Second        // between questions whether the host is there
	grace      = 500 * time.Millisecond // of an operation that was called off, to end by itself
	roomTime   = 800 * time.Millisecond // for a session, which is less than firstTime
)

// connection is one connection to the host, which may be gone.
type connection struct {
	client *ssh.Client
	files  *sftp.Client
	gone   chan struct{} // closed when it broke or was closed
	cut    func()        // ends it at once; what was not sent yet is never sent
}

// dial opens a connection, through the jump host if there is one.
func dial(ctx context.Context, s Settings) (*connection, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, dialTime, fmt.Errorf("no answer within %v", dialTime))
	defer cancel()
	t, err := parseTarget(s.URL)
	if err != nil {
		return nil, release.Reject("correct the settings of ssh", "ssh: url %w", err)
	}
	reach, cut, err := route(ctx, s)
	if err != nil {
		return nil, err
	}
	client, err := enter(ctx, s, t, reach)
	if err != nil {
		cut()
		return nil, err
	}
	files, err := sftp.NewClient(client)
	if err != nil {
		cut()
		return nil, release.CannotTell("add Subsystem sftp internal-sftp to the host's sshd_config", "%v: start SFTP: %w", t, err)
	}
	c := &connection{client: client, files: files, gone: make(chan struct{}), cut: cut}
	go func() {
		_ = client.Wait()
		cut()
		close(c.gone)
	}()
	go c.keep()
	return c, nil
}

// reacher opens a network connection.
type reacher func(ctx context.Context, address string) (net.Conn, error)

// route is how to get to the host: straight, or through another one. cut ends
// every network connection that was made on it.
func route(ctx context.Context, s Settings) (reach reacher, cut func(), err error) {
	var straight net.Conn
	direct := func(ctx context.Context, address string) (conn net.Conn, err error) {
		straight, err = new(net.Dialer).DialContext(ctx, "tcp", address)
		return straight, err
	}
	cut = func() {
		if tcp, ok := straight.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
			_ = tcp.Close()
		}
	}
	if s.Jump == "" {
		return direct, cut, nil
	}
	t, err := parseTarget(s.Jump)
	if err != nil {
		return nil, nil, release.Reject("correct the settings of ssh", "ssh: jump %w", err)
	}
	jump, err := enter(ctx, s, t, direct)
	if err != nil {
		cut()
		return nil, nil, err
	}
	return func(ctx context.Context, address string) (net.Conn, error) {
		return jump.DialContext(ctx, "tcp", address)
	}, cut, nil
}

// enter logs in.
func enter(ctx context.Context, s Settings, t target, reach reacher) (*ssh.Client, error) {
	config, done, err := s.configure(t)
	if err != nil {
		return nil, err
	}
	defer done()
	conn, err := reach(ctx, t.address)
	if err != nil {
		return nil, release.CannotTell("start the host, or correct the address", "reach %v: %w", t, err)
	}
	client, err := greet(ctx, conn, t, config)
	var known *release.Problem
	switch {
	case errors.As(err, &known):
		return nil, err
	case err != nil:
		return nil, release.CannotTell("see that the user's authorized_keys on the host has this key", "log in at %v: %w", t, err)
	}
	return client, nil
}

// keep asks whether the host is still there, and cuts a connection that does not
// answer: nobody would hear of it else before the next write.
func (c *connection) keep() {
	for {
		select {
		case <-c.gone:
			return
		case <-time.After(aliveEvery):
		}
		if !c.alive(answerTime) {
			return
		}
	}
}

// alive asks the host for a sign of life, and cuts the connection without one.
func (c *connection) alive(patience time.Duration) bool {
	_, err := run(context.Background(), c, patience, func() (bool, error) {
		there, _, err := c.client.SendRequest("keepalive@openssh.com", true, nil)
		return there, err
	})
	if err != nil {
		c.end()
	}
	return err == nil
}

// dial connects to an address as seen from the host. Where it takes long, the host
// is asked whether it is the connection that is dead.
func (c *connection) dial(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, answerTime, fmt.Errorf("no answer within %v", answerTime))
	defer cancel()
	type answer struct {
		conn net.Conn
		err  error
	}
	done := make(chan answer, 1)
	go func() {
		conn, err := c.client.DialContext(ctx, network, address)
		done <- answer{conn, err}
	}()
	doubt := time.AfterFunc(firstTime, func() { c.alive(firstTime) })
	defer doubt.Stop()
	select {
	case a := <-done:
		if a.err != nil && ctx.Err() != nil {
			return nil, fmt.Errorf("reach %s: %w", address, context.Cause(ctx))
		}
		return a.conn, a.err
	case <-c.gone:
		return nil, errBroken
	}
}

// session opens a session. A host with as many as it allows refuses another one, and
// counts one that was closed until its program has ended: that is waited for.
func (c *connection) session() (*ssh.Session, error) {
	for begin := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		session, err := c.client.NewSession()
		full, refused := errors.AsType[*ssh.OpenChannelError](err)
		if !refused || full.Reason != ssh.ConnectionFailed || time.Since(begin) > roomTime {
			return session, err
		}
	}
}

// end cuts the connection and waits until everybody knows.
func (c *connection) end() {
	c.cut()
	<-c.gone
}

// answered tells an error that the host has told us from that of a connection
// that broke.
func answered(err error) bool {
	var status *sftp.StatusError
	var exit *ssh.ExitError
	var channel *ssh.OpenChannelError
	return errors.As(err, &status) || errors.As(err, &exit) || errors.As(err, &channel) ||
		errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrPermission)
}

func (c *connection) broken() bool {
	select {
	case <-c.gone:
		return true
	default:
		return false
	}
}

var errBroken = errors.New("the connection broke")

// run waits for an operation. One that is not answered in time ends the
// connection, so that it does not happen later, when nobody expects it. One that
// was called off has a moment to end by itself: the connection is needed.
func run[T any](ctx context.Context, c *connection, patience time.Duration, f func() (T, error)) (T, error) {
	var none T
	if err := context.Cause(ctx); err != nil {
		return none, err
	}
	type answer struct {
		value T
		err   error
	}
	done := make(chan answer, 1)
	go func() {
		value, err := f()
		done <- answer{value, err}
	}()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case a := <-done:
		if a.err != nil && !answered(a.err) {
			c.end()
		}
		return a.value, a.err
	case <-c.gone:
		return none, errBroken
	case <-late.C:
		c.end()
		return none, fmt.Errorf("no answer within %v", patience)
	case <-ctx.Done():
	}
	select {
	case a := <-done:
		return a.value, a.err
	case <-c.gone:
	case <-time.After(min(grace, patience)):
		c.end()
	}
	return none, context.Cause(ctx)
}
