package nginx_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/nginx"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/statefolder"
)

const secret = "Not-To-Be-Guessed-1"

func beside(b *bench, ending string) string {
	return strings.TrimSuffix(b.settings.Config, ".conf") + ending
}

// edit changes a generated file in place, as another tool does.
func edit(t *testing.T, path, old, new string) {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	if !strings.Contains(string(text), old) {
		t.Fatalf("%s has no %q", path, old)
	}
	must(t, os.WriteFile(path, []byte(strings.Replace(string(text), old, new, 1)), 0o644))
}

func TestASwitchThatWorksIsTried(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(s *nginx.Settings) { s.Preview = secret }, steps...)
	s := b.open(t)
	must(t, os.WriteFile(filepath.Join(b.settings.State, "probe-0123456789abcdef"), nil, 0o644)) // of a killed try
	long := time.Now().Add(-time.Hour)
	must(t, os.Chtimes(filepath.Join(b.settings.State, "probe-0123456789abcdef"), long, long))
	for _, w := range []release.Weight{0, 10, 100} {
		must(t, s.Set(t.Context(), release.Green, w, 1))
		must(t, s.Try(t.Context()))
		splits(t, s, release.Split(release.Green, w))
	}
	must(t, s.Settle(t.Context(), release.Green))
	must(t, s.Try(t.Context()))
	left, err := filepath.Glob(filepath.Join(b.settings.State, "probe-*"))
	must(t, err)
	equal(t, "probes left behind", len(left), 0)
}

func TestATryFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil        func(t *testing.T, b *bench)
		want, remedy string
	}{
		"a configuration that was not reloaded": {func(t *testing.T, b *bench) {
			b.steps = []release.Weight{25, 100}
			_, err := b.open(t).Install(t.Context(), "")
			must(t, err)
		}, "has not been reloaded since the configuration was installed", "nginx -s reload"},
		"steps that were changed": {func(_ *testing.T, b *bench) { b.steps = []release.Weight{25, 100} },
			"was made for other settings or other steps", "bluegreen nginx install"},
		"another state folder": {func(t *testing.T, b *bench) {
			b.settings.State = filepath.Join(disk(t), "state")
			s := b.open(t)
			_, err := s.Install(t.Context(), "")
			must(t, err)
		}, "has not been reloaded", "reload"},
		"a generated file that is gone": {func(t *testing.T, b *bench) { must(t, os.Remove(beside(b, ".server"))) },
			".server is not there", "bluegreen nginx install"},
		"another tool's edit of the http level": {func(t *testing.T, b *bench) { edit(t, b.settings.Config, "keepalive 32", "keepalive 64") },
			"bluegreen.conf is not as it was made: somebody else has changed it", "find out who changed it"},
		"another tool's edit of a server": {func(t *testing.T, b *bench) { edit(t, beside(b, ".server"), "always", "") },
			"bluegreen.server is not as it was made", "find out who changed it"},
		"another tool's edit of the default": {func(t *testing.T, b *bench) { edit(t, beside(b, ".default"), "idle green", "idle blue") },
			"bluegreen.default is not as it was made", "find out who changed it"},
		"another value of the preview": {func(_ *testing.T, b *bench) { b.settings.Preview = secret + "2" },
			"is not of the value of preview", "bluegreen nginx install"},
		"a value of the preview that nginx does not know yet": {func(t *testing.T, b *bench) {
			b.settings.Preview = secret + "2"
			_, err := b.open(t).Install(t.Context(), "")
			must(t, err)
		}, "does not know the value of preview", "reload"},
		"a preview that others can read": {func(t *testing.T, b *bench) { must(t, os.Chmod(beside(b, ".preview"), 0o644)) },
			"has a secret and can be read by others", "chmod 600"},
		"markers that workers cannot read": {func(t *testing.T, b *bench) { must(t, os.Chmod(b.settings.State, 0o700)) },
			"nginx's workers cannot pass", "chmod o+x"},
		"a state folder that is gone": {func(t *testing.T, b *bench) { must(t, os.RemoveAll(b.settings.State)) },
			"no such file", "mount the state folder"},
		"a state folder that was emptied": {func(t *testing.T, b *bench) {
			must(t, os.RemoveAll(b.settings.State))
			must(t, statefolder.At(statefolder.Local{}, b.settings.State).Make(t.Context()))
		}, "the state folder has no marker", "install"},
		"no nginx": {func(t *testing.T, b *bench) { must(t, b.server.Stop()) }, "ask nginx", ""},
		"a server that is not split": {func(t *testing.T, b *bench) {
			b.settings.URL = lab.Nginx(t, `events {} http { server { listen 127.0.0.1:{{.Port}}; location / { return 200 "blue"; } } }`).URL
		}, `another server answers at http://127.0.0.1`, "set url, and host"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, func(s *nginx.Settings) { s.Preview = secret }, steps...)
			must(t, b.open(t).Try(t.Context()))
			c.spoil(t, b)
			err := b.open(t).Try(t.Context())
			says(t, name, err, c.want)
			if !strings.Contains(release.HintOf(err), c.remedy) {
				t.Errorf("%v: the hint is %q, want %q", err, release.HintOf(err), c.remedy)
			}
			if err != nil && strings.Contains(err.Error()+release.HintOf(err), secret) {
				t.Errorf("the secret is told: %v", err)
			}
		})
	}
}

