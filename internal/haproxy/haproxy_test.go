package haproxy_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/haproxy"
	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/openloop"
	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
	"github.com/bluegreen-actions/bluegreen/internal/traffic/traffictest"
)

func TestTheSplit(t *testing.T) {
	t.Parallel()
	t.Run("by cookie keeps a client in its slot, moves it forward only, keeps its services together, and goes back for all", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, nil)
		p := b.open(t)
		cookies, before := map[int]string{}, map[int]string{}
		const clients = 60
		for i := range clients {
			_, header := traffictest.Get(t, b.server.URL)
			cookies[i], _, _ = strings.Cut(header.Get("Set-Cookie"), ";")
			if !strings.HasPrefix(cookies[i], "bluegreen=") {
				t.Fatalf("the first answer sets the cookie %q", cookies[i])
			}
		}
		for _, w := range []release.Weight{10, 50, 100} {
			must(t, p.Set(t.Context(), release.Green, w, 1))
			for i := range clients {
				web, header := traffictest.Get(t, b.server.URL, "Cookie", cookies[i])
				api, _ := traffictest.Get(t, b.server.URL+"/api/", "Cookie", cookies[i])
				slot := header.Get("X-Bluegreen-Slot")
				if web != "web "+slot || api != "api "+slot {
					t.Errorf("client %d at %v: %s, %s, header %q", i, w, web, api, slot)
				}
				if before[i] == "green" && slot != "green" {
					t.Errorf("client %d went back at %v", i, w)
				}
				if got := header.Get("Set-Cookie"); got != "" {
					t.Errorf("client %d was given another cookie: %s", i, got)
				}
				before[i] = slot
			}
		}
		must(t, p.Restore(t.Context(), release.Blue))
		for i := range clients {
			web, _ := traffictest.Get(t, b.server.URL, "Cookie", cookies[i])
			equal(t, "after the rollback", web, "web blue")
		}
	})
	t.Run("by client keeps an address in its slot, and still counts new ones", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, func(s *haproxy.Settings) { s.Split = haproxy.ByClient })
		p := b.open(t)
		must(t, p.Set(t.Context(), release.Green, 50, 1))
		splits(t, p, release.Split(release.Green, 50))
		first, header := traffictest.Get(t, b.server.URL)
		equal(t, "cookie", header.Get("Set-Cookie"), "")
		for range 20 {
			again, _ := traffictest.Get(t, b.server.URL)
			equal(t, "answer", again, first)
		}
	})
	t.Run("at random gives one client both slots", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, func(s *haproxy.Settings) { s.Split = haproxy.Random })
		p := b.open(t)
		must(t, p.Set(t.Context(), release.Green, 50, 1))
		splits(t, p, release.Split(release.Green, 50))
		seen := map[string]bool{}
		for range 60 { // one in 2^59 runs sees one slot only
			body, _ := traffictest.Get(t, b.server.URL)
			seen[body] = true
		}
		equal(t, "slots", len(seen), 2)
	})
	t.Run("is counted without a look at the cookie, and without the slots", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, nil)
		must(t, b.open(t).Set(t.Context(), release.Green, 50, 1))
		seen := map[string]bool{}
		for range 60 {
			body, _ := traffictest.Get(t, b.server.URL+"/__bluegreen", "Cookie", "bluegreen=same")
			slot, _, _ := strings.Cut(body, " ")
			seen[slot] = true
		}
		equal(t, "slots", len(seen), 2)
		equal(t, "asked", b.slots.Served(release.Blue)+b.slots.Served(release.Green), 0)
	})
	t.Run("keeps the secret of a preview from the application", func(t *testing.T) {
		t.Parallel()
		const secret = "Not-To-Be-Guessed-1"
		echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "header %q, cookies %q", r.Header.Values("X-Bluegreen-Preview"), r.Header.Values("Cookie"))
		}))
		t.Cleanup(echo.Close)
		b := newBench(t, func(s *haproxy.Settings) {
			web := s.Services["web"]
			web.Green = []haproxy.Address{haproxy.Address(echo.Listener.Addr().String())}
			s.Preview, s.Services["web"] = secret, web
		})
		for cookies, want := range map[string]string{
			"":                            "[]",
			"bluegreen_preview=" + secret: "[]",
			"a=1; bluegreen_preview=" + secret + "; b=2":  `["a=1; b=2"]`,
			"bluegreen_preview=" + secret + "; b=2":       `["b=2"]`,
			"a=1;bluegreen_preview=" + secret + ";b=2,,3": `["a=1;b=2,,3"]`,
			"my_bluegreen_preview=1":                      `["my_bluegreen_preview=1"]`,
		} {
			header := []string{"X-Bluegreen-Preview", secret}
			if cookies != "" {
				header = append(header, "Cookie", cookies)
			}
			body, _ := traffictest.Get(t, b.server.URL, header...)
			equal(t, cookies, body, "header [], cookies "+want)
		}
	})
	t.Run("lets a preview see the slot without traffic, also after the slots have changed", func(t *testing.T) {
		t.Parallel()
		const secret = "Not-To-Be-Guessed-1"
		b := newBench(t, func(s *haproxy.Settings) { s.Preview = secret })
		p := b.open(t)
		look := func(slot string, header, value string) {
			t.Helper()
			body, _ := traffictest.Get(t, b.server.URL, header, value)
			equal(t, header+": "+value, body, "web "+slot)
		}
		look("green", "X-Bluegreen-Preview", secret)
		look("green", "Cookie", "bluegreen_preview="+secret)
		look("blue", "X-Bluegreen-Preview", strings.ToLower(secret))
		look("blue", "X-Bluegreen-Preview", secret+"x")
		look("blue", "X-Other", secret)
		must(t, p.Set(t.Context(), release.Green, 100, 1))
		look("green", "X-Bluegreen-Preview", secret)
		must(t, p.Settle(t.Context(), release.Green))
		look("blue", "X-Bluegreen-Preview", secret)
		text, err := os.ReadFile(b.settings.Config)
		must(t, err)
		if strings.Contains(string(text), secret) {
			t.Error("the secret is in the configuration")
		}
	})
}

