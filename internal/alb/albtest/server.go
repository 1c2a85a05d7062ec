package albtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// Account is whose everything is, and the key that it is accepted with.
const (
	Account = "123456789012"
	Key     = "AKIDEXAMPLEOFNOBODY1"
	Secret  = "secret/of+nobody"
)

// Options are how a server differs from the usual one.
type Options struct {
	Region  string          // eu-west-1 when empty
	Address string          // of the API; any port when empty
	Nodes   []time.Duration // how long after the API each node of a load balancer changes; one without a delay when empty
	Every   time.Duration   // between two health checks of a target; 100 ms when 0
	Read    Rate            // of calls that describe; no limit when zero
	Write   Rate            // of all others; no limit when zero
}

// Server is the API and its load balancers.
type Server struct {
	Endpoint string // of the API, and of STS

	options Options
	api     *http.Server
	doors   []*http.Server
	end     context.CancelFunc
	all     sync.WaitGroup
	cells   sync.Map // proxies, by target

	mu        sync.Mutex
	number    int
	balancer  string // the ARN of the one load balancer
	groups    map[string]*group
	rules     map[string]*rule // listeners' defaults among them, by the ARN of the listener
	tags      map[string]map[string]string
	keys      map[string]key
	faults    []*Fault
	buckets   map[bool]*bucket
	calls     []string
	surprises []string
}

// rule is a listener rule, or the default action of a listener.
type rule struct {
	arn, listener string
	defaultRule   string // its ARN as a rule, of a default action
	priority      int
	paths         []string
	secure        bool
	history       []change
}

// change is what a rule has done since a moment.
type change struct {
	at      time.Time
	actions []types.Action
}

func (r *rule) actions() []types.Action { return r.history[len(r.history)-1].actions }

// Start starts the API. Close ends it.
func Start(o Options) (*Server, error) {
	if o.Region == "" {
		o.Region = "eu-west-1"
	}
	if len(o.Nodes) == 0 {
		o.Nodes = []time.Duration{0}
	}
	if o.Every == 0 {
		o.Every = 100 * time.Millisecond
	}
	if o.Address == "" {
		o.Address = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", o.Address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{
		Endpoint: "http://" + listener.Addr().String(),
		options:  o, end: cancel, groups: map[string]*group{}, rules: map[string]*rule{}, tags: map[string]map[string]string{},
		buckets: map[bool]*bucket{true: newBucket(o.Read), false: newBucket(o.Write)},
	}
	s.keys = map[string]key{Key: {secret: Secret}}
	s.balancer = s.arn("loadbalancer/app/front/%016x", s.next())
	s.api = &http.Server{Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: 10 * time.Second}
	s.all.Go(func() { _ = s.api.Serve(listener) })
	s.all.Go(func() { s.check(ctx) })
	return s, nil
}

// Close ends the API and all load balancers.
func (s *Server) Close() error {
	s.end()
	problems := []error{s.api.Close()}
	s.mu.Lock()
	doors := slices.Clone(s.doors)
	s.mu.Unlock()
	for _, door := range doors {
		problems = append(problems, door.Close())
	}
	s.all.Wait()
	return errors.Join(problems...)
}

// Region is where everything is.
func (s *Server) Region() string { return s.options.Region }

func (s *Server) arn(format string, args ...any) string {
	return fmt.Sprintf("arn:aws:elasticloadbalancing:%s:%s:", s.options.Region, Account) + fmt.Sprintf(format, args...)
}

func (s *Server) next() int {
	s.number++
	return s.number
}

// Calls lists the actions that were asked for since the last time.
func (s *Server) Calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := s.calls
	s.calls = nil
	return calls
}

// Surprises lists what was asked and is not known here. A test fails on any.
func (s *Server) Surprises() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.surprises)
}

// Tags are those of a resource.
func (s *Server) Tags(arn string) map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]string{}
	for key, value := range s.tags[arn] {
		all[key] = value
	}
	return all
}

// Tag sets one behind everybody's back; an empty value removes it.
func (s *Server) Tag(arn, key, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tags[arn] == nil {
		s.tags[arn] = map[string]string{}
	}
	s.tags[arn][key] = value
	if value == "" {
		delete(s.tags[arn], key)
	}
}

// Actions are those of a rule, or of the default of a listener.
func (s *Server) Actions(arn string) []types.Action {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rules[arn].actions()
}

// Change sets the actions of a rule or a default behind everybody's back,
// without a look at them.
func (s *Server) Change(arn string, actions ...types.Action) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules[arn].set(actions)
}

// set is the change of a rule; the nodes hear of it later.
func (r *rule) set(actions []types.Action) {
	r.history = append(r.history, change{time.Now(), actions})
	const most = 64
	if len(r.history) > most {
		r.history = r.history[len(r.history)-most:]
	}
}

// seen are the actions of a rule as a node knows them, after its delay.
func (r *rule) seen(delay time.Duration) []types.Action {
	for _, c := range slices.Backward(r.history) {
		if time.Since(c.at) >= delay {
			return c.actions
		}
	}
	return r.history[0].actions
}
