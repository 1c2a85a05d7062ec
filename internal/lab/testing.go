package lab

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for the lab, with everything to install.
const patience = 20 * time.Minute

// Postgres returns the URL of an empty database of the test's own, which is
// dropped when the test ends, with the connections to it.
func Postgres(t testing.TB) (dsn string) {
	t.Helper()
	server, name := PostgresServer(t), Name(t)
	if err := statement(t.Context(), server, `CREATE DATABASE "`+name+`" TEMPLATE template0`); err != nil {
		t.Fatalf("create database %s: %v", name, err)
	}
	t.Cleanup(func() {
		if err := statement(context.Background(), server, `DROP DATABASE IF EXISTS "`+name+`" WITH (FORCE)`); err != nil {
			t.Errorf("drop database %s: %v", name, err)
		}
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("BLUEGREEN_LAB_POSTGRES: want a URL such as postgres://user:password@host:5432/postgres")
	}
	u.Path = "/" + name
	return u.String()
}

// PostgresServer returns the URL of the superuser on the shared server, database
// postgres. What a test makes there, it removes.
func PostgresServer(t testing.TB) (dsn string) {
	t.Helper()
	if dsn := os.Getenv("BLUEGREEN_LAB_POSTGRES"); dsn != "" {
		return dsn
	}
	return up(t, "postgres").Postgres
}

// Replicated starts a PostgreSQL of the test's own with a hot standby, and returns
// the URLs of their superuser.
func Replicated(t testing.TB) (primary, standby string) {
	t.Helper()
	primary = own(t, "postgres", "", NewPostgres).URL
	return primary, own(t, "postgres", primary, NewStandby).URL
}

// Redis returns the URL of an empty logical database of the test's own, which is
// emptied again when the test ends. Channels of publish and subscribe are the
// server's, not the database's: give them a Name.
func Redis(t testing.TB) (url string) {
	t.Helper()
	server := os.Getenv("BLUEGREEN_LAB_REDIS")
	if server == "" {
		server = up(t, "redis").Redis
	}
	number, release, err := claimDatabase(t.Context(), server)
	if err != nil {
		t.Fatalf("claim a Redis database: %v", err)
	}
	t.Cleanup(func() {
		if err := release(); err != nil {
			t.Errorf("release Redis database %d: %v", number, err)
		}
	})
	return numbered(server, number)
}

// Registry returns host:port of the shared registry, which speaks plain HTTP.
// Use repositories of your own: see Name.
func Registry(t testing.TB) (host string) {
	t.Helper()
	return up(t, "registry").Registry
}

// Docker returns the DOCKER_HOST of the running engine, started when there is none.
func Docker(t testing.TB) string {
	t.Helper()
	return up(t, "docker").Docker
}

// Nginx starts an nginx of the test's own, as NewNginx does, in a folder that its
// workers can read. {{.Port}} is a free port, and URL is with that port.
func Nginx(t testing.TB, conf string) *Server {
	t.Helper()
	return own(t, "nginx", conf, NewNginx)
}

// HAProxy starts a HAProxy of the test's own, as NewHAProxy does.
func HAProxy(t testing.TB, conf string, more ...string) *Server {
	t.Helper()
	return own(t, "haproxy", conf, func(ctx context.Context, dir, conf string, port int) (*Server, error) {
		return NewHAProxy(ctx, dir, conf, port, more...)
	})
}

// PgBouncer starts a PgBouncer of the test's own, as NewPgBouncer does.
func PgBouncer(t testing.TB, conf string) *Server {
	t.Helper()
	return own(t, "pgbouncer", conf, NewPgBouncer)
}

// Prometheus starts a Prometheus of the test's own, as NewPrometheus does.
func Prometheus(t testing.TB, conf string) *Server {
	t.Helper()
	return own(t, "prometheus", conf, NewPrometheus)
}

// OwnPostgres starts a PostgreSQL of the test's own, as NewPostgres does.
func OwnPostgres(t testing.TB, conf string) *Server {
	t.Helper()
	return own(t, "postgres", conf, NewPostgres)
}

// SSH starts an OpenSSH server of the test's own, as NewSSH does, and returns how
// to get into it.
func SSH(t testing.TB, conf string) *Login {
	t.Helper()
	found, err := login(own(t, "ssh", conf, NewSSH))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Ports returns n free ports of the loopback interface, which no other test
// gets before this one has ended.
func Ports(t testing.TB, n int) []int {
	t.Helper()
	ports, release, err := ClaimPorts(n)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return ports
}

// Name returns a name that nobody else has, of at most 37 lower-case letters,
// digits and dashes, for keys, databases, compose projects and repositories.
func Name(t testing.TB) string {
	t.Helper()
	const longest = 20
	return slug("t-"+slug(t.Name(), longest), longest+2) + "-" + random(7)
}

// Script writes a program that everybody may run. No child is started meanwhile: it
// would have the file open for writing until it has become its own program, and a
// file that somebody writes cannot be run (ETXTBSY).
func Script(t testing.TB, path, text string) {
	t.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func up(t testing.TB, name string) *Services {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	found, err := Up(ctx, os.Stderr, name)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

type newServer func(ctx context.Context, dir, conf string, port int) (*Server, error)

func own(t testing.TB, name, conf string, start newServer) *Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	home, err := Home()
	if err != nil {
		t.Fatal(err)
	}
	servers, err := folder(home, "servers")
	if err != nil {
		t.Fatal(err)
	}
	if err := Install(ctx, os.Stderr, name); err != nil {
		t.Fatal(err)
	}
	if err := sweep(ctx, servers); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(servers, name+"-"+Name(t))
	t.Cleanup(func() { os.RemoveAll(dir) })
	server, err := start(ctx, dir, conf, Ports(t, 1)[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, server) })
	return server
}

func stop(t testing.TB, server *Server) {
	if err := server.Stop(); err != nil {
		t.Logf("%s had ended before: %v", server.URL, err) // which may be what the test is about
	}
	if t.Failed() {
		t.Logf("the end of %s: %s", server.Dir, lastOf(filepath.Join(server.Dir, "error.log")))
	}
}