func TestTheSplitOutlivesHAProxy(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	p := b.open(t)
	half := release.Split(release.Green, 50)
	must(t, p.Set(t.Context(), release.Green, 50, 1))
	must(t, b.server.Restart(t.Context()))
	splits(t, p, half)
	must(t, b.server.Reload())
	splits(t, p, half)
	must(t, p.Set(t.Context(), release.Green, 100, 1))
	splits(t, p, release.Split(release.Green, 100))
	for range 2 {
		must(t, p.Settle(t.Context(), release.Green))
	}
	must(t, b.server.Restart(t.Context()))
	splits(t, p, release.Split(release.Green, 100))
	must(t, p.Restore(t.Context(), release.Blue))
	must(t, b.server.Restart(t.Context()))
	splits(t, p, release.Split(release.Blue, 100))
}

func (b *bench) until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	const patience = 3 * time.Minute
	for begin := time.Now(); time.Since(begin) < patience; time.Sleep(10 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("waited %v for %s", patience, what)
}

// A writer that died after HAProxy was told has not written it down: HAProxy then
// starts with the split before, and the tokens that were announced stay known.
func TestAHAProxyThatIsKilledTogetherWithAWriter(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	p := b.open(t)
	must(t, p.Set(t.Context(), release.Green, 10, 3))
	writes := 0
	p.Before(func(op, name string) error {
		if op == "write" {
			if writes++; writes == 2 { // the first one announces the token
				return context.Canceled
			}
		}
		return nil
	})
	if err := p.Set(t.Context(), release.Green, 50, 7); err == nil {
		t.Fatal("the writer was not killed")
	}
	p.Before(nil)
	splits(t, p, release.Split(release.Green, 50))
	says(t, "a restart that would move the traffic", p.Try(t.Context()), "a restart would move the traffic")
	must(t, b.server.Restart(t.Context()))
	splits(t, p, release.Split(release.Green, 10))
	says(t, "an older writer", p.Set(t.Context(), release.Green, 50, 6), "token 6 is stale: the load balancer has seen 7")
	must(t, p.Set(t.Context(), release.Green, 50, 7))
	must(t, p.Try(t.Context()))
	splits(t, p, release.Split(release.Green, 50))
}

