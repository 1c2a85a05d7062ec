package scrape

import (
	"context"
	"slices"
	"sort"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"
)

func compare(a, b labels.Labels) int { return labels.Compare(a, b) }

// window is the store from one time to another, both included.
type window struct {
	store    *store
	from, to int64
}

// Select finds the series that match and have a sample within the window.
func (w *window) Select(_ context.Context, sorted bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	w.store.mu.RLock()
	defer w.store.mu.RUnlock()
	found := &set{at: -1}
	for _, list := range w.store.candidates(matchers) {
		for _, one := range list {
			if within := w.of(one.samples); len(within) > 0 && matches(one.labels, matchers) {
				found.list = append(found.list, &excerpt{one.labels, within})
			}
		}
	}
	if sorted {
		slices.SortFunc(found.list, func(a, b *excerpt) int { return compare(a.labels, b.labels) })
	}
	return found
}

func (w *window) of(all []sample) []sample {
	first := sort.Search(len(all), func(i int) bool { return all[i].at >= w.from })
	last := sort.Search(len(all), func(i int) bool { return all[i].at > w.to })
	return all[first:max(first, last):max(first, last)]
}

// candidates are the series of a name, where the matchers say one, or all.
func (s *store) candidates(matchers []*labels.Matcher) [][]*series {
	for _, m := range matchers {
		if m.Name == nameLabel && m.Type == labels.MatchEqual {
			return [][]*series{s.byName[m.Value]}
		}
	}
	var all [][]*series
	for _, list := range s.byName {
		all = append(all, list)
	}
	return all
}

func matches(l labels.Labels, matchers []*labels.Matcher) bool {
	for _, m := range matchers {
		if !m.Matches(l.Get(m.Name)) {
			return false
		}
	}
	return true
}

// LabelValues is not asked by an evaluation.
func (w *window) LabelValues(context.Context, string, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

// LabelNames is not asked by an evaluation.
func (w *window) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

// Close has nothing to release.
func (w *window) Close() error { return nil }

// set is what was selected.
type set struct {
	list []*excerpt
	at   int
}

func (s *set) Next() bool                        { s.at++; return s.at < len(s.list) }
func (s *set) At() storage.Series                { return s.list[s.at] }
func (s *set) Err() error                        { return nil }
func (s *set) Warnings() annotations.Annotations { return nil }

// excerpt is a series within a window.
type excerpt struct {
	labels  labels.Labels
	samples []sample
}

func (e *excerpt) Labels() labels.Labels { return e.labels }

func (e *excerpt) Iterator(chunkenc.Iterator) chunkenc.Iterator {
	return storage.NewListSeriesIterator(points(e.samples))
}

// points are samples as the engine reads them: plain numbers without a known
// start.
type points []sample

func (p points) Get(i int) chunks.Sample { return p[i] }
func (p points) Len() int                { return len(p) }

func (x sample) T() int64                      { return x.at }
func (x sample) F() float64                    { return x.value }
func (x sample) ST() int64                     { return 0 }
func (x sample) H() *histogram.Histogram       { return nil }
func (x sample) FH() *histogram.FloatHistogram { return nil }
func (x sample) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (x sample) Copy() chunks.Sample           { return x }
