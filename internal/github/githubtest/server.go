package githubtest

import (
	"context"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Server answers from a State. It is safe for concurrent use.
type Server struct {
	mu        sync.Mutex
	state     State
	limits    []Limit
	requests  []string
	surprises []string
	routes    *http.ServeMux
}

// New returns a server that knows state. Use it as an http.Handler, or Listen.
func New(state State) *Server {
	s := &Server{state: state, routes: http.NewServeMux()}
	for _, r := range routes {
		s.routes.Handle(r.method+" "+r.path, s.endpoint(r))
	}
	s.routes.HandleFunc("/", s.surprise)
	return s
}

// Listen serves on a free loopback port until ctx ends, and returns the address
// to use as the API's URL.
func (s *Server) Listen(ctx context.Context) (url string, err error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listen: %w", err)
	}
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() { _ = server.Serve(listener) }() // ends with Close
	return "http://" + listener.Addr().String(), nil
}

// Update changes what the server knows, while it runs.
func (s *Server) Update(change func(*State)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.state)
}

// Approve adds an entry to the approval history of a run.
func (s *Server) Approve(a Approval) {
	s.Update(func(state *State) { state.Approvals = append(state.Approvals, a) })
}

// Requests returns the requests so far, as "METHOD path?query".
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Surprises returns what was not as GitHub describes it: requests that the server
// has no answer for or that GitHub would not take, and answers of its own that
// GitHub would not give.
func (s *Server) Surprises() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.surprises)
}

// ServeHTTP answers one request, from one state.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r.Method+" "+r.URL.RequestURI())
	headers(w.Header())
	switch {
	case s.badToken(r):
		fail(w, http.StatusUnauthorized, "Bad credentials")
	case s.limited(w):
	default:
		s.routes.ServeHTTP(w, r)
	}
}

// badToken reports whether a token was sent that GitHub would not know.
func (s *Server) badToken(r *http.Request) bool {
	sent := token(r)
	return sent != "" && s.state.Token != "" && subtle.ConstantTimeCompare([]byte(sent), []byte(s.state.Token)) != 1
}

func (s *Server) surprise(w http.ResponseWriter, r *http.Request) {
	s.surprised(r, "the stand-in does not have it")
	fail(w, http.StatusNotImplemented, "githubtest has no "+r.Method+" "+r.URL.Path)
}

func token(r *http.Request) string {
	scheme, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "bearer") && !strings.EqualFold(scheme, "token") {
		return ""
	}
	return value
}