func TestAReloadUnderLoadKeepsTheSplitAndTheRequests(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	must(t, b.open(t).Set(t.Context(), release.Green, 100, 1))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan openloop.Report)
	go func() {
		report, err := openloop.Run(ctx, openloop.Load{URL: b.server.URL, Rate: 200, Keep: []string{traffictest.SlotHeader}, Timeout: time.Minute})
		if err != nil {
			t.Error(err)
		}
		done <- report
	}()
	must(t, b.server.Reload())
	must(t, b.open(t).Restore(t.Context(), release.Blue))
	back := time.Now()
	time.Sleep(300 * time.Millisecond)
	stop()
	report := <-done
	last, _ := report.Last(func(s openloop.Sample) bool { return s.Header[traffictest.SlotHeader] == "green" })
	t.Logf("%v; the last request at green began %v after a rollback that followed the reload at once", report, max(last.Started.Sub(back), 0))
	for _, s := range report.Samples {
		if s.Lost() && s.Fresh {
			t.Errorf("a request on a new connection was lost: %v %v", s.Outcome, s.Err)
		}
	}
}

func TestSeveralHostsOfASlot(t *testing.T) {
	t.Parallel()
	blue := make([]*http.Server, 2)
	served := make(chan int, 1000)
	b := newBench(t, func(s *haproxy.Settings) {
		web := s.Services["web"]
		web.Blue = nil
		for i := range blue {
			listener := listen(t)
			blue[i] = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				served <- i
				fmt.Fprint(w, "web blue")
			})}
			go func() { _ = blue[i].Serve(listener) }() // ends with Close
			t.Cleanup(func() { _ = blue[i].Close() })
			web.Blue = append(web.Blue, haproxy.Address(listener.Addr().String()))
		}
		s.Services["web"] = web
	})
	hosts := map[int]int{}
	for range 60 {
		traffictest.Get(t, b.server.URL)
		hosts[<-served]++
	}
	equal(t, "hosts", len(hosts), 2)
	must(t, blue[0].Close())
	b.until(t, "a check to fail", func() bool {
		text, err := b.open(t).Send("show servers state bluegreen_web")
		return err == nil && strings.Contains(text, " blue0 127.0.0.1 0 ")
	})
	for range 20 {
		body, _ := traffictest.Get(t, b.server.URL)
		equal(t, "with one host", body, "web blue")
	}
	must(t, blue[1].Close())
	b.until(t, "the other check to fail", func() bool {
		text, err := b.open(t).Send("show servers state bluegreen_web")
		return err == nil && strings.Contains(text, " blue1 127.0.0.1 0 ")
	})
	body, _ := traffictest.Get(t, b.server.URL)
	if !strings.Contains(body, "503") {
		t.Errorf("with no host: got %q, want no answer of the other slot", body)
	}
	equal(t, "asked at green", b.slots.Served(release.Green), 0)
}

func TestTheBreakGlassCommandWorks(t *testing.T) {
	t.Parallel()
	must(t, lab.Install(t.Context(), os.Stderr, "socat"))
	b := newBench(t, nil)
	p := b.open(t)
	must(t, p.Set(t.Context(), release.Green, 100, 1))
	for _, slot := range []release.Slot{release.Blue, release.Green, release.Blue} {
		must(t, process.Run(t.Context(), process.Command{Path: "sh", Args: []string{"-c", p.BreakGlass(slot)}}))
		splits(t, p, release.Split(slot, 100))
		must(t, p.Try(t.Context()))
	}
	must(t, b.server.Restart(t.Context()))
	splits(t, p, release.Split(release.Blue, 100))
	must(t, p.Set(t.Context(), release.Green, 10, 2))
	splits(t, p, release.Split(release.Green, 10))
}

