package ssh_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/ssh"
	"github.com/bluegreen-actions/bluegreen/internal/statefolder"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
	"github.com/bluegreen-actions/bluegreen/internal/traffic/traffictest"
)

func TestTheSuites(t *testing.T) {
	login := lab.SSH(t, "")
	paths := map[*testing.T]string{}
	in := func(t *testing.T) *statefolder.Folder {
		host := open(t, settings(login))
		if paths[t] == "" {
			paths[t] = place(t, login)
			must(t, statefolder.At(host, paths[t]).Make(t.Context()))
		}
		return statefolder.At(host, paths[t])
	}
	t.Run("ledger", func(t *testing.T) {
		traffictest.LedgerConformance(t, func(t *testing.T) traffic.Ledger { return in(t).Ledger() })
	})
	t.Run("lease", func(t *testing.T) {
		traffictest.LeaseConformance(t, func(t *testing.T, expiry time.Duration) traffic.Leases { return in(t).Leases(expiry) })
	})
}

// disks are this host, and this host through SSH: what one does the other does.
func disks(t *testing.T, login *lab.Login) map[string]statefolder.Disk {
	return map[string]statefolder.Disk{"local": statefolder.Local{}, "ssh": open(t, settings(login))}
}

// It is alone, since the file mode mask is the whole process's.
func TestADiskDoesWhatItSays(t *testing.T) {
	login := lab.SSH(t, "")
	before := syscall.Umask(0o077) // of the local one; the server's is as the lab was started
	t.Cleanup(func() { syscall.Umask(before) })
	for name, disk := range disks(t, login) {
		t.Run(name, func(t *testing.T) {
			ctx, dir := t.Context(), place(t, login)
			file := func(name string) string { return filepath.Join(dir, name) }
			must(t, disk.Make(ctx, dir, 0o755))
			must(t, disk.Make(ctx, dir, 0o755))
			must(t, disk.Write(ctx, file("a"), []byte("text"), 0o644))
			must(t, disk.Write(ctx, file("empty"), nil, 0o644))
			must(t, disk.Write(ctx, file("secret"), []byte("secret"), 0o600))
			for name, mode := range map[string]fs.FileMode{"a": 0o644, "empty": 0o644, "secret": 0o600} {
				e, err := disk.Stat(ctx, file(name))
				must(t, err)
				equal(t, name+" mode", e.Mode, mode)
				is(t, name+" again", disk.Write(ctx, file(name), []byte("other"), mode), fs.ErrExist)
			}
			text, err := disk.Read(ctx, file("a"))
			must(t, err)
			equal(t, "text", string(text), "text")

			first, err := disk.Identify(ctx, file("a"))
			must(t, err)
			same, err := disk.Identify(ctx, file("a"))
			must(t, err)
			equal(t, "the same file", same, first)
			must(t, os.Chtimes(file("a"), time.Time{}, time.Now().Add(time.Millisecond)))
			touched, err := disk.Identify(ctx, file("a"))
			must(t, err)
			equal(t, "a touched file is another", touched != first, true)
			must(t, disk.Rename(ctx, file("empty"), file("a")))
			other, err := disk.Identify(ctx, file("a"))
			must(t, err)
			equal(t, "another file of that name", other != touched, true)
			must(t, disk.Sync(ctx, dir))
			must(t, disk.Chmod(ctx, file("a"), 0o600))

			all, err := disk.List(ctx, dir)
			must(t, err)
			var names []string
			for _, e := range all {
				names = append(names, fmt.Sprintf("%s %v", e.Name, e.Mode))
			}
			slices.Sort(names)
			equal(t, "list", strings.Join(names, ", "), "a -rw-------, secret -rw-------")
			must(t, disk.Remove(ctx, file("a")))

			volatile, err := disk.Volatile(ctx, dir)
			must(t, err)
			equal(t, "a disk is volatile", volatile, false)
			volatile, err = disk.Volatile(ctx, "/dev/shm")
			must(t, err)
			equal(t, "memory is volatile", volatile, true)
			now, err := disk.Now(ctx)
			must(t, err)
			equal(t, "the clock is this one's", time.Since(now).Abs() < time.Minute, true)
		})
		t.Run(name+" knows what is not there", func(t *testing.T) {
			ctx, none := t.Context(), filepath.Join(place(t, login), "none")
			_, reading := disk.Read(ctx, none)
			_, listing := disk.List(ctx, none)
			_, stat := disk.Stat(ctx, none)
			_, identify := disk.Identify(ctx, none)
			_, volatile := disk.Volatile(ctx, none)
			_, _, lock := disk.Lock(ctx, none, statefolder.Exclusive, time.Second)
			for what, err := range map[string]error{
				"read": reading, "list": listing, "stat": stat, "identify": identify, "volatile": volatile, "lock": lock,
				"remove": disk.Remove(ctx, none), "rename": disk.Rename(ctx, none, none+"2"), "sync": disk.Sync(ctx, none),
				"write": disk.Write(ctx, filepath.Join(none, "a"), nil, 0o644),
			} {
				is(t, what, err, fs.ErrNotExist)
				says(t, what, err, none)
			}
		})
	}
}

