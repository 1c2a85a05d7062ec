package haproxy

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"time"
)

// socketTime is how long HAProxy may take to answer commands. It needs less than
// a millisecond.
const socketTime = 2 * time.Second

// longestAnswer is how much of an answer is read.
const longestAnswer = 1 << 20

// dialer connects to an address as seen from HAProxy's host.
type dialer func(ctx context.Context, network, address string) (net.Conn, error)

// socket is where HAProxy's runtime API is.
type socket struct {
	address string
	dial    dialer
}

// ask sends commands, which HAProxy carries out one after the other, and returns
// all that it answers. Its connection ends with the answer.
func (s socket) ask(ctx context.Context, commands ...string) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, socketTime, fmt.Errorf("HAProxy did not answer within %v", socketTime))
	defer cancel()
	conn, err := s.dial(ctx, s.network(), s.address)
	if err != nil {
		return "", fmt.Errorf("open the stats socket: %w", err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if _, err := io.WriteString(conn, strings.Join(commands, ";")+"\n"); err != nil {
		return "", s.failed(ctx, err)
	}
	text, err := io.ReadAll(io.LimitReader(conn, longestAnswer))
	if err != nil {
		return "", s.failed(ctx, err)
	}
	return string(text), nil
}

func (s socket) network() string {
	if _, err := netip.ParseAddrPort(s.address); err == nil {
		return "tcp"
	}
	return "unix"
}

func (s socket) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return fmt.Errorf("ask the stats socket %s: %w", s.address, err)
}
