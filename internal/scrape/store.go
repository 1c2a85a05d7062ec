package scrape

import (
	"math"
	"sort"
	"sync"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
)

// What is kept: enough for the longest look back of the gates, an hour, and
// maxSamples of 16 bytes at most, of which the oldest go first.
const (
	keep       = 75 * time.Minute
	maxSamples = 6 << 20
)

// nameLabel is the label that holds the name of a metric.
const nameLabel = "__name__"

// sample is one value of a series.
type sample struct {
	at    int64 // milliseconds since 1970
	value float64
}

// series is one series. Its samples are only ever appended to or replaced by a
// copy, so that a reader may keep what it has.
type series struct {
	labels  labels.Labels
	samples []sample
}

// store is the series of all targets, in memory.
type store struct {
	mu      sync.RWMutex
	limit   int
	all     map[uint64][]*series // by the hash of the labels
	byName  map[string][]*series
	samples int
}

func newStore() *store {
	return &store{limit: maxSamples, all: map[uint64][]*series{}, byName: map[string][]*series{}}
}

// series returns the series with these labels, which is made where there is none.
func (s *store) series(l labels.Labels) *series {
	s.mu.Lock()
	defer s.mu.Unlock()
	hash := l.Hash()
	for _, one := range s.all[hash] {
		if labels.Equal(one.labels, l) {
			return one
		}
	}
	one := &series{labels: l}
	s.put(one)
	return one
}

func (s *store) put(one *series) {
	hash, name := one.labels.Hash(), one.labels.Get(nameLabel)
	s.all[hash] = append(s.all[hash], one)
	s.byName[name] = append(s.byName[name], one)
}

// add stores one scrape whole, so that no question sees half of it: a stale
// marker for what is gone, and the values that were found.
func (s *store) add(at int64, gone []*series, found ...map[*series]float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range gone {
		s.append(one, sample{at, math.Float64frombits(value.StaleNaN)})
	}
	for _, values := range found {
		for one, v := range values {
			s.append(one, sample{at, v})
		}
	}
}

// append keeps time from going back: a clock that was set back loses samples,
// and what is asked meanwhile is stale.
func (s *store) append(one *series, x sample) {
	if n := len(one.samples); n > 0 && one.samples[n-1].at >= x.at {
		return
	}
	if len(one.samples) == 0 {
		s.adopt(one)
	}
	one.samples = append(one.samples, x)
	s.samples++
}

// adopt puts a series back that was forgotten for want of samples while a target
// still knew it.
func (s *store) adopt(one *series) {
	for _, have := range s.all[one.labels.Hash()] {
		if have == one {
			return
		}
	}
	s.put(one)
}

// trim forgets what is older than is kept, and the older half of what is left
// while that is too much. Series without samples are forgotten.
func (s *store) trim(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for age := keep; ; age /= 2 {
		s.cut(now.Add(-age).UnixMilli())
		if s.samples <= s.limit || age < time.Second {
			return
		}
	}
}

// cut copies the rest of a series only where a quarter of it can go, so that a
// round costs little.
func (s *store) cut(oldest int64) {
	s.samples = 0
	for hash, list := range s.all {
		kept := list[:0:0]
		for _, one := range list {
			n := sort.Search(len(one.samples), func(i int) bool { return one.samples[i].at >= oldest })
			if n > 0 && (n >= len(one.samples)/4 || n == len(one.samples)) {
				one.samples = append([]sample(nil), one.samples[n:]...)
			}
			if s.samples += len(one.samples); len(one.samples) > 0 {
				kept = append(kept, one)
			}
		}
		if len(kept) == 0 {
			delete(s.all, hash)
		} else {
			s.all[hash] = kept
		}
	}
	s.index()
}

// index makes the lists by name anew where series were forgotten.
func (s *store) index() {
	for name, list := range s.byName {
		kept := list[:0:0]
		for _, one := range list {
			if len(one.samples) > 0 {
				kept = append(kept, one)
			}
		}
		if len(kept) == 0 {
			delete(s.byName, name)
		} else {
			s.byName[name] = kept
		}
	}
}
