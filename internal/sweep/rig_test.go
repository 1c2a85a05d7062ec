package sweep_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/nginx"
	"github.com/bluegreen-actions/bluegreen/internal/openloop"
	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
	"github.com/bluegreen-actions/bluegreen/internal/traffic/traffictest"
)

var weights = []release.Weight{10, 50, 100}

// The release that is shifted, from the good slot blue to green.
const shop = release.ID("shop-7")

// rig is a real nginx before two slots, with all the traffic at blue, a claim of
// the release on green, and users.
type rig struct {
	*nginx.Switch
	order  order
	server *lab.Server
	redis  *redis.Client
	users  func() openloop.Report // ends the load
	table  []string               // of end states
}

// userConf is the user's own configuration, around the generated one.
const userConf = lab.NginxRoom + `
worker_processes 1;
http {
	access_log off;
	include %s;
	server {
		listen 127.0.0.1:{{.Port}};
		include %s;
		location / { proxy_pass http://$bluegreen_web; }
	}
}
`

func newRig(t *testing.T) *rig {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "bluegreen-sweep-") // on a disk, and open to nginx's workers
	must(t, errors.Join(err, os.Chmod(dir, 0o755)))
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	store := lab.Redis(t)
	options, err := redis.ParseURL(store)
	must(t, err)
	r := &rig{redis: redis.NewClient(options), order: order{Redis: store, Application: lab.Name(t), Release: shop, Bake: 20 * time.Millisecond}}
	t.Cleanup(func() { _ = r.redis.Close() })
	r.order.Nginx = nginx.Settings{
		State: filepath.Join(dir, "state"), URL: "http://127.0.0.1:1", Config: filepath.Join(dir, "conf", "bluegreen.conf"), Split: nginx.ByCookie,
		Services: map[string]nginx.Service{"web": {Blue: answering(t, release.Blue), Green: answering(t, release.Green)}},
	}
	_, err = r.open(t).Install(t.Context(), release.Blue)
	must(t, err)
	r.server = lab.Nginx(t, fmt.Sprintf(userConf, r.order.Nginx.Config, strings.TrimSuffix(r.order.Nginx.Config, ".conf")+".server"))
	r.order.Nginx.URL = r.server.URL
	r.Switch = r.open(t)
	r.claim(t)
	return r
}

func (r *rig) open(t *testing.T) *nginx.Switch {
	t.Helper()
	s, err := nginx.New(r.order.Nginx, weights)
	must(t, err)
	return s
}

func (r *rig) claim(t *testing.T) {
	t.Helper()
	must(t, traffic.TakeClaim(t.Context(), r, release.Green, shop, true))
}

// answering is a slot that says who it is.
func answering(t *testing.T, slot release.Slot) []nginx.Address {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Slot", string(slot))
	})}
	go func() { _ = server.Serve(listener) }() // ends with Close
	t.Cleanup(func() { _ = server.Close() })
	return []nginx.Address{nginx.Address(listener.Addr().String())}
}

// load lets users in until leave, fewer where the machine does not get through them:
// who waits for an answer is before everybody else.
func (r *rig) load(t *testing.T) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan openloop.Report, 1)
	go func() {
		report, err := openloop.Run(ctx, openloop.Load{URL: r.server.URL, Rate: 200, Room: 20, Keep: []string{"X-Slot"}, Timeout: patience})
		if err != nil {
			t.Error(err)
		}
		done <- report
	}()
	r.users = func() openloop.Report { stop(); return <-done }
	t.Cleanup(stop)
}

// leave ends the load, prints the end states, and fails for a lost request.
func (r *rig) leave(t *testing.T) {
	t.Helper()
	report := r.users()
	t.Logf("end states:\n%s\n%v", strings.Join(r.table, "\n"), report)
	if report.Lost() > 0 {
		t.Errorf("%d requests were lost", report.Lost())
	}
}

// child is a process that carries out an order.
type child struct {
	*process.Running
	out *paper
}

// paper is what a child has said so far.
type paper struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (p *paper) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

func (p *paper) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// says waits until a child has said something.
func (c child) says(t *testing.T, what string) {
	t.Helper()
	eventually(t, "a child says "+what, func() bool { return strings.Contains(c.out.String(), what) })
}

// start begins one; change says how the order differs from the rig's.
func (r *rig) start(t *testing.T, change func(*order)) child {
	t.Helper()
	o := r.order
	o.Process = lab.Name(t)
	change(&o)
	text, err := json.Marshal(o)
	must(t, err)
	self, err := os.Executable()
	must(t, err)
	c := child{out: new(paper)}
	c.Running, err = process.Start(process.Command{Path: self, Env: []string{variable + "=" + string(text)}, Stdout: c.out})
	must(t, err)
	t.Cleanup(func() { _ = c.Stop(context.Background()) }) // ended already, unless the test failed
	return c
}

// end waits, and returns where the child died; empty for one that ended well.
func (c child) end(t *testing.T) (moment string) {
	t.Helper()
	select {
	case <-c.Done():
	case <-time.After(patience):
		t.Fatalf("a child does not end:\n%s", c.out)
	}
	err := c.Wait()
	if err == nil {
		return ""
	}
	if i := strings.LastIndex(c.out.String(), died); i >= 0 {
		return strings.TrimSpace(c.out.String()[i+len(died):])
	}
	t.Fatalf("a child failed: %v\n%s", err, c.out)
	return ""
}

// run is start and end.
func (r *rig) run(t *testing.T, change func(*order)) (moment string) {
	t.Helper()
	return r.start(t, change).end(t)
}

func back(o *order) { o.Back = true }

func forward(*order) {}

// expire ends the lease of a process that is dead, so that nobody has to wait a
// minute for it.
func (r *rig) expire(t *testing.T) {
	t.Helper()
	key := "bluegreen:lease:" + r.order.Application
	state, err := r.redis.HGet(t.Context(), key, "state").Result()
	if err == nil && state == "held" {
		err = r.redis.HSet(t.Context(), key, "ends", 1).Err()
	}
	if err != nil && !errors.Is(err, redis.Nil) {
		t.Fatal(err)
	}
}

// stands fails unless green has the weight, as the load balancer says and does.
func (r *rig) stands(t *testing.T, w release.Weight) {
	t.Helper()
	traffictest.Splits(t, r, release.Split(release.Green, w), counted)
}

// weight is what green has now; every split between the steps is an error.
func (r *rig) weight(t *testing.T) release.Weight {
	t.Helper()
	have, err := r.Weights(t.Context())
	must(t, err)
	return have.Green
}

func (r *rig) note(format string, args ...any) {
	r.table = append(r.table, fmt.Sprintf(format, args...))
}

func (c child) signal(s syscall.Signal) { _ = syscall.Kill(c.Pid(), s) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