func is(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", what, err, want)
	}
}

func TestALockIsTheHosts(t *testing.T) {
	t.Parallel()
	login := lab.SSH(t, "")
	dir := place(t, login)
	both := disks(t, login)
	must(t, statefolder.At(both["ssh"], dir).Make(t.Context()))
	path := filepath.Join(dir, "lock")
	for first, second := range map[string]string{"local": "ssh", "ssh": "local"} {
		_, unlock, err := both[first].Lock(t.Context(), path, statefolder.Exclusive, time.Minute)
		must(t, err)
		_, _, err = both[second].Lock(t.Context(), path, statefolder.Exclusive, time.Second)
		says(t, second+" while "+first+" has it", err, "somebody else holds it for more than 1s")
		unlock()
		_, unlock, err = both[second].Lock(t.Context(), path, statefolder.Shared, time.Minute)
		must(t, err)
		_, other, err := both[first].Lock(t.Context(), path, statefolder.Shared, time.Minute)
		must(t, err)
		unlock()
		other()
	}
	for range 20 { // more than the sessions that a server allows at once
		must(t, statefolder.At(both["ssh"], dir).Alone(t.Context(), func(context.Context) error { return nil }))
	}
}

func TestALockEndsWithItsConnection(t *testing.T) {
	t.Parallel()
	login := lab.SSH(t, "")
	far, w := through(t, login)
	folder := statefolder.At(open(t, settings(far)), place(t, login))
	must(t, folder.Make(t.Context()))
	must(t, folder.Put(t.Context(), "a", []byte("before")))
	err := folder.Alone(t.Context(), func(held context.Context) error {
		w.Cut()
		return folder.Put(held, "a", []byte("after"))
	})
	if err == nil {
		t.Fatal("a write under a lost lock was done")
	}
	const ends = 25 * time.Second // before the 30 s after which it would end by itself
	must(t, statefolder.At(statefolder.Local{}, folder.Path()).Soon(t.Context(), ends, func(context.Context) error { return nil }))
	text, err := folder.Read(t.Context(), "a")
	must(t, err)
	equal(t, "text", string(text), "before")
}

func TestABrokenConnectionIsOpenedOnceMore(t *testing.T) {
	t.Parallel()
	login := lab.SSH(t, "")
	for name, breaks := range map[string]func(*lab.Wire){"cut": (*lab.Wire).Cut, "dead": (*lab.Wire).Die} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			once(t, 4, func() int {
				far, w := through(t, login)
				folder := statefolder.At(open(t, settings(far)), place(t, login))
				must(t, folder.Make(t.Context()))
				for i := range 3 {
					breaks(w)
					begin := time.Now()
					must(t, folder.Put(t.Context(), "a", fmt.Append(nil, i)))
					t.Logf("written %v after the connection was %s", time.Since(begin).Round(time.Millisecond), name)
					text, err := folder.Read(t.Context(), "a")
					must(t, err)
					equal(t, "text", string(text), fmt.Sprint(i))
				}
				return w.Connections()
			})
		})
	}
}

