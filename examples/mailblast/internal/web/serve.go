// Package web is what backend and frontend share as HTTP servers: who they are
// in every response, the log and the count of requests, and a stop that loses
// none.
//
// It promises that every response, an error too, names slot and version. On a
// stop it first asks clients to close their connections, for as long as a
// balancer may need to notice, then refuses new ones and waits for the rest.
package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// Server is an HTTP server that can be drained.
type Server struct {
	Listen string
	Drain  time.Duration // how long to go on after the stop was asked for
	Grace  time.Duration // for requests in flight after that
	Log    *slog.Logger

	draining atomic.Bool
}

// Draining reports whether the server is about to stop.
func (s *Server) Draining() bool { return s.draining.Load() }

// Run serves until ctx ends, then drains.
func (s *Server) Run(ctx context.Context, handler http.Handler) error {
	listener, err := net.Listen("tcp", s.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server := &http.Server{
		Handler:           s.closing(handler),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	s.Log.Info("Listening", "address", listener.Addr().String())
	select {
	case err := <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
		return s.stop(ctx, server)
	}
}

func (s *Server) stop(ctx context.Context, server *http.Server) error {
	s.draining.Store(true) // before it is said: who reads so may ask at once
	s.Log.Info("Draining", "drain", s.Drain.String(), "grace", s.Grace.String())
	time.Sleep(s.Drain)
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.Grace)
	defer cancel()
	if err := server.Shutdown(limited); err != nil {
		return errors.Join(fmt.Errorf("wait for requests in flight: %w", err), server.Close())
	}
	s.Log.Info("Stopped listening; no request is left")
	return nil
}

// closing asks for the end of kept-alive connections while draining.
func (s *Server) closing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.Draining() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}
