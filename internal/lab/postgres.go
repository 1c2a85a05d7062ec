package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/internal/process"
)

// The settings of a server whose data nobody needs after a crash.
const postgresSettings = `
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 300
fsync = off
synchronous_commit = off
full_page_writes = off
timezone = 'UTC'
`

// preparePostgres makes a cluster. PostgreSQL refuses to run as root, so for
// root it belongs to the user postgres, which its package makes.
func preparePostgres(ctx context.Context, one started) (process.Command, error) {
	data, secret := filepath.Join(one.Dir, "data"), filepath.Join(one.Dir, "password")
	if err := os.WriteFile(secret, []byte(one.Password), 0o600); err != nil {
		return process.Command{}, err
	}
	defer os.Remove(secret)
	owner, err := give(one.Dir, one.Dir, secret)
	if err != nil {
		return process.Command{}, err
	}
	err = process.Run(ctx, process.Command{
		Path: find("initdb"), Dir: one.Dir, Credential: owner, Env: []string{"LC_ALL=C"},
		Args: []string{"--pgdata=" + data, "--username=postgres", "--auth=scram-sha-256", "--pwfile=" + secret,
			"--encoding=UTF8", "--locale=C", "--no-sync"},
	})
	if err != nil {
		return process.Command{}, err
	}
	_, port, _ := net.SplitHostPort(one.Address)
	return process.Command{
		Path: find("postgres"), Dir: one.Dir, Credential: owner, Env: []string{"LC_ALL=C"},
		Args: []string{"-D", data, "-p", port},
	}, extend(filepath.Join(data, "postgresql.conf"), postgresSettings)
}

// NewPostgres starts a PostgreSQL in dir, with conf behind its settings.
func NewPostgres(ctx context.Context, dir, conf string, port int) (*Server, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if dir, err = folder(dir); err != nil {
		return nil, err
	}
	one := started{Address: loopback(port), Dir: dir, Password: random(16)}
	command, err := preparePostgres(ctx, one)
	if err == nil {
		err = extend(filepath.Join(dir, "data", "postgresql.conf"), conf)
	}
	if err != nil {
		return nil, fmt.Errorf("prepare PostgreSQL in %s: %w", dir, err)
	}
	s := &Server{
		URL: postgresURL(one), Dir: dir, command: command, reload: hangUp,
		ready: func(ctx context.Context, _ *Server) error { return postgresReady(ctx, one) },
	}
	if err := s.start(ctx); err != nil {
		return nil, fmt.Errorf("start PostgreSQL in %s: %w", dir, err)
	}
	return s, nil
}

// give hands paths to the user postgres when we are root, and returns how to
// run as that user; nil is as ourselves.
func give(dir string, paths ...string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	if err := reachable(dir); err != nil {
		return nil, err
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("run PostgreSQL as root: %w: add a user postgres", err)
	}
	uid, err1 := strconv.Atoi(account.Uid)
	gid, err2 := strconv.Atoi(account.Gid)
	errs := []error{err1, err2}
	for _, path := range paths {
		errs = append(errs, os.Chown(path, uid, gid))
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(errs...)
}

func extend(path, text string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

func postgresURL(one started) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword("postgres", one.Password), Host: one.Address,
		Path: "/postgres", RawQuery: "sslmode=disable"}
	return u.String()
}

func postgresReady(ctx context.Context, one started) error {
	return statement(ctx, postgresURL(one), "SELECT 1")
}

// statementPatience is how long a statement may take, also when many tests make and
// drop databases at once.
const statementPatience = 5 * time.Minute

// statement runs one statement on a connection of its own.
func statement(ctx context.Context, dsn, sql string) error {
	ctx, cancel := context.WithTimeout(ctx, statementPatience)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.Exec(ctx, sql)
	return err
}
