package main

import (
	"embed"
	"encoding/json"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"time"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/settings"
	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/web"
)

//go:embed page
var page embed.FS

// pages returns the routes of the frontend.
func pages(s settings.Frontend, metrics http.Handler, log *slog.Logger) http.Handler {
	files, err := fs.Sub(page, "page")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	assets := http.StripPrefix("/assets/", http.FileServerFS(files))
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", fresh(http.FileServerFS(files)))
	mux.Handle("GET /assets/", fresh(assets))
	mux.HandleFunc("GET /healthz", healthz)
	mux.Handle("GET /metrics", metrics)
	through := web.Unnamed(proxy(s, log))
	mux.Handle("/api/", through)
	mux.Handle("/track/", through)
	return mux
}

// fresh makes browsers ask again: after a switch, the page and its assets must
// come from one version.
func fresh(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("Content-Security-Policy", "default-src 'self'")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

func healthz(w http.ResponseWriter, _ *http.Request) {
	write(w, http.StatusOK, map[string]string{"status": "healthy"})
}

func write(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v)
}

// proxy passes requests on. The backend's version and slot replace the
// frontend's in the answer, so that a mix of versions would be seen.
func proxy(s settings.Frontend, log *slog.Logger) http.Handler {
	broken := func(w http.ResponseWriter, _ *http.Request) {
		write(w, http.StatusBadGateway, map[string]string{"error": "backend did not answer"})
	}
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(s.Backend)
			r.Out.Host = r.In.Host
			r.SetXForwarded()
		},
		Transport: &http.Transport{
			DialContext:           (&net.Dialer{Timeout: 2 * time.Second}).DialContext,
			MaxIdleConnsPerHost:   100,
			IdleConnTimeout:       time.Minute, // shorter than the backend's, so it never closes first
			ResponseHeaderTimeout: 15 * time.Second,
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			log.Error("Backend did not answer", "path", r.URL.Path, "error", err)
			web.Named(s.Slot, s.Version, http.HandlerFunc(broken)).ServeHTTP(w, r)
		},
	}
}
