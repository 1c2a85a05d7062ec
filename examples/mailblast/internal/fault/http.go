package fault

import (
	"io"
	"net/http"
	"sync"
	"time"
)

// API puts the fault in front of the API.
func (f *Fault) API(next http.Handler) http.Handler {
	switch f.Kind {
	case Errors:
		return f.breaking(next, func() bool { return f.share(f.number) })
	case Load:
		return f.breaking(next, func() bool { return f.rate.next(time.Now()) > f.number })
	case Slow:
		return f.slowed(next)
	default:
		return next
	}
}

// Track puts the fault in front of tracking.
func (f *Fault) Track(next http.Handler) http.Handler {
	if f.Kind != Tracking {
		return next
	}
	return f.breaking(next, func() bool { return true })
}

func (f *Fault) breaking(next http.Handler, bad func() bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if bad() {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, `{"error":"fault on purpose: `+string(f.Kind)+`"}`)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (f *Fault) slowed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(f.delay()):
			next.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	})
}

// rate counts calls in the current second of the clock.
type rate struct {
	mu     sync.Mutex
	second int64
	calls  int
}

// next counts a call and returns how many this second has seen.
func (r *rate) next(now time.Time) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := now.Unix(); s != r.second {
		r.second, r.calls = s, 0
	}
	r.calls++
	return r.calls
}
