// Package scrape reads the metrics of both slots by itself, for a release
// without a Prometheus server, and answers PromQL on them with Prometheus' own
// engine, so that the same rules mean the same.
//
// It promises that a series which was not in the last scrape is gone at once, as
// are all of a process that does not answer, whose up is 0; and that what it
// keeps is bounded: an hour and a quarter of samples, and fewer where there are
// very many. It refuses redirects, answers of more than 16 MiB or 10,000 series,
// ranges, texts and native histograms. It keeps nothing on disk: what is needed
// from before must be asked for while it lasts.
//
// Processes are scraped one by one, never through a load balancer: a counter
// that jumps from one replica to another looks like one that started again.
package scrape

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/prometheus/promql"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// idle is how long scraping goes on after the last question.
const idle = time.Minute

// Scraper is a source of metrics. It scrapes from the first question on, at its
// interval, and stops when none has come for a minute. It is safe for concurrent
// use.
type Scraper struct {
	settings Settings
	targets  []*target
	client   *http.Client
	store    *store
	engine   *promql.Engine

	mu    sync.Mutex
	asked time.Time
	first chan struct{} // closed after the first round; nil while nothing runs
}

// New returns a scraper of the targets. Their series get the label slot with the
// slot's name, beside job and instance. It asks nobody yet.
func New(s Settings, targets []Target, slot string) (*Scraper, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	of := map[release.Slot]int{}
	x := &Scraper{
		settings: s, store: newStore(),
		client: &http.Client{
			Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 1, IdleConnTimeout: idle},
			CheckRedirect: func(*http.Request, []*http.Request) error {
				return errors.New("it redirects: want the address where that leads")
			},
		},
		engine: promql.NewEngine(promql.EngineOpts{
			MaxSamples: maxSamples, Timeout: s.limit(), EnableAtModifier: true, EnableNegativeOffset: true,
			NoStepSubqueryIntervalFn: func(int64) int64 { return s.Interval.Milliseconds() },
		}),
	}
	for _, one := range targets {
		t, err := newTarget(one, slot)
		if err != nil {
			return nil, release.Reject("correct the section scrape, or the addresses under slots", "scrape: %w", err)
		}
		of[one.Slot]++
		x.targets = append(x.targets, t)
	}
	for _, one := range release.Slots {
		if of[one] == 0 {
			return nil, release.Reject(fmt.Sprintf("list the addresses of its processes under scrape.%s", one), "scrape: the %s slot has no target", one)
		}
	}
	return x, nil
}

// Query evaluates one instant query at the present time. The first one waits
// until every target was scraped once.
func (x *Scraper) Query(ctx context.Context, promql string) (gate.Result, error) {
	select {
	case <-x.wake():
	case <-ctx.Done():
		return gate.Result{}, fmt.Errorf("scrape the slots: %w", context.Cause(ctx))
	}
	result, err := x.evaluate(ctx, promql, time.Now())
	if err != nil {
		return gate.Result{}, fmt.Errorf("evaluate on what was scraped: %w", err)
	}
	return result, nil
}

// wake notes the question and starts scraping where nothing runs. What it
// returns is closed when there is something to ask.
func (x *Scraper) wake() <-chan struct{} {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.asked = time.Now()
	if x.first == nil {
		x.first = make(chan struct{})
		go x.run(x.first)
	}
	return x.first
}

// run scrapes until nobody asks any more.
func (x *Scraper) run(first chan struct{}) {
	ticker := time.NewTicker(x.settings.Interval)
	defer ticker.Stop()
	x.round()
	close(first)
	for range ticker.C {
		if x.rests() {
			return
		}
		x.round()
	}
}

func (x *Scraper) rests() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if time.Since(x.asked) < max(idle, 3*x.settings.Interval) {
		return false
	}
	x.first = nil
	x.client.CloseIdleConnections()
	return true
}

// round scrapes every target once.
func (x *Scraper) round() {
	ctx, cancel := context.WithTimeout(context.Background(), x.settings.limit())
	defer cancel()
	var all sync.WaitGroup
	for _, t := range x.targets {
		all.Go(func() { x.scrape(ctx, t) })
	}
	all.Wait()
	x.store.trim(time.Now())
}
