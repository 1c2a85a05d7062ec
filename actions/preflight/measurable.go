package preflight

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/preflight"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// source is the probe of what the rules are measured on.
func (l look) source() preflight.Probe {
	if l.job.Config.Scrape.Enabled() {
		return preflight.Scraped(l.metrics)
	}
	return preflight.Prometheus(l.metrics)
}

// scraped waits for so many more scrapes where the metrics are scraped from now on:
// what a counter grew by is not known before the second. It waits for at most half
// of the time that a probe may take.
func (l look) scraped(ctx context.Context, source gate.Source, scrapes int) error {
	if !l.job.Config.Scrape.Enabled() {
		return nil
	}
	if _, err := source.Query(ctx, "time()"); err != nil {
		return err
	}
	select {
	case <-time.After(min(time.Duration(scrapes)*l.job.Config.Scrape.Interval, l.job.Config.Preflight.Timeout/2)):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// unmeasurable says of each gate why it cannot be measured. Where all of it is a
// fault of what the gates ask for, and not of who should answer, so is the remedy.
func unmeasurable(faults []gate.Reading) error {
	var problems []error
	misnamed := true
	for _, f := range faults {
		problems = append(problems, fmt.Errorf("gate %s: %s", f.Rule, f.Reason))
		misnamed = misnamed && f.Code == gate.BadQuery
	}
	err := errors.Join(problems...)
	if err == nil || !misnamed {
		return err
	}
	return release.Reject("expose the metric or the bucket, name it under gates.metrics, skip the gate (gates.skip), or write a rule of your own (docs/gates.md)", "%w", err)
}
