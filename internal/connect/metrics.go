package connect

import (
	"fmt"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/prometheus"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/scrape"
)

// Metrics opens what the rules are measured on: the Prometheus server, or where
// there is none what the slots themselves say.
func Metrics(job *action.Job) (gate.Source, error) {
	switch c := job.Config; {
	case !c.Scrape.Enabled():
		return prometheus.New(c.Prometheus)
	case c.Prometheus.URL != "":
		return nil, release.Reject("remove prometheus.url, or what is listed under scrape",
			"prometheus.url and scrape are both set: want one source of metrics")
	}
	targets, err := job.Config.Scrape.Targets(func(s release.Slot, service string) string {
		return job.Config.Slots.Of(s).Services[service]
	})
	if err != nil {
		return nil, err
	}
	return scrape.New(job.Config.Scrape, targets, job.Config.Gates.Metrics.Slot)
}

// Gates opens the metrics and the rules that are measured on them.
func Gates(job *action.Job) (*gate.Watch, error) {
	source, err := Metrics(job)
	if err != nil {
		return nil, err
	}
	return gate.New(job.Config.Gates, source, Pace(job), len(job.Config.Shift.Steps))
}

// Unseen warns of rules whose errors may happen without being counted.
func Unseen(job *action.Job) {
	for _, rule := range job.Config.Gates.Unseen() {
		job.Log.Warn("errors may go unseen", "gate", rule.Rule, "reason", rule.Reason, "remedy", rule.Remedy)
	}
}

// Pace is how often there is something new to measure, and how often it is
// measured.
func Pace(job *action.Job) gate.Pace {
	every := job.Config.Prometheus.ScrapeInterval
	if job.Config.Scrape.Enabled() {
		every = job.Config.Scrape.Interval
	}
	return gate.Pace{Scrape: every, Tick: job.Config.Shift.Tick}
}

// Bakes is the steps of a shift as the gates see them.
func Bakes(job *action.Job) []gate.Bake {
	var all []gate.Bake
	for _, s := range job.Config.Shift.Steps {
		all = append(all, gate.Bake{Weight: s.Weight, For: s.Bake})
	}
	return all
}

// Source says in a few words where the metrics come from.
func Source(job *action.Job) string {
	if job.Config.Scrape.Enabled() {
		return fmt.Sprintf("the metrics of both slots, scraped every %v", job.Config.Scrape.Interval)
	}
	return "Prometheus"
}
