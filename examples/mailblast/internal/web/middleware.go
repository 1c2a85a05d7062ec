package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
)

// The headers that say who answered.
const (
	VersionHeader = "X-MailBlast-Version"
	SlotHeader    = "X-MailBlast-Slot"
)

// Named writes slot and version into every response.
func Named(slot, version string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(VersionHeader, version)
		w.Header().Set(SlotHeader, slot)
		next.ServeHTTP(w, r)
	})
}

// Unnamed takes the names back, before an answer that brings its own.
func Unnamed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Del(VersionHeader)
		w.Header().Del(SlotHeader)
		next.ServeHTTP(w, r)
	})
}

// Observer is told about every answered request.
type Observer interface {
	Observe(route, method string, code int, took time.Duration)
}

// Observed tells the observer, logs requests that ended with 5xx or took over
// a second, and turns a panic into a 500, or into a broken connection when the
// answer has begun. Routes are the mux's patterns;
// other is the route of what matched none.
func Observed(observer Observer, other string, log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		answer := &answer{ResponseWriter: w, code: http.StatusOK}
		defer func() {
			p := recover()
			if p != nil && p != http.ErrAbortHandler {
				log.Error("Request panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			}
			if p != nil && !answer.written {
				answer.WriteHeader(http.StatusInternalServerError)
				p = nil
			}
			took := time.Since(start)
			observer.Observe(route(r, other), r.Method, answer.code, took)
			report(r.Context(), log, r, answer.code, took)
			if p != nil {
				panic(http.ErrAbortHandler) // half an answer must not look like a whole one
			}
		}()
		next.ServeHTTP(answer, r)
	})
}

// route is the pattern without its method, such as /api/campaigns/{id}.
func route(r *http.Request, other string) string {
	pattern := r.Pattern
	if _, path, ok := strings.Cut(pattern, " "); ok {
		pattern = path
	}
	if pattern == "" || pattern == "/" {
		return other
	}
	return pattern
}

func report(ctx context.Context, log *slog.Logger, r *http.Request, code int, took time.Duration) {
	level := slog.LevelDebug
	switch {
	case code >= 500:
		level = slog.LevelError
	case took > time.Second:
		level = slog.LevelWarn
	}
	log.Log(ctx, level, "Answered request", "method", r.Method, "path", r.URL.Path, "code", code, "ms", took.Milliseconds())
}

// answer remembers the status of a response.
type answer struct {
	http.ResponseWriter
	code    int
	written bool
}

func (a *answer) WriteHeader(code int) {
	if !a.written {
		a.code, a.written = code, true
		a.ResponseWriter.WriteHeader(code)
	}
}

func (a *answer) Write(b []byte) (int, error) {
	a.written = true
	return a.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the real writer.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
