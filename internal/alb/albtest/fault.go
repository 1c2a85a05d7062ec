package albtest

import (
	"net/http"
	"sync"
	"time"
)

// Fault is what happens to calls, in place of an answer or beside it.
type Fault struct {
	Action string        // begins the names of the actions that it hits; all when empty
	Times  int           // how many calls it hits; -1 for all
	Code   string        // AWS's error, such as ThrottlingException
	Slow   time.Duration // before the answer
	Drop   bool          // the connection breaks before anything is done
	Lose   bool          // the connection breaks when all is done
	Gate   chan struct{} // the call waits until it is closed
}

// Break switches a fault on.
func (s *Server) Break(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// Mend switches all faults off.
func (s *Server) Mend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// before is what happens first, and says whether the connection breaks then.
func (f Fault) before(r *http.Request) bool {
	if f.Gate != nil {
		select {
		case <-f.Gate:
		case <-r.Context().Done():
			return true
		}
	}
	if f.Slow > 0 {
		select {
		case <-time.After(f.Slow):
		case <-r.Context().Done():
			return true
		}
	}
	return f.Drop
}

func (f Fault) failure() *failure {
	switch f.Code {
	case "ThrottlingException", "Throttling":
		return refuse(f.Code, "Rate exceeded")
	case "ExpiredToken":
		return &failure{http.StatusForbidden, f.Code, "The security token included in the request is expired"}
	case "AccessDenied":
		return &failure{http.StatusForbidden, f.Code, "User is not authorized to perform this operation"}
	case "InternalFailure", "ServiceUnavailable":
		return &failure{http.StatusServiceUnavailable, f.Code, "The service is unavailable"}
	}
	return refuse(f.Code, "as it was asked for")
}

// Rate is a token bucket, as AWS has one per account, region and kind of call.
type Rate struct {
	Burst  float64
	Refill float64 // a second
}

type bucket struct {
	rate Rate
	mu   sync.Mutex
	left float64
	at   time.Time
}

func newBucket(r Rate) *bucket { return &bucket{rate: r, left: r.Burst, at: time.Now()} }

func (b *bucket) take() bool {
	if b.rate == (Rate{}) {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.left = min(b.rate.Burst, b.left+now.Sub(b.at).Seconds()*b.rate.Refill)
	b.at = now
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}
