// Command frontend serves MailBlast's page, and passes /api and /track on to
// the backend of its own slot, so that a page and the API behind it are of one
// version.
//
//	frontend              serve until SIGTERM, then drain
//	frontend healthcheck  exit 0 when the frontend of this container answers
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/metrics"
	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/settings"
	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/web"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	os.Exit(run(ctx, os.Args[1:]))
}

// run returns the exit status: 0 done, 1 broken, 2 bad settings.
func run(ctx context.Context, args []string) int {
	s, err := settings.ReadFrontend(os.Getenv)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	log := web.Log(os.Stdout, "frontend", s.Slot, s.Version)
	switch {
	case len(args) == 0:
		err = serve(ctx, s, log)
	case len(args) == 1 && args[0] == "healthcheck":
		err = web.Check(ctx, s.Listen, "/healthz")
	default:
		fmt.Fprintln(os.Stderr, "usage: frontend [healthcheck]")
		return 2
	}
	if err != nil {
		log.Error("Frontend ended", "error", err)
		return 1
	}
	return 0
}

func serve(ctx context.Context, s settings.Frontend, log *slog.Logger) error {
	registry := prometheus.NewRegistry()
	metrics.Build(registry, s.Slot, s.Version)
	observer := metrics.NewHTTP(registry, routes)
	handler := pages(s, promhttp.HandlerFor(registry, promhttp.HandlerOpts{}), log)
	server := &web.Server{Listen: s.Listen, Drain: s.Drain, Grace: s.Grace, Log: log}
	return server.Run(ctx, web.Named(s.Slot, s.Version, web.Observed(observer, metrics.Other, log, handler)))
}

var routes = []metrics.Route{
	{Pattern: "/{$}", Methods: []string{http.MethodGet, http.MethodHead}},
	{Pattern: "/assets/", Methods: []string{http.MethodGet}},
	{Pattern: "/healthz", Methods: []string{http.MethodGet}},
	{Pattern: "/metrics", Methods: []string{http.MethodGet}},
	{Pattern: "/api/", Methods: []string{http.MethodGet, http.MethodPost}},
	{Pattern: "/track/", Methods: []string{http.MethodGet, http.MethodHead}},
	{Pattern: metrics.Other, Methods: []string{http.MethodGet}},
}
