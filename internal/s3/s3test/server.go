package s3test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// What the store knows: its bucket, and the key that it takes.
const (
	Bucket = "backups"
	Region = "eu-west-1"
	Key    = "AKIDEXAMPLEOFNOBODY1"
	Secret = "secret/of+nobody"
)

// Server is a store with one bucket.
type Server struct {
	Endpoint string

	backend *s3mem.Backend
	store   http.Handler
	server  *httptest.Server

	mu        sync.Mutex
	about     About
	hooks     Hooks
	faults    []*Fault
	sums      map[string]map[string]string // of the parts of an upload
	headers   map[string]http.Header       // that an upload was begun with
	composite map[string]string            // of objects
	ops       []string
}

// About is what the store tells about the bucket, in XML; empty for what it does
// not have, and Denied for a role that may not ask.
type About struct{ Lifecycle, Encryption, Access string }

// Hooks are called for each request with its number, before it is answered and when
// it was; nil is never.
type Hooks struct{ Before, After func(n int, op string) }

// Denied is the answer to a role that may not ask.
const Denied = "denied"

// Start starts a store. Close ends it.
func Start() (*Server, error) {
	s := &Server{backend: s3mem.New(), sums: map[string]map[string]string{}, headers: map[string]http.Header{}, composite: map[string]string{}}
	if err := s.backend.CreateBucket(Bucket); err != nil {
		return nil, err
	}
	s.store = gofakes3.New(s.backend).Server()
	s.server = httptest.NewServer(http.HandlerFunc(s.serve))
	s.Endpoint = s.server.URL
	return s, nil
}

// Close ends the store.
func (s *Server) Close() {
	s.server.CloseClientConnections()
	s.server.Close()
}

// Tell sets what is told about the bucket.
func (s *Server) Tell(a About) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.about = a
}

// Hook sets the hooks.
func (s *Server) Hook(h Hooks) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks = h
}

// Ops lists the operations that were asked for since the last time.
func (s *Server) Ops() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	ops := s.ops
	s.ops = nil
	return ops
}

// Objects lists the keys in the bucket.
func (s *Server) Objects() []string {
	list, err := s.backend.ListBucket(Bucket, nil, gofakes3.ListBucketPage{})
	if err != nil {
		return nil
	}
	var keys []string
	for _, o := range list.Contents {
		keys = append(keys, o.Key)
	}
	slices.Sort(keys)
	return keys
}

// Uploads lists the uploads that were neither completed nor aborted.
func (s *Server) Uploads() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var keys []string
	for id := range s.headers {
		keys = append(keys, id)
	}
	return keys
}

// Damage changes a byte in the middle of an object behind everybody's back.
func (s *Server) Damage(suffix string) {
	for _, key := range s.Objects() {
		if !strings.HasSuffix(key, suffix) {
			continue
		}
		body, meta := s.object(key)
		body[len(body)/2] ^= 0x40
		s.put(key, meta, body)
	}
}