// Every write is cut once, before it is sent and after it was answered, and the
// folder never has half of it.
func TestACutConnectionLeavesNoHalfWrite(t *testing.T) {
	t.Parallel()
	login := lab.SSH(t, "")
	far, w := through(t, login)
	dir := place(t, login)
	host := open(t, settings(far))
	must(t, statefolder.At(host, dir).Make(t.Context()))
	long := strings.Repeat("text ", 50_000)
	for k := range 12 {
		folder := statefolder.At(host, dir)
		must(t, folder.Put(t.Context(), "a", []byte("before")))
		done := make(chan error, 1)
		go func() { done <- folder.Put(t.Context(), "a", []byte(long)) }()
		time.Sleep(time.Duration(k) * time.Millisecond)
		w.Cut()
		err := <-done
		text, readErr := os.ReadFile(folder.File("a"))
		must(t, readErr)
		if string(text) != long && (err == nil || string(text) != "before") {
			t.Fatalf("cut after %d ms: error %v and %d bytes", k, err, len(text))
		}
	}
}

func TestAStoppedServerIsAnErrorInTime(t *testing.T) {
	t.Parallel()
	login := lab.SSH(t, "")
	far, w := through(t, login)
	folder := statefolder.At(open(t, settings(far)), place(t, login))
	must(t, folder.Make(t.Context()))
	w.Cut()
	must(t, login.Stop())
	err := folder.Put(t.Context(), "a", nil)
	says(t, "a server that is gone", err, "ssh://")
	equal(t, "exit", release.ExitStatus(err), 3)
	must(t, login.Restart(t.Context()))
	must(t, folder.Put(t.Context(), "a", nil))
}

func TestAddressesAreThoseOfTheHost(t *testing.T) {
	t.Parallel()
	served := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "here") }))
	t.Cleanup(served.Close)
	get := func(host *ssh.Host) (string, error) {
		client := http.Client{Transport: &http.Transport{DialContext: host.Dial}, Timeout: time.Minute}
		defer client.CloseIdleConnections()
		res, err := client.Get(served.URL)
		if err != nil {
			return "", err
		}
		defer res.Body.Close()
		return res.Status, nil
	}
	host := open(t, settings(lab.SSH(t, "")))
	status, err := get(host)
	must(t, err)
	equal(t, "status", status, "200 OK")
	_, err = host.Dial(t.Context(), "tcp", "127.0.0.1:1")
	says(t, "nobody there", err, "refused")

	_, err = get(open(t, settings(lab.SSH(t, "AllowTcpForwarding no"))))
	says(t, "a server that forwards nothing", err, "administratively prohibited")
	equal(t, "hint", strings.Contains(release.HintOf(err), "AllowTcpForwarding yes"), true)
}

// A service that does not answer is not a host that does not: whoever holds a lock
// keeps it.
func TestAnAddressThatIsSilentEndsNoConnection(t *testing.T) {
	t.Parallel()
	login := lab.SSH(t, "")
	nobody := silent(t)
	once(t, 1, func() int {
		far, w := through(t, login)
		host := open(t, settings(far))
		folder := statefolder.At(host, place(t, far))
		must(t, folder.Make(t.Context()))
		err := folder.Alone(t.Context(), func(held context.Context) error {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			_, err := host.Dial(ctx, "tcp", nobody)
			if err == nil || !strings.Contains(err.Error(), "deadline exceeded") {
				return fmt.Errorf("dial: %w", err)
			}
			return folder.Put(held, "a", nil)
		})
		if err != nil {
			t.Log(err)
			return 0
		}
		return w.Connections()
	})
}

