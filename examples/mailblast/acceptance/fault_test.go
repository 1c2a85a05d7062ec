package acceptance_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/lab"
)

// codes asks n times and counts the answers by status.
func (b server) codes(n int, path string) map[int]int {
	counts := map[int]int{}
	for range n {
		counts[b.get(path).code]++
	}
	return counts
}

// burst asks n times at once and counts the answers of 500.
func (b server) burst(n int, path string) int {
	var all sync.WaitGroup
	var broken atomic.Int64
	for range n {
		all.Go(func() {
			if b.get(path).code == 500 {
				broken.Add(1)
			}
		})
	}
	all.Wait()
	return int(broken.Load())
}

func TestEachFaultOfTheBackendDoesWhatItSaysAndNothingElse(t *testing.T) {
	t.Parallel()
	s := newSystem(t, &lab.Mailbox{})
	fault := func(name string) server { return s.backend("green", "MAILBLAST_FAULT="+name) }

	t.Run("errors: one API request of twenty", func(t *testing.T) {
		b := fault("errors")
		if c := b.codes(100, "/api/campaigns"); c[500] != 5 || c[200] != 95 {
			t.Errorf("%v", c)
		}
		if c := b.codes(50, "/track/open/a"); c[200] != 50 {
			t.Errorf("tracking: %v", c)
		}
		if c := b.codes(50, "/health/ready"); c[200] != 50 {
			t.Errorf("ready: %v", c)
		}
		if m := b.metrics(); m["total_errors"] != 5 || m[`http_requests_total{code="500",method="GET",route="/api/campaigns"}`] != 5 {
			t.Errorf("total_errors %v", m["total_errors"])
		}
	})
	t.Run("slow: requests are in the bucket above three seconds", func(t *testing.T) {
		b := fault("slow")
		b.want(200, "GET", "/api/campaigns", "")
		m := b.metrics()
		if m[`http_request_duration_seconds_bucket{route="/api/campaigns",le="2"}`] != 0 || m["p95_response_time_ms"] < 3000 {
			t.Errorf("p95 %v", m["p95_response_time_ms"])
		}
	})
	t.Run("load: more than a number of requests in a second", func(t *testing.T) {
		b := fault("load:20")
		if c := b.codes(10, "/api/campaigns"); c[200] != 10 {
			t.Errorf("a few: %v", c)
		}
		lab.Eventually(t, "a burst breaks it", func() bool { return b.burst(100, "/api/campaigns") > 0 })
	})
	t.Run("unhealthy: ready says no", func(t *testing.T) {
		b := fault("unhealthy")
		b.want(503, "GET", "/health/ready", "")
		b.want(200, "GET", "/health", "")
		b.want(200, "GET", "/api/campaigns", "")
	})
	t.Run("tracking: answers 500", func(t *testing.T) {
		b := fault("tracking")
		b.want(500, "GET", "/track/open/a", "")
		b.want(500, "GET", "/track/click/a?url=aHR0cHM6Ly9leGFtcGxlLmNvbQ==", "")
		b.want(200, "GET", "/api/campaigns", "")
	})
	t.Run("leak: memory grows", func(t *testing.T) {
		b := fault("leak:16")
		lab.Eventually(t, "80 MB are resident", func() bool { return b.metrics()["process_resident_memory_bytes"] > 80<<20 })
		b.want(200, "GET", "/api/campaigns", "")
	})
	t.Run("error-log: errors in the log, and good answers", func(t *testing.T) {
		b := fault("error-log:2")
		lab.Eventually(t, "four errors", func() bool { return strings.Count(b.Log(), `"level":"ERROR"`) >= 4 })
		b.want(200, "GET", "/api/campaigns", "")
	})
	t.Run("none: nothing", func(t *testing.T) {
		b := fault("none")
		if c := b.codes(100, "/api/campaigns"); c[200] != 100 || strings.Contains(b.Log(), "fault") {
			t.Errorf("%v", c)
		}
	})
}

func TestAWorkerThatCrashesOnPurposeLosesNothing(t *testing.T) {
	t.Parallel()
	s := newSystem(t, &lab.Mailbox{})
	b := s.backend("blue")
	id := b.campaign()
	b.send(id, "", recipients(20))
	w := s.worker("green", "bad", "MAILBLAST_FAULT=crash-worker:4")
	if code := w.Wait(t); code != 3 {
		t.Errorf("exit status %d, want 3", code)
	}
	if n := len(s.mailbox.Mails()); n != 4 {
		t.Errorf("%d mails before the crash, want 4", n)
	}
	s.worker("blue", "good")
	lab.Eventually(t, "the campaign is sent", func() bool { return b.sent(id) })
	if lost, repeated := s.outcome(recipients(20)); lost != 0 || repeated != 0 {
		t.Errorf("%d lost, %d repeated", lost, repeated)
	}
}
