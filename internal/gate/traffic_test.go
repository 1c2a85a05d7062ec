package gate_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// counts is what the counters of a slot say.
type counts struct{ requests, errors float64 }

// past is how much of the live slot's traffic there was before the first step.
const past = time.Hour

// simulated is a source with Poisson traffic and nothing else: answers are fast,
// the queue is short, nothing dies. It answers the queries of the default pack by
// counting, at the cost of a lookup; the rules that read them are the shipped
// ones. Both slots are scraped at the same instants.
type simulated struct {
	random *rand.Rand
	scrape time.Duration
	begin  time.Time // the first scrape
	seen   map[release.Slot][]counts
}

func newSimulated(seed uint64, scrape time.Duration) *simulated {
	return &simulated{
		random: rand.New(rand.NewPCG(seed, 7)), scrape: scrape, begin: time.Now(),
		seen: map[release.Slot][]counts{},
	}
}

// flow is the requests a second of a slot, and the share of them that fails.
type flow struct{ perSecond, errors float64 }

// serve lets one scrape interval go by and scrapes.
func (s *simulated) serve(flows map[release.Slot]flow) {
	for _, slot := range release.Slots {
		now, f := s.at(slot, math.MaxInt), flows[slot]
		good := s.poisson(f.perSecond * s.scrape.Seconds() * (1 - f.errors))
		bad := s.poisson(f.perSecond * s.scrape.Seconds() * f.errors)
		s.seen[slot] = append(s.seen[slot], counts{now.requests + good + bad, now.errors + bad})
	}
}

// poisson draws a count; where it is large, by its normal approximation.
func (s *simulated) poisson(mean float64) float64 {
	if mean > 200 {
		return max(0, math.Round(mean+math.Sqrt(mean)*s.random.NormFloat64()))
	}
	n, limit := 0.0, math.Exp(-mean)
	for p := s.random.Float64(); p > limit; p *= s.random.Float64() {
		n++
	}
	return n
}

// at is the scrape of this number, or the last one before it.
func (s *simulated) at(slot release.Slot, scrape int) counts {
	list := s.seen[slot]
	if i := min(scrape, len(list)-1); i >= 0 {
		return list[i]
	}
	return counts{}
}

func (s *simulated) newest() int { return len(s.seen[release.Blue]) - 1 }

// question is a query of the pack, understood.
type question struct {
	kind   string // time, newest, scrapes, one, grown, raw, each
	slot   release.Slot
	errors bool
	window time.Duration
	at     float64 // seconds since 1970; 0 for now
}

// understood is every query that was met, since the same ones come again and again.
var understood sync.Map

var (
	slotForm   = regexp.MustCompile(`slot="(blue|green)"`)
	offsetForm = regexp.MustCompile(`offset (\d+)s`)
	rangeForm  = regexp.MustCompile(`\[(\d+)s\]`)
)

func understand(query string) question {
	q := question{errors: strings.Contains(query, "code=~") || strings.Contains(query, "code!~")}
	if m := slotForm.FindStringSubmatch(query); m != nil {
		q.slot = release.Slot(m[1])
	}
	if head, at, ok := strings.Cut(query, " @ "); ok {
		q.at, _ = strconv.ParseFloat(strings.TrimSuffix(at, ")"), 64)
		query = head
	}
	for _, form := range []*regexp.Regexp{offsetForm, rangeForm} {
		if m := form.FindStringSubmatch(query); m != nil {
			seconds, _ := strconv.Atoi(m[1])
			q.window = time.Duration(seconds) * time.Second
		}
	}
	q.kind = kindOf(query)
	return q
}

func kindOf(query string) string {
	for start, kind := range map[string]string{
		"time()": "time", "max(timestamp(": "newest", "min(sum_over_time(up": "scrapes", "up{": "one", "count(": "one",
		"sum((http_request": "grown", "http_requests_total{slot=~": "raw", "sum by (slot,job,instance) (http_requests_total{": "each",
	} {
		if strings.HasPrefix(query, start) {
			return kind
		}
	}
	panic("the simulation does not know " + query)
}

func (s *simulated) Query(_ context.Context, query string) (gate.Result, error) {
	known, ok := understood.Load(query)
	if !ok {
		known = understand(query)
		if !strings.Contains(query, " @ ") {
			understood.Store(query, known)
		}
	}
	now := time.Now()
	return gate.Result{At: now, Series: s.answer(known.(question), now)}, nil
}

func (s *simulated) answer(q question, now time.Time) []gate.Series {
	one := func(v float64) []gate.Series { return []gate.Series{{Value: v, At: now}} }
	newest := s.newest()
	switch q.kind {
	case "time":
		return one(float64(now.Unix()))
	case "newest":
		return one(float64(s.begin.Add(time.Duration(newest)*s.scrape).UnixMilli()) / 1000)
	case "scrapes":
		return one(math.Floor(float64(q.window) / float64(s.scrape)))
	case "one":
		return one(1)
	case "grown":
		grown := s.at(q.slot, newest)
		before := s.at(q.slot, s.number(now.Add(-q.window)))
		if q.errors {
			return one(grown.errors - before.errors)
		}
		return one(grown.requests - before.requests)
	}
	if q.at > 0 {
		newest = s.number(time.UnixMilli(int64(math.Round(q.at * 1000))))
	}
	return s.raw(q, newest)
}

// number is that of the newest scrape at a time, negative before the first.
func (s *simulated) number(at time.Time) int {
	return int(math.Floor(float64(at.Sub(s.begin)) / float64(s.scrape)))
}

func (s *simulated) raw(q question, scrape int) []gate.Series {
	list := make([]gate.Series, 0, 2)
	for _, slot := range release.Slots {
		value := s.at(slot, scrape).requests
		if q.errors {
			value = s.at(slot, scrape).errors
		}
		list = append(list, gate.Series{Labels: labelsOf[slot], Value: value})
	}
	return list
}

var labelsOf = map[release.Slot]map[string]string{
	release.Blue:  {"slot": "blue", "instance": "b:1", "job": "app", "route": "/", "code": "500"},
	release.Green: {"slot": "green", "instance": "g:1", "job": "app", "route": "/", "code": "500"},
}

func (f flow) String() string { return fmt.Sprintf("%g/s, %g%% errors", f.perSecond, 100*f.errors) }
