package lab

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/bluegreen-actions/bluegreen/internal/process"
)

// NewPgBouncer starts PgBouncer in dir with conf as its configuration, in which
// {{.Dir}} and {{.Port}} stand for dir and port. It has to listen on the port. Its
// URL has neither user nor database.
func NewPgBouncer(ctx context.Context, dir, conf string, port int) (*Server, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if dir, err = folder(dir); err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "pgbouncer.ini")
	if err := replace(file, []byte(fill(conf, dir, port)), 0o600); err != nil {
		return nil, err
	}
	owner, err := give(dir, dir, file) // it refuses to run as root
	if err != nil {
		return nil, err
	}
	s := &Server{
		URL: "postgres://" + loopback(port), Dir: dir,
		ready:   func(ctx context.Context, _ *Server) error { return dials(ctx, "tcp", loopback(port)) },
		command: process.Command{Path: find("pgbouncer"), Args: []string{file}, Dir: dir, Credential: owner},
	}
	if err := s.start(ctx); err != nil {
		return nil, fmt.Errorf("start pgbouncer in %s: %w", dir, err)
	}
	return s, nil
}
