package api

import (
	"context"
	"net/http"
	"time"
)

// probePatience bounds a readiness check.
const probePatience = time.Second

func (a *API) health(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]string{"status": "healthy"})
}

func (a *API) live(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]string{"status": "alive"})
}

type readiness struct {
	Status   string `json:"status"`
	Database string `json:"db"`
	Redis    string `json:"redis"`
}

// ready asks the database and Redis, at the same time. A process that drains,
// or cannot reach one of them, is not ready.
func (a *API) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), probePatience)
	defer cancel()
	database := make(chan string, 1)
	go func() { database <- a.connection(ctx, "database", a.Database) }()
	state := readiness{Status: "ready", Redis: a.connection(ctx, "redis", a.Redis)}
	state.Database = <-database
	if a.Draining() {
		state.Status = "draining"
	} else if state.Database != "connected" || state.Redis != "connected" || a.Fault.Unready() {
		state.Status = "unready"
	}
	code := http.StatusOK
	if state.Status != "ready" {
		code = http.StatusServiceUnavailable
	}
	answer(w, code, state)
}

func (a *API) connection(ctx context.Context, name string, p Pinger) string {
	if err := p.Ping(ctx); err != nil {
		a.Log.Error("Dependency did not answer", "dependency", name, "error", err)
		return "disconnected"
	}
	return "connected"
}
