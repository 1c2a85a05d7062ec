package lab

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Database returns the URL of an empty database of the test's own, with all
// migrations applied that expand.
func Database(t testing.TB) string {
	t.Helper()
	dsn := EmptyDatabase(t)
	db := Connect(t, dsn)
	for _, file := range Migrations(t, "up") {
		Apply(t, db, file)
	}
	return dsn
}

// EmptyDatabase returns the URL of a database without tables. It is dropped
// at the end of the test.
func EmptyDatabase(t testing.TB) string {
	t.Helper()
	server := postgresServer(t)
	name := Name(t)
	execute(t, server, "CREATE DATABASE "+name)
	t.Cleanup(func() { execute(t, server, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") })
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal("the server's address is not a URL")
	}
	u.Path = "/" + name
	return u.String()
}

func execute(t testing.TB, dsn, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Deadline)
	defer cancel()
	db, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(ctx)
	if _, err := db.Exec(ctx, statement); err != nil {
		t.Fatal(err)
	}
}

// Connect returns a connection that is closed at the end of the test.
func Connect(t testing.TB, dsn string) *pgx.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Deadline)
	defer cancel()
	db, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), Deadline)
		defer cancel()
		db.Close(ctx)
	})
	return db
}

// Migrations lists the files of a direction, up in their order, down in reverse:
// those that expand.
func Migrations(t testing.TB, direction string) []string {
	t.Helper()
	return migrations(t, direction, ".")
}

// Contracts lists those that wait until no version that needs the old shape serves.
func Contracts(t testing.TB, direction string) []string {
	t.Helper()
	return migrations(t, direction, "contract")
}

func migrations(t testing.TB, direction, folder string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(Root(t), "backend", "migrations", folder, "*."+direction+".sql"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no migrations found: %v", err)
	}
	slices.Sort(files)
	if direction == "down" {
		slices.Reverse(files)
	}
	return files
}

// Apply runs a file as golang-migrate does: as one simple query.
func Apply(t testing.TB, db *pgx.Conn, file string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), Deadline)
	defer cancel()
	if _, err := db.PgConn().Exec(ctx, string(b)).ReadAll(); err != nil {
		t.Fatalf("apply %s: %v", filepath.Base(file), err)
	}
}

var startPostgres = sync.OnceValues(func() (string, error) {
	initdb, err := binary("initdb")
	if err != nil {
		return "", err
	}
	owner, err := serverUser()
	if err != nil {
		return "", err
	}
	data := filepath.Join(folder, "postgres")
	if err := os.Mkdir(data, 0o700); err != nil {
		return "", err
	}
	if owner != nil {
		if err := os.Chown(data, int(owner.Uid), int(owner.Gid)); err != nil {
			return "", err
		}
	}
	attributes := &syscall.SysProcAttr{Credential: owner, Pdeathsig: syscall.SIGQUIT}
	prepare := exec.Command(initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	prepare.Dir, prepare.SysProcAttr = folder, &syscall.SysProcAttr{Credential: owner}
	if out, err := prepare.CombinedOutput(); err != nil {
		return "", fmt.Errorf("initdb: %w\n%s", err, out)
	}
	address, err := freeAddress()
	if err != nil {
		return "", err
	}
	server := exec.Command(filepath.Join(filepath.Dir(initdb), "postgres"), "-D", data, "-p", address.port,
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="+data, "-c", "fsync=off", "-c", "max_connections=200")
	server.Dir, server.SysProcAttr = folder, attributes
	if err := startServer(server, "postgres.log", syscall.SIGINT, address); err != nil {
		return "", err
	}
	dsn := "postgres://postgres@" + address.text + "/postgres?sslmode=disable"
	return dsn, accepted(dsn)
})

func postgresServer(t testing.TB) string {
	t.Helper()
	if dsn := os.Getenv("BLUEGREEN_LAB_POSTGRES"); dsn != "" {
		return dsn
	}
	dsn, err := startPostgres()
	if err != nil {
		t.Fatal("start PostgreSQL: ", err)
	}
	return dsn
}

// accepted waits until the server has recovered and takes connections.
func accepted(dsn string) error {
	var err error
	for end := time.Now().Add(Deadline); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		var db *pgx.Conn
		if db, err = pgx.Connect(ctx, dsn); err == nil {
			err = db.Close(ctx)
		}
		cancel()
		if err == nil {
			return nil
		}
	}
	return err
}

// serverUser is the user to run the server as: PostgreSQL refuses root.
func serverUser() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, cmp.Or(err, err2)
}

// binary finds a program of PostgreSQL, the newest version first. Debian does
// not put them on the PATH.
func binary(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if len(found) == 0 {
		return "", fmt.Errorf("%s is not installed: apt-get install postgresql", name)
	}
	return slices.MaxFunc(found, func(a, b string) int { return cmp.Compare(major(a), major(b)) }), nil
}

func major(path string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	return n
}