// A bench of their own have those that need another nginx.
func TestATryFindsAnotherNginx(t *testing.T) {
	t.Parallel()
	t.Run("a server block that is not split", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, nil, steps...)
		b.serve(t, fmt.Sprintf(`events {} http { include %s;
			server { listen 127.0.0.1:{{.Port}} default_server; return 404; }
			server { listen 127.0.0.1:{{.Port}}; server_name shop; include %s; location / { proxy_pass http://$bluegreen_web; } } }`, b.settings.Config, beside(b, ".server")))
		says(t, "without a name", b.open(t).Try(t.Context()), "another server answers at")
		b.settings.Host = "shop"
		must(t, b.open(t).Try(t.Context()))
	})
	t.Run("two of them on one port", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, nil, steps...)
		other := newBench(t, nil, steps...)
		shared := lab.Ports(t, 1)[0]
		for _, one := range []*bench{b, other} {
			one.serve(t, fmt.Sprintf(`events {} http { include %s; server { listen 127.0.0.1:%d reuseport; include %s; location / { proxy_pass http://$bluegreen_web; } } }`,
				one.settings.Config, shared, beside(one, ".server")))
		}
		b.settings.URL = fmt.Sprintf("http://127.0.0.1:%d", shared)
		says(t, "two", b.open(t).Try(t.Context()), "several nginx answer at")
		must(t, other.server.Stop())
		must(t, b.open(t).Try(t.Context()))
	})
	t.Run("one that caches files", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, nil, steps...)
		edited := filepath.Join(filepath.Dir(b.settings.Config), "edited.server") // what nginx runs, beside a file that is as it was made
		text, err := os.ReadFile(beside(b, ".server"))
		must(t, err)
		must(t, os.WriteFile(edited, []byte(strings.Replace(string(text), "open_file_cache off;", "", 1)), 0o644))
		b.serve(t, fmt.Sprintf(main, b.settings.Config, edited))
		err = b.open(t).Try(t.Context())
		says(t, "a cache", err, "it caches files, and a marker would count late")
		equal(t, "remedy", strings.Contains(release.HintOf(err), "remove open_file_cache"), true)
	})
	t.Run("one that sees another folder", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, nil, steps...)
		edited := filepath.Join(filepath.Dir(b.settings.Config), "edited.server") // as in a container that has not mounted the folder
		text, err := os.ReadFile(beside(b, ".server"))
		must(t, err)
		must(t, os.WriteFile(edited, []byte(strings.ReplaceAll(string(text), b.settings.State, "/var/lib/elsewhere")), 0o644))
		b.serve(t, fmt.Sprintf(main, b.settings.Config, edited))
		err = b.open(t).Try(t.Context())
		says(t, "another folder", err, "does not see the files in "+b.settings.State)
		equal(t, "remedy", strings.Contains(release.HintOf(err), "mount it"), true)
	})
}

// late is a disk whose host has another clock.
type late struct {
	statefolder.Local
	by time.Duration
}

func (l late) Now(context.Context) (time.Time, error) { return time.Now().Add(-l.by), nil }

func TestATryComparesTheClocks(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil, steps...)
	s := b.open(t)
	s.On(late{by: 10 * time.Second})
	must(t, s.Try(t.Context()))
	s.On(late{by: time.Hour})
	says(t, "an hour", s.Try(t.Context()), "the state folder have clocks that are")
}

func TestATryRepairsTheDefaultOfAKilledFinalize(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil, steps...)
	s := b.open(t)
	must(t, s.Set(t.Context(), release.Green, 100, 1))
	must(t, s.Settle(t.Context(), release.Green))
	former := "set $bluegreen_slot blue;\nset $bluegreen_idle green;\n"
	must(t, os.WriteFile(beside(b, ".default"), []byte(former), 0o644))
	must(t, s.Try(t.Context()))
	text, err := os.ReadFile(beside(b, ".default"))
	must(t, err)
	equal(t, "default", strings.Contains(string(text), "slot green"), true)
}

// Where nginx is far away a try takes a while, and nobody else waits for it.
func TestATryHoldsNoLockWhileItAsks(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil, steps...)
	far, err := url.Parse(b.server.URL)
	must(t, err)
	pass := httputil.NewSingleHostReverseProxy(far)
	var asked atomic.Int64
	way := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		free := func(context.Context) error { return nil }
		if err := statefolder.At(statefolder.Local{}, b.settings.State).Soon(r.Context(), time.Minute, free); err != nil {
			t.Errorf("while nginx is asked: %v", err)
		}
		pass.ServeHTTP(w, r)
	}))
	t.Cleanup(way.Close)
	b.settings.URL = way.URL
	must(t, b.open(t).Try(t.Context()))
	equal(t, "questions", asked.Load(), 112)
}
