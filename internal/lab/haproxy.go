package lab

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"github.com/bluegreen-actions/bluegreen/internal/process"
)

// NewHAProxy starts HAProxy in dir, as a master with a worker, with conf as its
// main configuration, in which {{.Dir}} and {{.Port}} stand for dir and port, and
// with more, the paths of further configurations, behind it. Something in conf
// must listen on the port.
func NewHAProxy(ctx context.Context, dir, conf string, port int, more ...string) (*Server, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if dir, err = folder(dir); err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "haproxy.cfg")
	text := fill(conf, dir, port)
	if err := replace(file, []byte(text), 0o644); err != nil {
		return nil, err
	}
	args := []string{"-W", "-db", "-f", file}
	for _, path := range more {
		args = append(args, "-f", path)
	}
	s := &Server{
		URL: "http://" + loopback(port), Dir: dir, ready: accepts(statsSocket(text)), reload: userSignal,
		command: process.Command{Path: find("haproxy"), Args: args, Dir: dir},
	}
	if err := s.start(ctx); err != nil {
		return nil, fmt.Errorf("start haproxy in %s: %w", dir, err)
	}
	return s, nil
}

var statsForm = regexp.MustCompile(`(?m)^\s*stats socket (/\S+)`)

// statsSocket is the unix socket of the runtime API, "" where conf has none.
func statsSocket(conf string) string {
	if m := statsForm.FindStringSubmatch(conf); m != nil {
		return m[1]
	}
	return ""
}

// accepts waits until something listens on the port, which nothing did before,
// and behind the stats socket, whose name comes last.
func accepts(socket string) func(context.Context, *Server) error {
	return func(ctx context.Context, s *Server) error {
		err := dials(ctx, "tcp", strings.TrimPrefix(s.URL, "http://"))
		if err == nil && socket != "" {
			err = dials(ctx, "unix", socket)
		}
		return err
	}
}

func dials(ctx context.Context, network, address string) error {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return err
	}
	return conn.Close()
}

// userSignal makes the master start a new worker with the configuration as it
// is; the one before ends with its requests.
func userSignal(s *Server) error { return syscall.Kill(s.Pid(), syscall.SIGUSR2) }
