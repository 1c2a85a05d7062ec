package scrape

import (
	"time"

	"github.com/prometheus/prometheus/model/labels"
)

// Kept is how many samples are in memory, and of how many series.
func (x *Scraper) Kept() (samples, series int) {
	x.store.mu.RLock()
	defer x.store.mu.RUnlock()
	for _, list := range x.store.all {
		for _, one := range list {
			samples += len(one.samples)
			series++
		}
	}
	return samples, series
}

// Limit bounds the samples that are kept.
func (x *Scraper) Limit(samples int) { x.store.limit = samples }

// Age makes everything that was scraped so much older.
func (x *Scraper) Age(by time.Duration) {
	x.store.mu.Lock()
	defer x.store.mu.Unlock()
	for _, list := range x.store.all {
		for _, one := range list {
			older := make([]sample, len(one.samples))
			for i, s := range one.samples {
				older[i] = sample{s.at - by.Milliseconds(), s.value}
			}
			one.samples = older
		}
	}
}

// Limit is how long a scrape may take.
func (s Settings) Limit() time.Duration { return s.limit() }

// Round scrapes once, now.
func (x *Scraper) Round() { x.round() }

// Forget makes the last question so much older, and says whether scraping rests.
func (x *Scraper) Forget(by time.Duration) (rests bool) {
	x.mu.Lock()
	x.asked = x.asked.Add(-by)
	x.mu.Unlock()
	return x.rests()
}

// Fill stores n samples of one series, a second apart, that end now.
func (x *Scraper) Fill(name string, n int) {
	one, now := x.store.series(labels.FromStrings(nameLabel, name)), time.Now()
	for i := range n {
		x.store.add(now.Add(time.Duration(i-n)*time.Second).UnixMilli(), nil, map[*series]float64{one: float64(i)})
	}
}
