package api

import (
	"sync"
	"time"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/campaign"
)

// A report counts all messages of a campaign, so it is kept for a moment. A
// reader may see counts that are so old; campaigns that do not exist are not kept.
const (
	freshness = time.Second
	kept      = 1000
)

// Lookups is told how often the cache helps.
type Lookups interface {
	Hit()
	Miss()
}

// Reports keeps the newest campaign reports in memory.
type Reports struct {
	lookups Lookups
	mu      sync.Mutex
	entries map[string]entry
}

type entry struct {
	report campaign.Report
	until  time.Time
}

// NewReports returns an empty cache.
func NewReports(lookups Lookups) *Reports {
	return &Reports{lookups: lookups, entries: map[string]entry{}}
}

func (c *Reports) report(id string, load func(string) (campaign.Report, error)) (campaign.Report, error) {
	c.mu.Lock()
	e, found := c.entries[id]
	c.mu.Unlock()
	if found && time.Now().Before(e.until) {
		c.lookups.Hit()
		return e.report, nil
	}
	c.lookups.Miss()
	report, err := load(id)
	if err == nil {
		c.keep(id, report)
	}
	return report, err
}

func (c *Reports) keep(id string, report campaign.Report) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) >= kept {
		clear(c.entries)
	}
	c.entries[id] = entry{report, time.Now().Add(freshness)}
}

func (c *Reports) forget(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.entries, id)
}
