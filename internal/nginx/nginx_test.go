package nginx_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/nginx"
	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

func TestNginxReadsTheMarkersAsTheReaderDoes(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil, 10, 50, 100)
	s := b.open(t)
	names := s.Names()
	random := rand.New(rand.NewPCG(1, 2))
	for range 40 {
		for _, name := range names {
			must(t, os.RemoveAll(filepath.Join(b.settings.State, name)))
		}
		some := 1 + random.IntN(4)
		for range some {
			must(t, os.WriteFile(filepath.Join(b.settings.State, names[random.IntN(len(names))]), nil, 0o644))
		}
		splits(t, s, weights(t, s))
	}
}

func TestAnyStepsCanBeInstalled(t *testing.T) {
	t.Parallel()
	for _, steps := range [][]release.Weight{{100}, {1, 100}, {50, 99, 100}, {10, 20, 30, 40, 50, 60, 70, 80, 90, 100}, {100, 10, 50, 10}} {
		t.Run(fmt.Sprint(steps), func(t *testing.T) {
			t.Parallel()
			s := newBench(t, nil, steps...).open(t)
			for token, slot := range []release.Slot{release.Green, release.Blue} {
				for _, w := range steps {
					must(t, s.Set(t.Context(), slot, w, traffic.Token(token+1)))
					splits(t, s, release.Split(slot, w))
				}
			}
		})
	}
}

func TestTheSplit(t *testing.T) {
	t.Parallel()
	t.Run("by cookie keeps a client in its slot, moves it forward only, and keeps its services together", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, nil, steps...)
		s := b.open(t)
		cookies, before := map[int]string{}, map[int]string{}
		const clients = 60
		for i := range clients {
			_, res := b.get(t, "/")
			cookies[i], _, _ = strings.Cut(res.Header.Get("Set-Cookie"), ";")
			if !strings.HasPrefix(cookies[i], "bluegreen=") {
				t.Fatalf("the first answer sets the cookie %q", cookies[i])
			}
		}
		for _, w := range steps {
			must(t, s.Set(t.Context(), release.Green, w, 1))
			for i := range clients {
				web, res := b.get(t, "/", "Cookie", cookies[i])
				api, _ := b.get(t, "/api/", "Cookie", cookies[i])
				slot := res.Header.Get("X-Bluegreen-Slot")
				if web != "web "+slot || api != "api "+slot {
					t.Errorf("client %d at %v: %s, %s, header %q", i, w, web, api, slot)
				}
				if before[i] == "green" && slot != "green" {
					t.Errorf("client %d went back at %v", i, w)
				}
				if got := res.Header.Get("Set-Cookie"); got != "" {
					t.Errorf("client %d was given another cookie: %s", i, got)
				}
				before[i] = slot
			}
		}
	})
	t.Run("by client keeps an address in its slot, and still counts new ones", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, func(s *nginx.Settings) { s.Split = nginx.ByClient }, steps...)
		s := b.open(t)
		must(t, s.Set(t.Context(), release.Green, 50, 1))
		splits(t, s, release.Split(release.Green, 50))
		first, res := b.get(t, "/")
		equal(t, "cookie", res.Header.Get("Set-Cookie"), "")
		for range 20 {
			again, _ := b.get(t, "/")
			equal(t, "answer", again, first)
		}
	})
	t.Run("at random gives one client both slots", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, func(s *nginx.Settings) { s.Split = nginx.Random }, steps...)
		s := b.open(t)
		must(t, s.Set(t.Context(), release.Green, 50, 1))
		splits(t, s, release.Split(release.Green, 50))
		seen := map[string]bool{}
		for range 60 { // one in 2^59 runs sees one slot only
			body, _ := b.get(t, "/")
			seen[body] = true
		}
		equal(t, "slots", len(seen), 2)
	})
	t.Run("is counted without a look at the cookie", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, nil, steps...)
		must(t, b.open(t).Set(t.Context(), release.Green, 50, 1))
		seen := map[string]bool{}
		for range 60 {
			body, _ := b.get(t, "/__bluegreen", "Cookie", "bluegreen=same")
			slot, _, _ := strings.Cut(body, " ")
			seen[slot] = true
		}
		equal(t, "slots", len(seen), 2)
		if n := b.served[release.Green].Load() + b.served[release.Blue].Load(); n != 0 {
			t.Errorf("the slots were asked %d times", n)
		}
	})
	t.Run("lets a preview see the slot without traffic", func(t *testing.T) {
		t.Parallel()
		const secret = "Not-To-Be-Guessed-1"
		b := newBench(t, func(s *nginx.Settings) { s.Preview = secret }, steps...)
		for _, c := range []struct{ header, value, want string }{
			{"X-Bluegreen-Preview", secret, "web green"},
			{"Cookie", "bluegreen_preview=" + secret, "web green"},
			{"X-Bluegreen-Preview", strings.ToLower(secret), "web blue"},
			{"X-Bluegreen-Preview", secret + "x", "web blue"},
			{"X-Other", secret, "web blue"},
		} {
			body, _ := b.get(t, "/", c.header, c.value)
			equal(t, c.header+": "+c.value, body, c.want)
		}
	})
}

