package lab

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"

	"github.com/bluegreen-actions/bluegreen/internal/process"
)

// NewStandby starts a hot standby in dir, of the server whose superuser's URL
// primary is.
func NewStandby(ctx context.Context, dir, primary string, port int) (*Server, error) {
	u, err := url.Parse(primary)
	if err != nil {
		return nil, err
	}
	one, err := privately(dir, port)
	if err != nil {
		return nil, err
	}
	owner, err := give(one.Dir, one.Dir)
	if err != nil {
		return nil, err
	}
	data, password := filepath.Join(one.Dir, "data"), ""
	if u.User != nil {
		password, _ = u.User.Password()
	}
	err = process.Run(ctx, process.Command{
		Path: find("pg_basebackup"), Dir: one.Dir, Credential: owner, Env: []string{"LC_ALL=C", "PGPASSWORD=" + password},
		Args: []string{"--pgdata=" + data, "--host=" + u.Hostname(), "--port=" + u.Port(), "--username=" + u.User.Username(),
			"--write-recovery-conf", "--checkpoint=fast", "--no-sync"},
	})
	if err != nil {
		return nil, err
	}
	u.Host = one.Address
	return serving(ctx, one.Dir, u.String(), process.Command{
		Path: find("postgres"), Dir: one.Dir, Credential: owner, Env: []string{"LC_ALL=C"},
		Args: []string{"-D", data, "-p", fmt.Sprint(port)},
	})
}

func privately(dir string, port int) (one started, err error) {
	if dir, err = filepath.Abs(dir); err == nil {
		dir, err = folder(dir)
	}
	return started{Dir: dir, Address: loopback(port), Password: random(16)}, err
}

func serving(ctx context.Context, dir, dsn string, command process.Command) (*Server, error) {
	s := &Server{
		URL: dsn, Dir: dir, command: command,
		ready: func(ctx context.Context, _ *Server) error { return statement(ctx, dsn, "SELECT 1") },
	}
	if err := s.start(ctx); err != nil {
		return nil, fmt.Errorf("start postgres in %s: %w", dir, err)
	}
	return s, nil
}
