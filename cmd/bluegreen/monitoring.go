package main

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/prometheus"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

var (
	monitoringScrape = action.New(action.About{
		Name: "monitoring scrape", Summary: "Prints scrape_configs of both slots for Prometheus, with the labels that the gates ask for.",
		Settings: []string{"slots", "gates", "prometheus"}, Quiet: []string{"application"}, Plain: true,
	}, printScrape)
	monitoringAlerts = action.New(action.About{
		Name: "monitoring alerts", Summary: "Prints the plan's alert rules for Prometheus' rule_files, with the annotation that the record finds them by.",
		Settings: []string{"gates"}, Quiet: []string{"application"}, Plain: true,
	}, printAlerts)
)

type scrapeInputs struct {
	Services string `input:"services" help:"The services that have metrics, separated by commas; all that have an address under slots when empty."`
	Path     string `input:"metrics-path" default:"/metrics" help:"Where they have them."`
}

func printScrape(_ context.Context, job *action.Job, in scrapeInputs) (none, error) {
	targets, err := targets(job, in)
	if err != nil {
		return none{}, err
	}
	text, err := prometheus.ScrapeFile(targets, job.Config.Prometheus.ScrapeInterval)
	if err != nil {
		return none{}, release.Reject("correct the addresses under slots", "%w", err)
	}
	_, err = job.Output.Write(text)
	return none{}, err
}

// targets is each service in both slots. The matchers of the gates are labels of them,
// since the gates would see nothing without.
func targets(job *action.Job, in scrapeInputs) (all []prometheus.Target, err error) {
	services := slices.Sorted(maps.Keys(job.Config.Slots.Blue.Services))
	if in.Services != "" {
		services = strings.Split(strings.ReplaceAll(in.Services, " ", ""), ",")
	}
	if len(services) == 0 {
		return nil, release.Reject("write where the services are under slots.blue.services and slots.green.services", "no service has an address")
	}
	for _, service := range services {
		for _, s := range release.Slots {
			address := job.Config.Slots.Of(s).Services[service]
			if address == "" {
				return nil, release.Reject("write the address, or name the services that have metrics in the input services", "slots.%s.services has no %s", s, service)
			}
			labels := map[string]string{job.Config.Gates.Metrics.Slot: string(s)}
			maps.Copy(labels, job.Config.Gates.Metrics.Matchers)
			all = append(all, prometheus.Target{Job: job.Config.Application + "-" + service, URL: strings.TrimRight(address, "/") + in.Path, Labels: labels})
		}
	}
	return all, nil
}

func printAlerts(_ context.Context, job *action.Job, _ none) (none, error) {
	alerts, err := job.Config.Gates.Alerts()
	if err != nil {
		return none{}, err
	}
	text, err := prometheus.RuleFile(job.Config.Application, alerts)
	if err != nil {
		return none{}, err
	}
	_, err = job.Output.Write(text)
	return none{}, err
}
