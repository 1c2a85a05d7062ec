package openloop_test

import (
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/openloop"
)

// hundred has latencies of 1 to 100 ms, and every tenth request is lost.
func hundred() (r openloop.Report) {
	begin := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for i := 1; i <= 100; i++ {
		intended := begin.Add(time.Duration(i) * time.Second)
		s := openloop.Sample{Number: i, Intended: intended, Started: intended.Add(time.Duration(i) * time.Microsecond),
			Ended: intended.Add(time.Duration(i) * time.Millisecond), Outcome: openloop.Answered, Header: map[string]string{"X-Slot": "blue"}}
		if i%10 == 0 {
			s.Outcome = openloop.Losses[i/10%len(openloop.Losses)]
		}
		if i > 60 {
			s.Header["X-Slot"] = "green"
		}
		r.Samples = append(r.Samples, s)
	}
	return r
}

func TestReport(t *testing.T) {
	t.Parallel()
	const want = "sent 100, answered 90, lost 10 (server error 2, refused 2, unanswered 2, cut 2, timed out 2); p50 49ms, p95 95ms, p99 99ms, max 99ms"
	if got := hundred().String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if late := hundred().Late(); late != 100*time.Microsecond {
		t.Errorf("late by %v, want 100µs", late)
	}
	if got := (openloop.Report{}).String(); got != "sent 0, answered 0, lost 0; p50 0s, p95 0s, p99 0s, max 0s" {
		t.Errorf("nothing: %s", got)
	}
}

func TestTheLastRequestThatASlotAnswered(t *testing.T) {
	t.Parallel()
	blue := func(s openloop.Sample) bool { return s.Outcome == openloop.Answered && s.Header["X-Slot"] == "blue" }
	if last, found := hundred().Last(blue); !found || last.Number != 59 {
		t.Errorf("got %d, %v, want 59", last.Number, found)
	}
	if _, found := hundred().Last(func(openloop.Sample) bool { return false }); found {
		t.Error("none matches, and one was found")
	}
}
