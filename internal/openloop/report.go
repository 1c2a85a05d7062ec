package openloop

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Report is what became of a load.
type Report struct {
	Samples []Sample // by number, without gaps
	Took    time.Duration
}

func (r Report) sort() {
	slices.SortFunc(r.Samples, func(a, b Sample) int { return cmp.Compare(a.Number, b.Number) })
}

// Count is how many requests had one outcome.
func (r Report) Count(o Outcome) (n int) {
	for _, s := range r.Samples {
		if s.Outcome == o {
			n++
		}
	}
	return n
}

// Sent is how many requests left: all but those for which there was no room.
func (r Report) Sent() int { return len(r.Samples) - r.Count(NotSent) }

// Answered is how many had a complete answer with a status below 500.
func (r Report) Answered() int { return r.Count(Answered) }

// Lost is how many were sent and not answered.
func (r Report) Lost() int { return r.Sent() - r.Answered() }

// Latency is the p-th percentile, 0 to 100, of the latencies of the answered
// requests: the smallest that at least p percent of them do not exceed. It is 0
// without any.
func (r Report) Latency(p float64) time.Duration {
	var all []time.Duration
	for _, s := range r.Samples {
		if s.Outcome == Answered {
			all = append(all, s.Latency())
		}
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	rank := int(math.Ceil(p / 100 * float64(len(all))))
	return all[min(max(rank, 1), len(all))-1]
}

// Late is the longest that a request left after it was meant to: how far the
// machine, not the server, fell behind.
func (r Report) Late() (longest time.Duration) {
	for _, s := range r.Samples {
		if s.Outcome != NotSent {
			longest = max(longest, s.Started.Sub(s.Intended))
		}
	}
	return longest
}

// Last returns the request that started last among those that match, and false
// when none does: such as the last one that the bad slot answered.
func (r Report) Last(match func(Sample) bool) (last Sample, found bool) {
	for _, s := range r.Samples {
		if match(s) && (!found || s.Started.After(last.Started)) {
			last, found = s, true
		}
	}
	return last, found
}

// String says it in one line, with the losses by how they happened.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "sent %d, answered %d, lost %d", r.Sent(), r.Answered(), r.Lost())
	var kinds []string
	for _, o := range Losses {
		if n := r.Count(o); n > 0 {
			kinds = append(kinds, fmt.Sprintf("%s %d", o, n))
		}
	}
	if len(kinds) > 0 {
		fmt.Fprintf(&b, " (%s)", strings.Join(kinds, ", "))
	}
	if n := r.Count(NotSent); n > 0 {
		fmt.Fprintf(&b, ", not sent %d", n)
	}
	fmt.Fprintf(&b, "; p50 %v, p95 %v, p99 %v, max %v", short(r.Latency(50)), short(r.Latency(95)), short(r.Latency(99)), short(r.Latency(100)))
	return b.String()
}

func short(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }
