package ssh_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/ssh"
)

// place is a folder on a disk that belongs to the user who logs in.
func place(t *testing.T, login *lab.Login) string {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "bluegreen-")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	must(t, os.Chmod(dir, 0o755))
	login.Own(t, dir)
	return filepath.Join(dir, "state")
}

func settings(login *lab.Login) ssh.Settings {
	return ssh.Settings{URL: login.URL, Key: release.Secret(login.Key), KnownHosts: login.KnownHosts}
}

func open(t *testing.T, s ssh.Settings) *ssh.Host {
	t.Helper()
	host, err := ssh.New(s)
	must(t, err)
	t.Cleanup(host.Close)
	return host
}

// through is the login, and the wire to it.
func through(t *testing.T, login *lab.Login) (*lab.Login, *lab.Wire) {
	t.Helper()
	w := lab.NewWire(t, login.Server.URL)
	return login.Through(w), w
}

// patience is for a machine with a lot else to do.
const patience = 3 * time.Minute

// once tries until a number of connections is as it has to be. A machine that stands
// still for as long as an answer may take costs one more, which is how it has to be,
// too; one that is opened for nothing would be there each time.
func once(t *testing.T, want int, connections func() int) {
	t.Helper()
	for begin := time.Now(); ; {
		got := connections()
		if got == want {
			return
		}
		if time.Since(begin) > patience {
			t.Fatalf("%d connections, want %d", got, want)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func says(t *testing.T, what string, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: got %v, want %q", what, err, want)
	}
}
