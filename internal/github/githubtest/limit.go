package githubtest

import (
	"net/http"
	"strconv"
	"time"
)

// Limit is a refusal that the server gives instead of an answer.
type Limit struct {
	Secondary bool          // a secondary limit, which says when to come back; else the hourly one
	Wait      time.Duration // until it is over, whole seconds
	Times     int           // how many requests it hits
	Status    int           // 403 when 0; a secondary limit may be 429, and 502 to 504 are outages
}

// Limit makes the next requests fail.
func (s *Server) Limit(l Limit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limits = append(s.limits, l)
}

func (s *Server) limited(w http.ResponseWriter) bool {
	for i := range s.limits {
		if s.limits[i].Times > 0 {
			s.limits[i].Times--
			s.limits[i].write(w)
			return true
		}
	}
	return false
}

func (l Limit) write(w http.ResponseWriter) {
	seconds := int64(l.Wait / time.Second)
	switch {
	case l.Status >= http.StatusInternalServerError:
		fail(w, l.Status, "Server Error")
	case l.Secondary:
		w.Header().Set("Retry-After", strconv.FormatInt(seconds, 10))
		fail(w, l.status(), "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.")
	default:
		w.Header().Set("X-RateLimit-Remaining", "0")
		w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(time.Now().Unix()+seconds, 10))
		fail(w, l.status(), "API rate limit exceeded for installation ID 1.")
	}
}

func (l Limit) status() int {
	if l.Status == 0 {
		return http.StatusForbidden
	}
	return l.Status
}

// headers are on every answer.
func headers(h http.Header) {
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("X-GitHub-Media-Type", "github.v3; format=json")
	h.Set("X-RateLimit-Limit", "5000")
	h.Set("X-RateLimit-Remaining", "4999")
	h.Set("X-RateLimit-Reset", strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10))
}
