// Package api is the HTTP face of the backend: health, campaigns, tracking.
//
// It promises that a send which was answered with 202 reaches the queue, that
// tracking is answered without asking the database, and that no answer tells
// a stranger more than that the token is missing or wrong.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/campaign"
	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/metrics"
	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/postgres"
	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/tracking"
)

// Campaigns is where campaigns are kept.
type Campaigns interface {
	Create(ctx context.Context, n campaign.New) (campaign.Campaign, error)
	List(ctx context.Context) ([]campaign.Campaign, error)
	Report(ctx context.Context, id string) (campaign.Report, error)
	Accept(ctx context.Context, id, lane string, recipients []string) ([]postgres.Accepted, error)
}

// Pinger is a service that can be asked whether it answers.
type Pinger interface {
	Ping(ctx context.Context) error
}

// Events takes note of tracking events without waiting.
type Events interface {
	Add(e tracking.Event)
}

// Outbox is called when there is something to relay.
type Outbox interface {
	Call()
}

// Fault may stand in front of the API, of tracking, and of readiness.
type Fault interface {
	API(next http.Handler) http.Handler
	Track(next http.Handler) http.Handler
	Unready() bool
}

// API answers requests.
type API struct {
	Slot      string
	Token     string
	Metadata  bool // campaigns may have metadata
	Campaigns Campaigns
	Outbox    Outbox
	Events    Events
	Database  Pinger
	Redis     Pinger
	Cache     *Reports
	Fault     Fault
	Draining  func() bool
	Metrics   http.Handler
	Log       *slog.Logger
}

// patience bounds what a request of the API waits for the database.
const patience = 5 * time.Second

// Routes are the routes of Handler, for counters that exist from the start.
var Routes = []metrics.Route{
	{Pattern: "/health", Methods: []string{"GET"}},
	{Pattern: "/health/ready", Methods: []string{"GET"}},
	{Pattern: "/health/live", Methods: []string{"GET"}},
	{Pattern: "/metrics", Methods: []string{"GET"}},
	{Pattern: "/api/campaigns", Methods: []string{"GET", "POST"}},
	{Pattern: "/api/campaigns/{id}", Methods: []string{"GET"}},
	{Pattern: "/api/campaigns/{id}/send", Methods: []string{"POST"}},
	{Pattern: "/track/open/{message}", Methods: []string{"GET", "HEAD"}},
	{Pattern: "/track/click/{message}", Methods: []string{"GET", "HEAD"}},
	{Pattern: metrics.Other, Methods: []string{"GET"}},
}

// Handler returns the routes.
func (a *API) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", a.health)
	mux.HandleFunc("GET /health/ready", a.ready)
	mux.HandleFunc("GET /health/live", a.live)
	mux.Handle("GET /metrics", a.Metrics)

	guard := bearer(a.Token)
	private := func(h http.HandlerFunc) http.Handler { return guard(a.Fault.API(h)) }
	mux.Handle("GET /api/campaigns", private(a.list))
	mux.Handle("POST /api/campaigns", private(a.create))
	mux.Handle("GET /api/campaigns/{id}", private(a.report))
	mux.Handle("POST /api/campaigns/{id}/send", private(a.send))

	mux.Handle("GET /track/open/{message}", a.Fault.Track(http.HandlerFunc(a.open)))
	mux.Handle("GET /track/click/{message}", a.Fault.Track(http.HandlerFunc(a.click)))
	return mux
}