func TestAProxyIsTried(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	p := b.open(t)
	must(t, p.Set(t.Context(), release.Green, 10, 1))
	for range 2 {
		must(t, p.Try(t.Context()))
	}
	splits(t, p, release.Split(release.Green, 10))

	other := b.settings
	other.Split = haproxy.Random
	says(t, "another configuration", open(t, other).Try(t.Context()), "runs another configuration")
	elsewhere := b.settings
	elsewhere.State = filepath.Join(disk(t), "state")
	_, err := open(t, elsewhere).Install(t.Context(), release.Blue)
	must(t, err)
	says(t, "another map", open(t, elsewhere).Try(t.Context()), "Unknown map identifier")
	apart := newBench(t, func(s *haproxy.Settings) { s.Services = b.settings.Services })
	crossed := b.settings
	crossed.URL = apart.server.URL
	says(t, "the url of another one", open(t, crossed).Try(t.Context()), "HAProxy at "+apart.server.URL)

	b.by(t, "set server bluegreen_api/green0 state maint")
	says(t, "a server in maintenance", p.Try(t.Context()), "HAProxy gives no traffic to bluegreen_api/green0")
	b.by(t, "set server bluegreen_api/green0 state ready")
	must(t, p.Try(t.Context()))

	b.by(t, "set map MAP share 33")
	says(t, "a split that is not written down", p.Try(t.Context()), "a restart would move the traffic")
	_, err = p.Install(t.Context(), release.Blue)
	must(t, err)
	must(t, p.Try(t.Context()))
	splits(t, p, release.Split(release.Green, 33))

	b.by(t, "set map MAP share 400")
	says(t, "a share of rubbish", p.Try(t.Context()), "share 400: want 0 to 100")
	must(t, p.Restore(t.Context(), release.Blue))
	must(t, p.Try(t.Context()))
	b.by(t, "clear map MAP")
	says(t, "an empty map", p.Try(t.Context()), "the split is not defined")
	must(t, p.Restore(t.Context(), release.Blue))
	must(t, p.Try(t.Context()))
	splits(t, p, release.Split(release.Blue, 100))

	must(t, b.server.Stop())
	says(t, "no HAProxy", p.Try(t.Context()), "open the stats socket")
}

func TestASocketOfTheLowestLevelIsEnough(t *testing.T) {
	t.Parallel()
	s := settings(t)
	_, err := open(t, s).Install(t.Context(), release.Blue)
	must(t, err)
	conf := strings.Replace(main, "SOCKET", s.Socket, 1)
	s.URL = lab.HAProxy(t, strings.Replace(conf, "level admin", "level user", 1), s.Config).URL
	p := open(t, s)
	must(t, p.Try(t.Context()))
	must(t, p.Set(t.Context(), release.Green, 10, 1))
	splits(t, p, release.Split(release.Green, 10))
	must(t, p.Restore(t.Context(), release.Blue))
	splits(t, p, release.Split(release.Blue, 100))
}

func TestTheRuntimeAPIOverTCP(t *testing.T) {
	t.Parallel()
	s := settings(t)
	s.Socket = fmt.Sprintf("127.0.0.1:%d", lab.Ports(t, 1)[0])
	p := open(t, s)
	_, err := p.Install(t.Context(), release.Green)
	must(t, err)
	s.URL = lab.HAProxy(t, strings.Replace(main, "SOCKET", s.Socket, 1), s.Config).URL
	p = open(t, s)
	must(t, p.Try(t.Context()))
	splits(t, p, release.Split(release.Green, 100))
	must(t, p.Set(t.Context(), release.Blue, 10, 1))
	splits(t, p, release.Split(release.Blue, 10))
	must(t, lab.Install(t.Context(), os.Stderr, "socat"))
	must(t, process.Run(t.Context(), process.Command{Path: "sh", Args: []string{"-c", p.BreakGlass(release.Green)}}))
	splits(t, p, release.Split(release.Green, 100))
}

// A HAProxy that takes the connection and says nothing must not hold up a way back.
func TestASilentSocketIsAnErrorInTime(t *testing.T) {
	t.Parallel()
	s := settings(t)
	silent := listen(t)
	s.Socket = silent.Addr().String()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	begin := time.Now()
	says(t, "restore", open(t, s).Restore(ctx, release.Blue), "the stats socket")
	if took := time.Since(begin); took > time.Minute {
		t.Errorf("it took %v", took)
	}
}

func TestARollbackThatCannotBeWrittenDownSaysSo(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	p := b.open(t)
	must(t, p.Set(t.Context(), release.Green, 100, 1))
	must(t, os.Rename(b.settings.State, b.settings.State+".away"))
	err := p.Restore(t.Context(), release.Blue)
	must(t, os.Rename(b.settings.State+".away", b.settings.State))
	says(t, "restore", err, "the traffic is there, but HAProxy would undo that when it is started again")
	splits(t, p, release.Split(release.Blue, 100))
	must(t, p.Restore(t.Context(), release.Blue))
	must(t, p.Try(t.Context()))
}

func TestNoTokenIsEverForgotten(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	p := b.open(t)
	must(t, p.Set(t.Context(), release.Green, 10, 5))
	must(t, p.Restore(t.Context(), release.Blue))
	must(t, b.server.Restart(t.Context()))
	for _, token := range []traffic.Token{4, 5} {
		says(t, "after a restart", p.Set(t.Context(), release.Green, 10, token), "is stale: the load balancer has seen 5")
	}
	must(t, p.Set(t.Context(), release.Green, 10, 6))
}

