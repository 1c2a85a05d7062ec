package alb_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/bluegreen-actions/bluegreen/internal/alb"
	"github.com/bluegreen-actions/bluegreen/internal/alb/albtest"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func TestMain(m *testing.M) {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": albtest.Key, "AWS_SECRET_ACCESS_KEY": albtest.Secret, "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true",
	} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// patience is for a machine with a lot else to do.
const patience = 3 * time.Minute

// world is a load balancer with two services, web on the default action of its
// listener and api on a rule, each in both slots.
type world struct {
	*albtest.Server
	settings alb.Settings
	url      string
	listener string
	rule     string
	groups   map[string]string // such as web-blue
	sick     map[string]*atomic.Bool
	served   map[release.Slot]*atomic.Int64
	backends map[string]*httptest.Server
}

func newWorld(t *testing.T, o albtest.Options) *world {
	t.Helper()
	w := &world{groups: map[string]string{}, sick: map[string]*atomic.Bool{}, served: map[release.Slot]*atomic.Int64{}, backends: map[string]*httptest.Server{}}
	if o.Every == 0 {
		o.Every = 250 * time.Millisecond
	}
	var err error
	w.Server, err = albtest.Start(o)
	must(t, err)
	t.Cleanup(func() {
		must(t, w.Close())
		equal(t, "surprises", strings.Join(w.Surprises(), " "), "")
	})
	for _, slot := range release.Slots {
		w.served[slot] = new(atomic.Int64)
		for _, service := range []string{"api", "web"} {
			w.serve(t, service, slot)
		}
	}
	w.listener, w.url, err = w.Listener(true, w.forward("web", 100, 0))
	must(t, err)
	w.rule, err = w.Rule(w.listener, 10, []string{"/api/*"}, w.forward("api", 100, 0))
	must(t, err)
	w.settings = alb.Settings{
		Region: w.Region(), Endpoint: w.Endpoint, Header: "X-Bluegreen-Slot", Propagation: time.Second, AssertFor: time.Second,
		Services: map[string]alb.Service{
			"api": {Rules: []alb.ARN{alb.ARN(w.rule)}, Blue: alb.ARN(w.groups["api-blue"]), Green: alb.ARN(w.groups["api-green"]), URL: w.url + "/api/health"},
			"web": {Listeners: []alb.ARN{alb.ARN(w.listener)}, Blue: alb.ARN(w.groups["web-blue"]), Green: alb.ARN(w.groups["web-green"]), URL: w.url + "/health"},
		},
	}
	w.await(t, release.Blue)
	w.await(t, release.Green)
	w.Calls()
	return w
}

// serve starts one service in one slot, and its group.
func (w *world) serve(t *testing.T, service string, slot release.Slot) {
	name := service + "-" + string(slot)
	w.sick[name] = new(atomic.Bool)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("X-Bluegreen-Slot", string(slot))
		switch {
		case w.sick[name].Load():
			rw.WriteHeader(http.StatusServiceUnavailable)
		case r.URL.Path != "/healthz":
			w.served[slot].Add(1)
		}
		fmt.Fprintf(rw, "%s of slot %s", service, slot)
	}))
	t.Cleanup(server.Close)
	w.backends[name] = server
	w.groups[name] = w.Group(name, "/healthz", server.Listener.Addr().String())
}

func (w *world) forward(service string, blue, green int32) types.Action {
	return albtest.Forward(map[string]int32{w.groups[service+"-blue"]: blue, w.groups[service+"-green"]: green})
}

func (w *world) open(t *testing.T) *alb.Balancer {
	t.Helper()
	b, err := alb.New(w.settings)
	must(t, err)
	return b
}

// await waits until the load balancer has found a slot healthy.
func (w *world) await(t *testing.T, slot release.Slot) {
	t.Helper()
	must(t, w.open(t).Ready(t.Context(), slot))
}

// rollback goes back from another process, which refuses the tokens in the end also
// where a slow machine has left Restore no time for it.
func (w *world) rollback(t *testing.T) {
	t.Helper()
	b := w.open(t)
	must(t, b.Restore(t.Context(), release.Blue))
	_, err := b.Assert(t.Context(), release.Blue)
	must(t, err)
}

// ledger is the tags of the first rule.
func (w *world) ledger() map[string]string { return w.Tags(w.rule) }

func (w *world) splits(t *testing.T, want release.Weights) {
	t.Helper()
	got, err := w.open(t).Weights(t.Context())
	must(t, err)
	equal(t, "weights", got, want)
}

// writes are the calls that change weights.
func writes(calls []string) int {
	return len(slices.DeleteFunc(calls, func(c string) bool { return !strings.HasPrefix(c, "Modify") }))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func says(t *testing.T, what string, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: got %v, want one that says %q", what, err, want)
	}
}
