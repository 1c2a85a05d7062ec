package openloop_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/openloop"
)

// server misbehaves by path, and counts the requests that it has seen by number.
type server struct {
	*httptest.Server
	mu     sync.Mutex
	seen   map[string]int
	bodies map[string]string
	conns  atomic.Int64
	hold   chan struct{}
}

func serve(t *testing.T) *server {
	t.Helper()
	s := &server{seen: map[string]int{}, bodies: map[string]string{}, hold: make(chan struct{})}
	s.Server = httptest.NewUnstartedServer(s)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.conns.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// times is how often a request was seen, and what it was.
func (s *server) times(number int) (int, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[strconv.Itoa(number)], s.bodies[strconv.Itoa(number)]
}

func (s *server) total() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.seen)
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.seen[r.Header.Get("X-Request-Number")]++
	s.bodies[r.Header.Get("X-Request-Number")] = r.Method + " " + string(body)
	s.mu.Unlock()
	w.Header().Set("X-Version", "v1")
	switch r.URL.Path {
	case "/error":
		w.WriteHeader(http.StatusServiceUnavailable)
	case "/missing":
		w.WriteHeader(http.StatusNotFound)
	case "/closing":
		w.Header().Set("Connection", "close")
	case "/early":
		w.WriteHeader(http.StatusEarlyHints)
	case "/hang":
		<-s.hold
	case "/drop", "/cut", "/garbage", "/halfway":
		misbehave(w, r.URL.Path)
		return
	}
	io.WriteString(w, "hello from "+r.Host)
}

func misbehave(w http.ResponseWriter, path string) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	switch path {
	case "/cut":
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")
		conn.(*net.TCPConn).SetLinger(0) // a reset, not an end
		time.Sleep(20 * time.Millisecond)
	case "/garbage":
		io.WriteString(conn, "SSH-2.0-OpenSSH_9.2\r\n\r\n")
	case "/halfway":
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Le")
	}
	conn.Close()
}

func run(t *testing.T, l openloop.Load) openloop.Report {
	t.Helper()
	report, err := openloop.Run(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range report.Samples {
		if s.Number != i+1 {
			t.Fatalf("sample %d has number %d", i, s.Number)
		}
		if s.Ended.Before(s.Started) || s.Outcome != openloop.NotSent && s.Started.Before(s.Intended) {
			t.Errorf("request %d: intended %v, started %v, ended %v", s.Number, s.Intended, s.Started, s.Ended)
		}
	}
	return report
}

func TestEveryRequestIsSeenOnce(t *testing.T) {
	t.Parallel()
	s := serve(t)
	report := run(t, openloop.Load{URL: s.URL, Rate: 400, Duration: 500 * time.Millisecond, Mix: openloop.Even("/"), Keep: []string{"X-Version", "X-Slot"}})
	if report.Sent() != 200 || report.Answered() != 200 || report.Lost() != 0 {
		t.Fatal(report)
	}
	for number := 1; number <= 200; number++ {
		want := fmt.Sprintf("POST number=%d", number)
		if number%2 == 1 {
			want = "GET "
		}
		if n, body := s.times(number); n != 1 || body != want {
			t.Errorf("request %d was seen %d times, as %q", number, n, body)
		}
	}
	first := report.Samples[0]
	if len(first.Header) != 1 || first.Header["X-Version"] != "v1" || first.Status != 200 || first.Method != "GET" || first.Fresh {
		t.Errorf("got %+v", first)
	}
	if third := report.Samples[2]; !third.Fresh {
		t.Errorf("got %+v, want a fresh connection", third)
	}
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		request openloop.Request
		want    openloop.Outcome
		status  int
	}{
		"an answer":                               {openloop.Request{Path: "/"}, openloop.Answered, 200},
		"an answer to HEAD has no body":           {openloop.Request{Path: "/", Method: "HEAD"}, openloop.Answered, 200},
		"an answer after an early hint":           {openloop.Request{Path: "/early"}, openloop.Answered, 200},
		"not found is an answer":                  {openloop.Request{Path: "/missing"}, openloop.Answered, 404},
		"a server error is none":                  {openloop.Request{Path: "/error"}, openloop.ServerError, 503},
		"an end before the answer":                {openloop.Request{Path: "/drop"}, openloop.Unanswered, 0},
		"an end before the answer to a POST":      {openloop.Request{Path: "/drop", Method: "POST", Fresh: true}, openloop.Unanswered, 0},
		"a reset in the body":                     {openloop.Request{Path: "/cut"}, openloop.Cut, 200},
		"an end in the head":                      {openloop.Request{Path: "/halfway"}, openloop.Cut, 0},
		"something else than HTTP":                {openloop.Request{Path: "/garbage"}, openloop.Cut, 0},
		"a server that closes after every answer": {openloop.Request{Path: "/closing"}, openloop.Answered, 200},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t)
			report := run(t, openloop.Load{URL: s.URL, Rate: 50, Duration: 100 * time.Millisecond, Mix: []openloop.Request{tt.request}})
			if n := s.total(); n != 5 {
				t.Errorf("the server saw %d requests, want 5", n)
			}
			for _, sample := range report.Samples {
				if sample.Outcome != tt.want || sample.Status != tt.status {
					t.Errorf("got %q %d %v, want %q %d", sample.Outcome, sample.Status, sample.Err, tt.want, tt.status)
				}
				if sample.Lost() != (tt.want != openloop.Answered) || sample.Lost() && sample.Status == 0 && sample.Err == nil {
					t.Errorf("got %+v", sample)
				}
			}
		})
	}
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	url := fmt.Sprintf("http://127.0.0.1:%d", lab.Ports(t, 1)[0])
	report := run(t, openloop.Load{URL: url, Rate: 100, Duration: 100 * time.Millisecond})
	if report.Count(openloop.Refused) != 10 || report.Lost() != 10 || report.Latency(99) != 0 {
		t.Fatal(report)
	}
}