// silent is an address at which nobody takes a connection up: its queue is full.
func silent(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	must(t, err)
	t.Cleanup(func() { _ = syscall.Close(fd) })
	must(t, syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	must(t, syscall.Listen(fd, 0))
	name, err := syscall.Getsockname(fd)
	must(t, err)
	address := fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
	for {
		conn, err := net.DialTimeout("tcp", address, 200*time.Millisecond)
		if err != nil {
			return address
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
}

// The opening of a connection, which takes ten round trips, is not begun anew by
// each of several tries that are shorter than it.
func TestAConnectionIsOpenedAcrossTries(t *testing.T) {
	t.Parallel()
	far, w := through(t, lab.SSH(t, ""))
	w.Stretch(100 * time.Millisecond)
	host := open(t, settings(far))
	served := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(served.Close)
	for begin := time.Now(); ; {
		ctx, cancel := context.WithTimeout(t.Context(), 450*time.Millisecond)
		conn, err := host.Dial(ctx, "tcp", served.Listener.Addr().String()) // one that is too short cuts no connection
		cancel()
		if err == nil {
			must(t, conn.Close())
			break
		}
		if ctx.Err() == nil || time.Since(begin) > patience {
			t.Fatal(err)
		}
	}
	equal(t, "connections", w.Connections(), 1)
}

func TestAHostWithoutFlockIsNotTakenForALockThatIsHeld(t *testing.T) {
	t.Parallel()
	login := lab.SSH(t, "SetEnv PATH=/nowhere")
	folder := statefolder.At(open(t, settings(login)), place(t, login))
	must(t, os.Mkdir(folder.Path(), 0o755))
	must(t, os.WriteFile(folder.File("lock"), nil, 0o644))
	err := folder.Alone(t.Context(), func(context.Context) error { return nil })
	says(t, "lock", err, "the host has no flock")
}

func TestAHostIsReachedThroughAnother(t *testing.T) {
	t.Parallel()
	bastion, login := lab.SSH(t, ""), lab.SSH(t, "")
	authorized, err := os.ReadFile(filepath.Join(login.Dir, "authorized_keys"))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(bastion.Dir, "authorized_keys"), authorized, 0o644))
	far, w := through(t, bastion)
	s := settings(login)
	s.Jump, s.KnownHosts = far.URL, s.KnownHosts+"\n"+far.KnownHosts
	folder := statefolder.At(open(t, s), place(t, login))
	must(t, folder.Make(t.Context()))
	w.Cut()
	must(t, folder.Put(t.Context(), "a", nil))
	equal(t, "connections through the bastion", w.Connections(), 2)
}

func TestAStrangerIsRefused(t *testing.T) {
	t.Parallel()
	login, other := lab.SSH(t, ""), lab.SSH(t, "")
	address, _, _ := strings.Cut(login.KnownHosts, " ")
	_, key, _ := strings.Cut(other.KnownHosts, " ")
	empty := filepath.Join(t.TempDir(), "known_hosts")
	must(t, os.WriteFile(empty, nil, 0o600))
	for name, c := range map[string]struct {
		spoil func(*ssh.Settings)
		want  string
		exit  int
	}{
		"a host that is not known":            {func(s *ssh.Settings) { s.KnownHosts = other.KnownHosts }, "is not known: it says its key is ssh-ed25519 SHA256:", 2},
		"a host that nobody has written down": {func(s *ssh.Settings) { s.KnownHosts = empty }, "is not known", 2},
		"a host with another key":             {func(s *ssh.Settings) { s.KnownHosts = address + " " + key }, "has another key than the known one", 1},
		"a file that is not there":            {func(s *ssh.Settings) { s.KnownHosts = "/none/known_hosts" }, "known hosts: open /none/known_hosts", 2},
		"known hosts of rubbish":              {func(s *ssh.Settings) { s.KnownHosts = "a b c" }, "known hosts", 2},
		"a key that the host does not know":   {func(s *ssh.Settings) { s.Key = release.Secret(other.Key) }, "log in at ssh://", 3},
		"no key and no agent":                 {func(s *ssh.Settings) { s.Key = "" }, "there is no key and no agent", 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings(login)
			c.spoil(&s)
			_, err := open(t, s).Now(t.Context())
			says(t, name, err, c.want)
			equal(t, "exit", release.ExitStatus(err), c.exit)
			if release.HintOf(err) == "" {
				t.Errorf("%v: no hint", err)
			}
		})
	}
}

