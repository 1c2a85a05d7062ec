package s3test

import (
	"net/http"
	"strings"
)

// Fault is how an operation fails.
type Fault struct {
	Op     string // such as UploadPart; empty for all
	Key    string // what the key ends with; empty for all
	Times  int    // how often; -1 for always
	Code   string // AWS's word for it, which is answered with Status
	Status int
	Cut    bool        // the connection breaks in the middle of the body
	Lose   bool        // it is done, and the answer is lost
	Flip   bool        // a byte of the body changes on its way
	Answer http.Header // headers of the answer that are others than they should be; an empty value removes one
}

// Fail makes operations fail, the first fault that fits at a time.
func (s *Server) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// Heal ends all faults.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

func (s *Server) fault(op, key string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if (f.Op == "" || f.Op == op) && strings.HasSuffix(key, f.Key) && f.Times != 0 {
			f.Times--
			return *f
		}
	}
	return Fault{}
}

// broken is a response whose connection breaks, or whose bytes or headers are
// others than they should be.
type broken struct {
	http.ResponseWriter
	fault   Fault
	headed  bool
	flipped bool
}

func (b *broken) WriteHeader(status int) {
	b.head()
	b.ResponseWriter.WriteHeader(status)
}

// head changes the headers, as long as none was sent.
func (b *broken) head() {
	if b.headed {
		return
	}
	b.headed = true
	for name, values := range b.fault.Answer {
		b.Header()[http.CanonicalHeaderKey(name)] = values
	}
}

func (b *broken) Write(p []byte) (int, error) {
	b.head()
	switch {
	case b.fault.Cut:
		_, _ = b.ResponseWriter.Write(p[:len(p)/2]) // it is to break
		panic(http.ErrAbortHandler)
	case b.fault.Flip && !b.flipped && len(p) > 0:
		b.flipped = true
		p = append([]byte(nil), p...)
		p[len(p)/2] ^= 0x40
	}
	return b.ResponseWriter.Write(p)
}
