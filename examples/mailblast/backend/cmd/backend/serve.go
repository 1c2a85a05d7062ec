package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/api"
	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/fault"
	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/metrics"
	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/outbox"
	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/postgres"
	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/queue"
	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/settings"
	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/tracking"
	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/web"
)

// serve wires the backend and runs it until ctx ends: first the server drains,
// then what it left behind in memory is written.
func serve(ctx context.Context, s settings.Backend, bad *fault.Fault, log *slog.Logger) error {
	store, err := postgres.Open(s.DatabaseURL, postgres.Options{
		Slot: s.Slot, Program: "backend", Connections: s.Connections, Metadata: s.Metadata, Domain: s.Domain})
	if err != nil {
		return err
	}
	defer store.Close()
	client, err := queue.Dial(s.RedisURL)
	if err != nil {
		return err
	}
	defer client.Close()
	jobs := queue.New(client, s.Queue)

	registry := prometheus.NewRegistry()
	metrics.Build(registry, s.Slot, s.Version)
	metrics.Pool(registry, store.Usage, store.ConnectionFailures)
	registry.MustRegister(metrics.NewFleet(jobs, s.Slot))

	relay := outbox.New(store, jobs, log)
	events := tracking.NewBuffer(store, jobs.Spill(), metrics.NewTracking(registry), log)
	server := &web.Server{Listen: s.Listen, Drain: s.Drain, Grace: s.Grace, Log: log}
	face := &api.API{
		Slot: s.Slot, Token: s.Token, Metadata: s.Metadata,
		Campaigns: store, Outbox: relay, Events: events, Database: store, Redis: jobs,
		Cache: api.NewReports(metrics.NewCache(registry)), Fault: bad, Draining: server.Draining,
		Metrics: promhttp.HandlerFor(registry, promhttp.HandlerOpts{}), Log: log,
	}
	handler := web.Observed(metrics.NewHTTP(registry, api.Routes), metrics.Other, log, face.Handler())

	quiet := alongside(relay.Run, events.Run, func(ctx context.Context) { bad.Run(ctx, log) })
	err = server.Run(ctx, web.Named(s.Slot, s.Version, handler))
	quiet()
	return errors.Join(err, settle(relay, events))
}

// alongside runs loops until the returned function is called.
func alongside(loops ...func(context.Context)) (quiet func()) {
	ctx, stop := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for _, loop := range loops {
		all.Go(func() { loop(ctx) })
	}
	return func() { stop(); all.Wait() }
}

// settle writes what is left in memory, in 3 seconds. The outbox is durable;
// emptying it now only saves the other backends the wait.
func settle(relay *outbox.Relay, events *tracking.Buffer) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	err := events.Close(ctx)
	last, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	relay.Empty(last)
	return err
}
