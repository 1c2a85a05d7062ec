package lab

import (
	"context"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

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
		URL: "http://" + loopback(port), Dir: dir, ready: accepts(statsSocket(text)), reload: takeOver(statsSocket(text)),
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

// takeOver makes the master start a worker with the configuration as it is, and
// waits for that where it can ask; the one before ends with its requests. A master
// that is busy with a start forgets the signal, and a worker that cannot get the
// sockets of the one before within a second gives up, so it is sent again.
func takeOver(socket string) func(*Server) error {
	return func(s *Server) error {
		end := time.Now().Add(startPatience)
		var before string
		for ; socket != "" && before == "" && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			before = workerBehind(socket)
		}
		for {
			if err := syscall.Kill(s.Pid(), syscall.SIGUSR2); err != nil || socket == "" {
				return err
			}
			for again := time.Now().Add(2 * time.Second); time.Now().Before(again); time.Sleep(20 * time.Millisecond) {
				if now := workerBehind(socket); now != "" && now != before {
					return nil
				}
			}
			if time.Now().After(end) {
				return fmt.Errorf("no other worker within %v: see whether haproxy -c takes the configuration in %s", startPatience, s.Dir)
			}
		}
	}
}

var pidForm = regexp.MustCompile(`(?m)^Pid: (\d+)$`)

// workerBehind is the process that answers at the stats socket, "" for none, as
// between two workers.
func workerBehind(socket string) string {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return ""
	}
	defer conn.Close()
	if conn.SetDeadline(time.Now().Add(time.Second)) != nil {
		return ""
	}
	if _, err := io.WriteString(conn, "show info\n"); err != nil {
		return ""
	}
	text, _ := io.ReadAll(conn) // what came of it is enough
	if m := pidForm.FindSubmatch(text); m != nil {
		return string(m[1])
	}
	return ""
}