func TestSeveralAtOnceEndAsTheRollback(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	must(t, b.open(t).Set(t.Context(), release.Green, 100, 1))
	var all sync.WaitGroup
	for i := range 8 {
		p := b.open(t)
		all.Go(func() {
			if i%4 == 3 {
				_ = p.Set(t.Context(), release.Green, 100, 1) // a shift that has not heard of it
				return
			}
			if err := p.Restore(t.Context(), release.Blue); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	splits(t, b.open(t), release.Split(release.Blue, 100))
	must(t, b.open(t).Try(t.Context()))
}

// HAProxy takes the first of two values of one key, and so does the reader.
func TestAKeyThatSomebodyAddedTwice(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	p := b.open(t)
	must(t, p.Set(t.Context(), release.Green, 10, 1))
	b.by(t, "add map MAP share 90")
	splits(t, p, release.Split(release.Green, 10))
	must(t, p.Set(t.Context(), release.Green, 50, 1))
	splits(t, p, release.Split(release.Green, 50))
	must(t, p.Restore(t.Context(), release.Blue))
	must(t, b.server.Restart(t.Context()))
	splits(t, p, release.Split(release.Blue, 100))
}

// stale starts HAProxy with the map as it was before what happens, as a reload
// does that has read it a moment earlier.
func (b *bench) stale(t *testing.T, happens func()) {
	t.Helper()
	file := filepath.Join(b.settings.State, "split.map")
	before, err := os.ReadFile(file)
	must(t, err)
	happens()
	after, err := os.ReadFile(file)
	must(t, err)
	must(t, os.WriteFile(file, before, 0o644))
	must(t, b.server.Restart(t.Context()))
	must(t, os.WriteFile(file, after, 0o644))
}

func TestARollbackThatFallsIntoAReload(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	p := b.open(t)
	must(t, p.Set(t.Context(), release.Green, 100, 5))
	rollback := func() { must(t, p.Restore(t.Context(), release.Blue)) }
	b.stale(t, rollback)
	splits(t, p, release.Split(release.Green, 100)) // which is what Assert is for
	says(t, "the shift that was rolled back", p.Set(t.Context(), release.Green, 100, 5), "token 5 is stale")
	says(t, "preflight", p.Try(t.Context()), "a restart would move the traffic")

	asserting, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan string)
	go func() {
		text, err := p.Assert(asserting, release.Blue)
		done <- fmt.Sprint(text, err)
	}()
	b.until(t, "the traffic to be back", func() bool {
		w, err := b.open(t).Weights(t.Context())
		return err == nil && w == release.Split(release.Blue, 100)
	})
	splits(t, p, release.Split(release.Blue, 100))
	must(t, p.Try(t.Context()))
	cancel()
	if text := <-done; !strings.Contains(text, "canceled") && !strings.Contains(text, "moved the traffic again 1 times") {
		t.Errorf("it says %s", text)
	}
}

func TestANewerShiftIsLeftAlone(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	p := b.open(t)
	must(t, p.Set(t.Context(), release.Green, 100, 5))
	must(t, p.Restore(t.Context(), release.Blue))
	must(t, b.open(t).Set(t.Context(), release.Green, 10, 6))
	text, err := p.Assert(t.Context(), release.Blue)
	must(t, err)
	if !strings.Contains(text, "left the traffic to a newer shift") {
		t.Errorf("it says %s", text)
	}
	splits(t, p, release.Split(release.Green, 10))
}

// TestALookThatIsCutShortSaysNothing of a traffic that was where it should be at
// the look before.
func TestALookThatIsCutShortSaysNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	relay, socket := listen(t), b.settings.Socket
	go func() {
		first, err := relay.Accept()
		if err != nil {
			return
		}
		to, err := net.Dial("unix", socket)
		if err != nil {
			return
		}
		go func() { _, _ = io.Copy(to, first) }()
		_, _ = io.Copy(first, to)
		_ = first.Close()
		if _, err := relay.Accept(); err == nil { // the second look gets no answer
			cancel()
		}
	}()
	b.settings.Socket = relay.Addr().String()
	_, err := b.open(t).Assert(ctx, release.Blue)
	must(t, err)
}
