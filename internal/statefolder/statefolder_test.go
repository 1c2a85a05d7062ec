package statefolder_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/statefolder"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
	"github.com/bluegreen-actions/bluegreen/internal/traffic/traffictest"
)

var errKilled = errors.New("killed")

// place is a folder of this host on a disk, unlike a testing.T's may be.
func place(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "bluegreen-")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	return filepath.Join(dir, "state")
}

func made(t *testing.T) *statefolder.Folder {
	t.Helper()
	f := statefolder.At(statefolder.Local{}, place(t))
	must(t, f.Make(t.Context()))
	return f
}

func TestTheSuites(t *testing.T) {
	paths := map[*testing.T]string{}
	in := func(t *testing.T) *statefolder.Folder {
		if paths[t] == "" {
			paths[t] = made(t).Path()
		}
		return statefolder.At(statefolder.Local{}, paths[t])
	}
	t.Run("ledger", func(t *testing.T) {
		traffictest.LedgerConformance(t, func(t *testing.T) traffic.Ledger { return in(t).Ledger() })
	})
	t.Run("lease", func(t *testing.T) {
		traffictest.LeaseConformance(t, func(t *testing.T, expiry time.Duration) traffic.Leases { return in(t).Leases(expiry) })
	})
}

func TestAKilledWriterLeavesWholeFiles(t *testing.T) {
	change := func(p *traffic.Page) error {
		p.Good = &traffic.Good{Slot: release.Green, Release: "shop-2"}
		return nil
	}
	for k := range 5 {
		f := made(t)
		must(t, traffic.TakeClaim(t.Context(), f.Ledger(), release.Green, "shop-1", false))
		_, err := f.Leases(1<<40).Acquire(t.Context(), traffic.Owner{Release: "shop-1", Process: "p"})
		must(t, err)
		left := k
		f.Before = func(string, string) error {
			if left--; left < 0 {
				return errKilled
			}
			return nil
		}
		_ = f.Ledger().Update(t.Context(), change) // killed or not
		_ = f.Leases(1<<40).Raise(t.Context(), 9)
		next := statefolder.At(statefolder.Local{}, f.Path())
		p, err := next.Ledger().Read(t.Context())
		must(t, err)
		equal(t, "claim", p.Claims[release.Green].Release, "shop-1")
		h, err := next.Leases(1 << 40).Peek(t.Context())
		must(t, err)
		equal(t, "owner", h.Owner.Release, "shop-1")
		must(t, next.Ledger().Update(t.Context(), change))
	}
}

func TestATokenOnlyGrows(t *testing.T) {
	t.Parallel()
	f := made(t)
	must(t, f.Pass(t.Context(), 3))
	must(t, f.Pass(t.Context(), 3))
	says(t, "an older one", f.Pass(t.Context(), 2), "token 2 is stale: the load balancer has seen 3")
	must(t, f.Pass(t.Context(), 4))
	must(t, f.Shut(t.Context()))
	must(t, f.Shut(t.Context()))
	says(t, "one that a rollback has refused", f.Pass(t.Context(), 4), "token 4 is stale")
	must(t, f.Pass(t.Context(), 5))
}

func TestRubbishIsRefused(t *testing.T) {
	t.Parallel()
	f := made(t)
	for name, text := range map[string]string{"token": "many", "ledger.json": "{", "lease.json": `{"state":"mine"}`} {
		must(t, os.WriteFile(f.File(name), []byte(text), 0o644))
	}
	says(t, "a token", f.Pass(t.Context(), 1), `token "many": want a whole number`)
	_, err := f.Ledger().Read(t.Context())
	says(t, "a ledger", err, "ledger.json: decode ledger")
	_, err = f.Leases(time.Minute).Peek(t.Context())
	says(t, "a lease", err, `state "mine"`)
}

func TestAFolderThatIsGoneIsNeverEmpty(t *testing.T) {
	t.Parallel()
	f := statefolder.At(statefolder.Local{}, place(t))
	_, reading := f.Ledger().Read(t.Context())
	_, listing := f.List(t.Context())
	for what, err := range map[string]error{
		"read": reading, "list": listing, "put": f.Put(t.Context(), "live-blue", nil), "durable": f.Durable(t.Context()),
		"pass": f.Pass(t.Context(), 1), "lock": f.Alone(t.Context(), func(context.Context) error { return nil }),
	} {
		says(t, what, err, "no such file")
		if release.HintOf(err) == "" {
			t.Errorf("%s: no hint: %v", what, err)
		}
		equal(t, what+": exit", release.ExitStatus(err), 3)
	}
}