func TestASilentServerTimesOut(t *testing.T) {
	t.Parallel()
	s := serve(t)
	defer close(s.hold)
	report := run(t, openloop.Load{URL: s.URL, Rate: 100, Duration: 50 * time.Millisecond, Timeout: 100 * time.Millisecond,
		Mix: []openloop.Request{{Path: "/hang"}}})
	if report.Count(openloop.TimedOut) != 5 {
		t.Fatal(report)
	}
}

func TestAStalledServerDoesNotHoldUpTheSchedule(t *testing.T) {
	t.Parallel()
	s := serve(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	unsent := make(chan struct{}, 1000)
	load := openloop.Load{URL: s.URL, Rate: 200, Room: 3, Timeout: time.Minute, Mix: []openloop.Request{{Path: "/hang"}},
		Each: func(sample openloop.Sample) {
			if sample.Outcome == openloop.NotSent && len(unsent) < 20 {
				unsent <- struct{}{}
			}
		}}
	go func() {
		for range 20 { // that many come while the server answers nothing
			<-unsent
		}
		cancel()
		close(s.hold)
	}()
	report, err := openloop.Run(ctx, load)
	if err != nil {
		t.Fatal(err)
	}
	if report.Sent() != 3 || report.Answered() != 3 || report.Lost() != 0 || report.Count(openloop.NotSent) < 20 {
		t.Fatal(report)
	}
	if !strings.Contains(report.String(), "sent 3, answered 3, lost 0, not sent ") {
		t.Error(report)
	}
}

func TestAKeptConnectionThatWasClosedIsReplacedBeforeItIsUsed(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{}, 10)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") // which says that it stays open
		conn.Close()
		closed <- struct{}{}
	}))
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	report, err := openloop.Run(ctx, openloop.Load{URL: s.URL, Rate: 20, Room: 1, Timeout: time.Minute,
		Each: func(sample openloop.Sample) {
			if sample.Number > 10 && sample.Outcome != openloop.NotSent {
				cancel()
			}
		},
		Mix: []openloop.Request{{Method: "POST", Body: func(number int) string {
			if number > 1 {
				<-closed
			}
			return "body"
		}}}})
	if err != nil || report.Lost() != 0 || report.Answered() < 2 {
		t.Fatal(report, err)
	}
}

func TestConnectionsAreKept(t *testing.T) {
	t.Parallel()
	s := serve(t)
	report := run(t, openloop.Load{URL: s.URL, Rate: 100, Duration: 200 * time.Millisecond, Room: 1, Mix: []openloop.Request{{}}})
	if n := s.conns.Load(); n != 1 {
		t.Errorf("%d connections for %v", n, report)
	}
}

func TestTheHostIsThatOfTheHeader(t *testing.T) {
	t.Parallel()
	hosts := make(chan string, 10)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		hosts <- r.Host + " " + r.Header.Get("Cookie")
	}))
	defer s.Close()
	run(t, openloop.Load{URL: s.URL, Rate: 100, Duration: 10 * time.Millisecond,
		Header: http.Header{"Host": {"shop.example"}, "Cookie": {"slot=blue"}}})
	if got := <-hosts; got != "shop.example slot=blue" {
		t.Errorf("got %q", got)
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		load openloop.Load
		want string
	}{
		"a rate of 0":                  {openloop.Load{URL: "http://127.0.0.1:1"}, "rate 0: want more than 0"},
		"a URL with TLS":               {openloop.Load{URL: "https://127.0.0.1", Rate: 1}, `url "https://127.0.0.1": want http://host:port`},
		"a URL with a path":            {openloop.Load{URL: "http://127.0.0.1/a", Rate: 1}, "without a path"},
		"a negative duration":          {openloop.Load{URL: "http://127.0.0.1:1", Rate: 1, Duration: -1}, "want none below 0"},
		"everything that is not there": {openloop.Load{}, `url "": want`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := openloop.Run(t.Context(), tt.load); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
