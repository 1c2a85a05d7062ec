package smoke_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/smoke"
)

func TestEvidenceIsShownForEachCheck(t *testing.T) {
	t.Parallel()
	good := check(func(c *smoke.Check) { c.Name, c.Evidence = "health", []string{"B.4.v1", "1.4.e1"} })
	bad := check(func(c *smoke.Check) { c.Name, c.Path, c.Evidence = "ready", "/bad", []string{"B.4.v2"} })
	probe := smoke.Probe{Name: "queue", Evidence: []string{"B.6.s2"}, Ask: func(context.Context) (string, error) { return "3 waiting", nil }}
	found := new(release.Findings)
	report, err := settings(good, bad).Run(t.Context(), candidate(t), found, probe)
	if err == nil || report.Failed() != 1 || len(report.Results) != 3 {
		t.Fatalf("%+v, %v", report, err)
	}
	got := map[string]release.Status{}
	for _, e := range found.List() {
		got[e.ID] = e.Status
	}
	want := map[string]release.Status{"B.4.v1": release.Passed, "1.4.e1": release.Passed, "B.4.v2": release.Failed, "B.6.s2": release.Passed, "6.2.10": release.Failed}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if text := report.Results[2].String(); text != "queue: 3 waiting" {
		t.Errorf("%q", text)
	}
}

func TestAProbeThatFailsOrHangs(t *testing.T) {
	t.Parallel()
	s := settings(check(nil))
	s.Timeout = 10 * time.Second
	down := smoke.Probe{Name: "queue", Ask: func(context.Context) (string, error) { return "", errors.New("connection refused") }}
	slow := smoke.Probe{Name: "slow", Ask: func(ctx context.Context) (string, error) { <-ctx.Done(); return "", context.Cause(ctx) }}
	report, err := s.Run(t.Context(), candidate(t), new(release.Findings), down, slow)
	if report.Failed() != 2 || !strings.Contains(err.Error(), "queue: connection refused") || !strings.Contains(err.Error(), "slow: no answer within 10s") {
		t.Errorf("%v", err)
	}
}

func TestARepeatedCheck(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		failAt int64
		asked  int
		pass   bool
	}{
		"passes when every answer does":   {0, 100, true},
		"stops at the first that differs": {7, 7, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if asked.Add(1) == c.failAt {
					w.WriteHeader(http.StatusInternalServerError)
				}
			}))
			defer server.Close()
			one := check(func(c *smoke.Check) { c.Repeat = 100 })
			report, err := settings(one).Run(t.Context(), map[string]string{"backend": server.URL}, new(release.Findings))
			if r := report.Results[0]; (err == nil) != c.pass || r.Asked != c.asked || int(asked.Load()) != c.asked {
				t.Errorf("%v after %d of %d: want %v after %d", err, r.Asked, asked.Load(), c.pass, c.asked)
			}
		})
	}
}

func TestAServiceThatIsStillStarting(t *testing.T) {
	t.Parallel()
	address := fmt.Sprintf("127.0.0.1:%d", lab.Ports(t, 1)[0]) // nobody listens for now
	services := map[string]string{"backend": "http://" + address}
	s := settings(check(nil))
	if _, err := s.Run(t.Context(), services, new(release.Findings)); err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Fatalf("without patience: %v", err)
	}
	served := make(chan struct{})
	server := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
	go func() {
		defer close(served)
		time.Sleep(500 * time.Millisecond)
		if listener, err := net.Listen("tcp", address); err == nil {
			_ = server.Serve(listener)
		}
	}()
	defer func() { server.Close(); <-served }()
	s.StartWithin = 3 * time.Minute
	if _, err := s.Run(t.Context(), services, new(release.Findings)); err != nil {
		t.Errorf("with patience: %v", err)
	}
}

func TestAServiceThatHangs(t *testing.T) {
	t.Parallel()
	services := candidate(t)
	s := settings(check(func(c *smoke.Check) { c.Path = "/hang" }))
	s.Timeout = 50 * time.Millisecond
	if _, err := s.Run(t.Context(), services, new(release.Findings)); err == nil || !strings.Contains(err.Error(), "no answer within 50ms") {
		t.Errorf("%v", err)
	}
	ended, end := context.WithCancelCause(t.Context())
	end(errors.New("the release was cancelled"))
	if _, err := s.Run(ended, services, new(release.Findings)); err == nil || !strings.Contains(err.Error(), "the release was cancelled") {
		t.Errorf("%v", err)
	}
}

func TestThePublicChecksAreAskedAtTheFrontDoor(t *testing.T) {
	t.Parallel()
	services := candidate(t)
	public := func(c *smoke.Check) { c.Name, c.Public, c.Repeat = "public", true, 9 }
	s := settings(check(nil), check(public))
	s.Checks[1].Expect.MaxLatency = time.Nanosecond
	report, err := s.Public(services["backend"]).Run(t.Context(), nil, new(release.Findings))
	if err != nil || len(report.Results) != 1 || report.Results[0].Asked != 1 {
		t.Errorf("%+v, %v", report, err)
	}
	if _, err := s.Public("http://127.0.0.1:1").Run(t.Context(), services, new(release.Findings)); err == nil {
		t.Error("the candidate was asked instead")
	}
}

func TestACheckThatWritesIsNeverRepeated(t *testing.T) {
	t.Parallel()
	for _, change := range []func(*smoke.Check){
		func(c *smoke.Check) { c.Critical = true },
		func(c *smoke.Check) { c.Public = true },
	} {
		c := check(func(c *smoke.Check) { c.Method = http.MethodPost; change(c) })
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), "method POST: want GET") {
			t.Errorf("got %v", err)
		}
		s := settings(c)
		if n := len(s.Critical().Checks) + len(s.Public("http://127.0.0.1").Checks); n != 0 {
			t.Errorf("%d checks that write are repeated", n)
		}
	}
}

func TestTheCriticalChecksAlone(t *testing.T) {
	t.Parallel()
	s := settings(check(nil), check(func(c *smoke.Check) { c.Name, c.Critical, c.Repeat = "critical", true, 50 }))
	s.StartWithin = time.Minute
	got := s.Critical()
	if len(got.Checks) != 1 || got.Checks[0].Name != "critical" || got.Checks[0].Repeat != 1 || got.StartWithin != 0 {
		t.Errorf("%+v", got)
	}
	if len(s.Checks) != 2 || s.Checks[1].Repeat != 50 {
		t.Errorf("the settings have changed: %+v", s)
	}
}