func TestTheSplitOutlivesNginx(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil, steps...)
	s := b.open(t)
	must(t, s.Set(t.Context(), release.Green, 50, 1))
	must(t, b.server.Restart(t.Context()))
	splits(t, s, release.Split(release.Green, 50))
	must(t, b.server.Reload())
	splits(t, s, release.Split(release.Green, 50))
	must(t, s.Set(t.Context(), release.Green, 100, 1))
	must(t, s.Settle(t.Context(), release.Green))
	must(t, s.Settle(t.Context(), release.Green))
	splits(t, s, release.Split(release.Green, 100))
	entries, err := filepath.Glob(filepath.Join(b.settings.State, "*-*"))
	must(t, err)
	equal(t, "markers", strings.Join(entries, " "), filepath.Join(b.settings.State, "live-green"))

	must(t, os.RemoveAll(b.settings.State)) // a rebuilt host without its state
	must(t, b.server.Restart(t.Context()))
	body, _ := b.get(t, "/")
	equal(t, "the default after finalize", body, "web green")
}

func TestSeveralRollbacksAtOnceEndTheSame(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil, steps...)
	must(t, b.open(t).Set(t.Context(), release.Green, 100, 1))
	var all sync.WaitGroup
	for i := range 8 {
		s := b.open(t)
		all.Go(func() {
			if i%4 == 3 {
				_ = s.Set(t.Context(), release.Green, 100, 1) // a shift that has not heard of it
				return
			}
			if err := s.Restore(t.Context(), release.Blue); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	splits(t, b.open(t), release.Split(release.Blue, 100))
}

func TestARollbackDoesNotWaitForTheLock(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil, steps...)
	s := b.open(t)
	must(t, s.Set(t.Context(), release.Green, 50, 1))
	lock, err := os.Open(filepath.Join(b.settings.State, "lock"))
	must(t, err)
	defer lock.Close()
	must(t, syscall.Flock(int(lock.Fd()), syscall.LOCK_EX))
	begin := time.Now()
	must(t, b.open(t).Restore(t.Context(), release.Blue))
	t.Logf("restored after %v with the lock in other hands", time.Since(begin))
	splits(t, s, release.Split(release.Blue, 100))
	must(t, lock.Close())
	says(t, "the shift that it overtook", s.Set(t.Context(), release.Green, 50, 1), "token 1 is stale")
}

func TestTheBreakGlassCommandWorks(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil, steps...)
	s := b.open(t)
	must(t, s.Set(t.Context(), release.Green, 100, 1))
	for _, slot := range []release.Slot{release.Blue, release.Green, release.Blue} {
		must(t, process.Run(t.Context(), process.Command{Path: "sh", Args: []string{"-c", s.BreakGlass(slot)}}))
		splits(t, s, release.Split(slot, 100))
	}
}

func TestWorkersCanReadWhateverTheUmaskIs(t *testing.T) { // the umask is the process's, so not in parallel
	before := syscall.Umask(0o077)
	defer syscall.Umask(before)
	b := newBench(t, func(s *nginx.Settings) { s.Config = filepath.Join(filepath.Dir(s.State), "bluegreen.conf") }, steps...)
	s := b.open(t)
	must(t, s.Set(t.Context(), release.Green, 50, 1))
	splits(t, s, release.Split(release.Green, 50))
	must(t, s.Restore(t.Context(), release.Blue))
	splits(t, s, release.Split(release.Blue, 100))
}

func TestAnotherServerIsNotCounted(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"a page":     func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>blue</html>") },
		"an error":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		"a redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conf := settings(t)
			conf.URL = serve(t, handler)
			_, err := open(t, conf, steps).Observe(t.Context(), 10)
			says(t, name, err, "/__bluegreen")
		})
	}
}