func TestAFolderInMemoryIsRefused(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("/dev/shm", "bluegreen-")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	err = statefolder.At(statefolder.Local{}, filepath.Join(dir, "state")).Make(t.Context())
	says(t, "make", err, "is in memory: the split would be lost with the next boot")
	equal(t, "exit", release.ExitStatus(err), 2)
}

func TestOneProcessAtATimeWrites(t *testing.T) {
	t.Parallel()
	f := made(t)
	lock, err := os.Open(f.File("lock"))
	must(t, err)
	must(t, syscall.Flock(int(lock.Fd()), syscall.LOCK_EX))
	ctx, cancel := context.WithTimeoutCause(t.Context(), 20*time.Millisecond, errors.New("waited long enough"))
	defer cancel()
	says(t, "a lock in other hands", f.Alone(ctx, func(context.Context) error { return nil }), "waited long enough")
	says(t, "a lock in other hands", f.Soon(t.Context(), 20*time.Millisecond, func(context.Context) error { return nil }), "somebody else holds it for more than 20ms")
	read := false
	must(t, f.Together(t.Context(), 20*time.Millisecond, func(context.Context) error { read = true; return nil }))
	equal(t, "read without the lock", read, true)
	must(t, lock.Close())
	must(t, f.Alone(t.Context(), func(context.Context) error { return nil }))
	must(t, f.Together(t.Context(), time.Minute, func(ctx context.Context) error {
		return f.Together(ctx, time.Minute, func(context.Context) error { return nil }) // readers do not keep each other out
	}))
}

func TestSweepingRemovesWhatKilledWritersLeft(t *testing.T) {
	t.Parallel()
	f := made(t)
	for name, age := range map[string]time.Duration{".a.1": 2 * time.Hour, ".b.2": 0, "c": 2 * time.Hour} {
		must(t, os.WriteFile(f.File(name), nil, 0o644))
		at := time.Now().Add(-age)
		must(t, os.Chtimes(f.File(name), at, at))
	}
	must(t, f.Sweep(t.Context()))
	for name, want := range map[string]bool{".a.1": false, ".b.2": true, "c": true} {
		_, err := os.Stat(f.File(name))
		equal(t, name, err == nil, want)
	}
}

func TestAFileIsReplacedAsAWhole(t *testing.T) {
	t.Parallel()
	dir := filepath.Dir(place(t))
	path := filepath.Join(dir, "conf", "a.conf")
	for _, c := range []struct {
		text string
		mode fs.FileMode
		want bool
	}{{"a", 0o644, true}, {"a", 0o644, false}, {"a", 0o600, false}, {"b", 0o600, true}} {
		changed, err := statefolder.Replace(t.Context(), statefolder.Local{}, path, []byte(c.text), c.mode)
		must(t, err)
		equal(t, c.text+" changed", changed, c.want)
		text, err := os.ReadFile(path)
		must(t, err)
		equal(t, "text", string(text), c.text)
		info, err := os.Stat(path)
		must(t, err)
		equal(t, "mode", info.Mode(), c.mode)
	}
	left, err := filepath.Glob(filepath.Join(dir, "conf", ".*"))
	must(t, err)
	equal(t, "files left behind", len(left), 0)
}

func FuzzParseLease(f *testing.F) {
	for _, seed := range []string{`{"owner":{"release":"a","process":"b"},"token":1,"state":"held","expires":"2026-11-22T00:00:00Z"}`,
		`{"token":1,"state":"raised"}`, `{"state":"held"}`, `{"token":-1}`, "", "[]", "null"} {
		f.Add(seed)
	}
	f.Fuzz(func(_ *testing.T, text string) { _ = statefolder.ParseLease(text) })
}

func FuzzParseToken(f *testing.F) {
	for _, seed := range []string{"1", "18\n", "-1", "+1", "1 ", "99999999999999999999", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		shown, err := statefolder.ParseToken(text)
		if err == nil && strings.TrimLeft(strings.TrimSuffix(text, "\n"), "0") != strings.TrimLeft(shown, "0") {
			t.Fatalf("%q was taken for %q", text, shown)
		}
	})
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
