package traffictest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/openloop"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Flips is all the traffic going to green and back under a load of GET and POST
// on kept and on new connections, by a client that never retries. What answers
// says its slot in SlotHeader.
type Flips struct {
	URL   string
	Count int           // there and back again
	Rate  float64       // requests a second
	Room  int           // how many requests may wait for an answer at a time; 0 is 1000
	Gap   time.Duration // from the first answer after a move to the decision for the next
}

// Moved is one move as the clients saw it. A request belongs to the move that
// was decided last before its start, and says nothing when its answer came after
// the decision for the next.
type Moved struct {
	To      release.Slot
	Decided time.Time
	Written time.Time     // when the call returned
	First   time.Duration // from the decision to the first answer of the slot; 0 without any
	Last    time.Duration // from the decision to the start of the last request that the other slot answered
	Late    int           // requests that started after the call had returned and got the other slot
}

// Toll is what became of the requests and of the moves.
type Toll struct {
	Report openloop.Report
	Moves  []Moved
}

// Run starts the load, moves, each time waits until a request gets the slot that
// was asked for, and at last for the end of all requests.
func (f Flips) Run(tb testing.TB, move func(ctx context.Context, to release.Slot) error) Toll {
	tb.Helper()
	ctx, stop := context.WithCancel(tb.Context())
	defer stop()
	done := make(chan openloop.Report, 1)
	var seen answers
	go func() {
		report, err := openloop.Run(ctx, openloop.Load{URL: f.URL, Rate: f.Rate, Keep: []string{SlotHeader}, Each: seen.note, Timeout: patience, Room: f.Room})
		if err != nil {
			tb.Error(err)
		}
		done <- report
	}()
	var toll Toll
	for i := range 2 * f.Count {
		time.Sleep(f.Gap)
		moved := Moved{To: release.Slots[(i+1)%2], Decided: time.Now()}
		if err := move(ctx, moved.To); err != nil {
			tb.Fatalf("move %d, to %s: %v", i+1, moved.To, err)
		}
		moved.Written = time.Now()
		toll.Moves = append(toll.Moves, moved)
		await(tb, fmt.Sprintf("move %d to show at %s", i+1, moved.To), func() bool { return seen.since(moved) })
	}
	time.Sleep(f.Gap)
	stop()
	toll.Report = <-done
	toll.tell()
	return toll
}

// answers is the start of the latest request that each slot has answered.
type answers struct {
	mu     sync.Mutex
	latest map[release.Slot]time.Time
}

func (a *answers) note(s openloop.Sample) {
	a.mu.Lock()
	defer a.mu.Unlock()
	slot := release.Slot(s.Header[SlotHeader])
	if a.latest == nil {
		a.latest = map[release.Slot]time.Time{}
	}
	if s.Started.After(a.latest[slot]) {
		a.latest[slot] = s.Started
	}
}

// since says whether a request that started after the decision got its slot.
func (a *answers) since(m Moved) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.latest[m.To].After(m.Decided)
}

// tell finds what the requests say of the moves.
func (t *Toll) tell() {
	for _, s := range t.Report.Samples {
		next, _ := slices.BinarySearchFunc(t.Moves, s.Started, func(m Moved, at time.Time) int { return m.Decided.Compare(at) })
		overlaps := next < len(t.Moves) && s.Ended.After(t.Moves[next].Decided)
		if next > 0 && !overlaps && s.Header[SlotHeader] != "" {
			t.Moves[next-1].see(s)
		}
	}
}

func (m *Moved) see(s openloop.Sample) {
	if s.Header[SlotHeader] == string(m.To) {
		if after := s.Ended.Sub(m.Decided); m.First == 0 || after < m.First {
			m.First = after
		}
		return
	}
	m.Last = max(m.Last, s.Started.Sub(m.Decided))
	if s.Started.After(m.Written) {
		m.Late++
	}
}

// Lost counts the lost requests that match.
func (t Toll) Lost(match func(openloop.Sample) bool) (n int) {
	for _, s := range t.Report.Samples {
		if s.Lost() && match(s) {
			n++
		}
	}
	return n
}

// Kinds is how requests were lost, such as "unanswered 18".
func (t Toll) Kinds() string {
	var kinds []string
	for _, o := range openloop.Losses {
		if n := t.Report.Count(o); n > 0 {
			kinds = append(kinds, fmt.Sprintf("%s %d", o, n))
		}
	}
	return strings.Join(kinds, ", ")
}

// To is how fast the moves to one slot were.
func (t Toll) To(slot release.Slot) Pace {
	var p Pace
	for _, m := range t.Moves {
		if m.To != slot {
			continue
		}
		p.Written = append(p.Written, m.Written.Sub(m.Decided))
		p.Last = append(p.Last, m.Last)
		if m.First > 0 {
			p.First = append(p.First, m.First)
		}
	}
	return p
}

// Pace is the times from the decision to three ends, of many moves.
type Pace struct {
	Written Times // the call returned
	First   Times // the first answer of the slot came
	Last    Times // the last request started that the other slot answered: 0 for none
}

// String names the three by their median, 99th percentile and worst.
func (p Pace) String() string {
	return fmt.Sprintf("written %v, first answer %v, last start at the other slot %v", p.Written, p.First, p.Last)
}

// Times are durations of the same thing.
type Times []time.Duration

// Rank is the smallest of which at least percent are not longer.
func (t Times) Rank(percent int) time.Duration {
	if len(t) == 0 {
		return 0
	}
	sorted := slices.SortedFunc(slices.Values(t), cmp.Compare[time.Duration])
	return sorted[max((len(sorted)*percent+99)/100, 1)-1]
}

// String is the median, the 99th percentile and the worst.
func (t Times) String() string {
	short := func(percent int) time.Duration { return t.Rank(percent).Round(10 * time.Microsecond) }
	return fmt.Sprintf("%v / %v / %v", short(50), short(99), short(100))
}