func TestAnAgentHasTheKey(t *testing.T) {
	login := lab.SSH(t, "")
	t.Setenv("SSH_AUTH_SOCK", agentWith(t, login.Key))
	s := settings(login)
	s.Key = ""
	_, err := open(t, s).Now(t.Context())
	must(t, err)
	t.Setenv("SSH_AUTH_SOCK", filepath.Join(t.TempDir(), "gone"))
	_, err = open(t, s).Now(t.Context())
	says(t, "an agent that is gone", err, "ask the agent")
}

func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		s    ssh.Settings
		want string
	}{
		"no scheme":           {ssh.Settings{URL: "deploy@web-1"}, `url "deploy@web-1": want a user and a host`},
		"no user":             {ssh.Settings{URL: "ssh://web-1"}, "want a user and a host"},
		"a path":              {ssh.Settings{URL: "ssh://deploy@web-1/var"}, "want a user and a host"},
		"a password":          {ssh.Settings{URL: "ssh://deploy:hunter2@web-1"}, `"ssh://deploy:***@web-1": want no password in it`},
		"a jump of rubbish":   {ssh.Settings{URL: "ssh://deploy@web-1", Jump: "web-2"}, "jump"},
		"a key of rubbish":    {ssh.Settings{URL: "ssh://deploy@web-1", Key: "hunter2"}, "key: want a private key in PEM"},
		"a key for no host":   {ssh.Settings{Key: "hunter2"}, "url: want the host"},
		"a key that's locked": {ssh.Settings{URL: "ssh://deploy@web-1", Key: release.Secret(lockedKey(t))}, "it has a passphrase"},
	} {
		err := c.s.Check()
		says(t, name, err, c.want)
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the secret is told: %v", name, err)
		}
	}
	must(t, ssh.Settings{}.Check())
	must(t, ssh.Settings{URL: "ssh://deploy@[::1]:2222"}.Check())
}

func TestAnOperationThatIsCalledOffKeepsTheConnection(t *testing.T) {
	t.Parallel()
	login := lab.SSH(t, "")
	once(t, 1, func() int {
		far, w := through(t, login)
		host := open(t, settings(far))
		_, err := host.Now(t.Context())
		must(t, err)
		for range 5 {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Millisecond, cancel)
			_, _ = host.Now(ctx) // called off, or done
			cancel()
			_, err = host.Now(ctx)
			is(t, "called off before it began", err, context.Canceled)
		}
		return w.Connections()
	})
}

func FuzzParseTarget(f *testing.F) {
	for _, seed := range []string{"ssh://deploy@web-1", "ssh://deploy@[::1]:22/", "ssh://deploy:secret@web-1", "ssh://@web-1", "ssh://deploy@", "deploy@web-1", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		shown, err := ssh.ParseTarget(text)
		if err != nil {
			return
		}
		if again, err := ssh.ParseTarget(shown); err != nil && !strings.ContainsAny(text, "%") || err == nil && again != shown {
			t.Fatalf("%q was taken for %q, and that for %q: %v", text, shown, again, err)
		}
	})
}

func FuzzParseTime(f *testing.F) {
	for _, seed := range []string{"1795700000.123456789\n", "1795700000.N", "1795700000", "-1.5", "now", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if at, err := ssh.ParseTime(text); err == nil && at.Unix() <= 0 {
			t.Fatalf("%q was taken for %v", text, at)
		}
	})
}

func FuzzQuote(f *testing.F) {
	for _, seed := range []string{"/var/lib/x", "it's", "$(id)", "`id`", "a\nb", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsRune(text, 0) {
			return // no argument has one
		}
		out, err := process.Output(t.Context(), process.Command{Path: "/bin/sh", Args: []string{"-c", "printf %s " + ssh.Quote(text)}})
		must(t, err)
		equal(t, "what the shell sees", string(out), text)
	})
}

func BenchmarkPut(b *testing.B) {
	login := lab.SSH(b, "")
	host, err := ssh.New(settings(login))
	if err != nil {
		b.Fatal(err)
	}
	defer host.Close()
	dir := b.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		b.Fatal(err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		b.Fatal(err)
	}
	folder := statefolder.At(host, dir)
	for b.Loop() {
		if err := folder.Put(b.Context(), "back-blue", nil); err != nil {
			b.Fatal(err)
		}
	}
}
