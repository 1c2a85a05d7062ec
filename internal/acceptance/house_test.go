package acceptance_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bluegreen-actions/bluegreen/internal/demo"
	"github.com/bluegreen-actions/bluegreen/internal/docker"
	"github.com/bluegreen-actions/bluegreen/internal/nginx"
	"github.com/bluegreen-actions/bluegreen/internal/registry"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// folders is where the stages of this package are, each named after its
// process and its number. Not below a home directory: nginx's workers read what
// is in there.
const folders = "/var/tmp/bluegreen-acceptance-"

// house is a stage and what is released on it. One test at a time has it, and
// leaves it to the next one with a release that is finished and has all the
// traffic.
type house struct {
	*demo.Stage
	variables, secrets map[string]string
	balancer           *nginx.Switch
	images             *registry.Client
	engine             *docker.Engine
	leases             *redis.Client
	phases             map[string]phase

	runs     int
	live     *rollout // finished, with all the traffic
	ready    *rollout // smoked, on the other slot, and not good for 100 % yet
	spent    bool     // no other test can use it
	campaign string
}

// houses are side by side, since a release mostly waits. Who takes one out has it
// alone; a nil one is still to be built.
var houses = make(chan *house, 2)

func TestMain(m *testing.M) {
	err := sweep(context.Background())
	for range cap(houses) {
		houses <- nil
	}
	status := 1
	if err == nil {
		status = m.Run()
	}
	for range cap(houses) {
		if h := <-houses; h != nil {
			err = errors.Join(err, h.close())
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "close the stages:", err)
		status = max(status, 1)
	}
	os.Exit(status)
}

// open waits for a house and gives it to this test until its end.
func open(t *testing.T) *house {
	t.Helper()
	t.Parallel()
	h := <-houses
	t.Cleanup(func() { houses <- h.left(t) })
	if h != nil {
		return h
	}
	var err error
	if h, err = build(); err != nil {
		t.Fatal(err)
	}
	return h
}

// left is the house for the next test, or nil when it has to be built anew.
func (h *house) left(t *testing.T) *house {
	if h == nil || !h.spent {
		return h
	}
	if err := h.close(); err != nil {
		t.Errorf("close the stage: %v", err)
	}
	return nil
}

var builds atomic.Int32

func build() (*house, error) {
	ctx := context.Background() // mail and GitHub end with it
	name := fmt.Sprintf("%d-%d", os.Getpid(), builds.Add(1))
	stage, err := demo.Open(ctx, filepath.Join("..", ".."), folders+name, project+name, os.Stderr)
	if err != nil {
		return nil, err
	}
	h := &house{Stage: stage, variables: stage.Variables(), secrets: stage.Secrets(), runs: 100}
	if err := h.furnish(ctx); err != nil {
		return nil, errors.Join(err, h.close())
	}
	return h, nil
}

// project begins the names of the compose projects of a stage.
const project = "mailblast-acc-"

func (h *house) furnish(ctx context.Context) (err error) {
	for _, name := range []string{"MIN_SAMPLES", "MIN_SAMPLES_HIGH", "MIN_SAMPLES_P95", "MIN_SAMPLES_P99"} {
		h.variables[name] = "5"
	}
	h.variables["SETTLE"], h.variables["TICK"], h.variables["SCRAPE"] = "1s", "500ms", "500ms"
	if err := h.hurry(); err != nil {
		return err
	}
	if h.phases, err = readPhases(h.Root); err != nil {
		return err
	}
	if h.balancer, err = nginx.New(h.nginx(), []release.Weight{10, 50, 100}); err != nil {
		return err
	}
	h.images = registry.New(registry.Settings{})
	if h.engine, err = docker.Open(ctx, "", h.images); err != nil {
		return err
	}
	options, err := redis.ParseURL(h.secrets["REDIS_URL"])
	if err == nil {
		h.leases = redis.NewClient(options)
	}
	return err
}

// hurry makes Prometheus look twice a second, so that a step can be judged soon.
func (h *house) hurry() error {
	path := filepath.Join(h.Metrics.Dir, "prometheus.yml")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	quick := strings.NewReplacer("interval: 1s", "interval: 500ms", "timeout: 1s", "timeout: 500ms").Replace(string(text))
	if err := os.WriteFile(path, []byte(quick), 0o644); err != nil {
		return err
	}
	return h.Metrics.Reload()
}

// nginx is the switch as the configuration of the application describes it.
func (h *house) nginx() nginx.Settings {
	service := func(name string) nginx.Service {
		address := func(slot string) []nginx.Address {
			return []nginx.Address{nginx.Address("127.0.0.1:" + h.variables[slot+"_"+name+"_PORT"])}
		}
		return nginx.Service{Blue: address("BLUE"), Green: address("GREEN")}
	}
	return nginx.Settings{
		State: h.variables["NGINX_STATE"], URL: h.variables["NGINX_URL"], Config: h.variables["NGINX_CONFIG"], Split: nginx.ByCookie,
		Services: map[string]nginx.Service{"backend": service("BACKEND"), "frontend": service("FRONTEND")},
	}
}

// close stops everything, and removes the images and the folder.
func (h *house) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	return errors.Join(h.Stop(ctx), demo.Close(ctx, h.Dir, h.Project, new(bytes.Buffer)))
}

// sweep removes the stages of test processes that were killed.
func sweep(ctx context.Context) error {
	left, err := filepath.Glob(folders + "*")
	for _, dir := range left {
		name := strings.TrimPrefix(dir, folders)
		of, _, _ := strings.Cut(name, "-")
		pid, badName := strconv.Atoi(of)
		if badName == nil && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			err = errors.Join(err, demo.Close(ctx, dir, project+name, os.Stderr))
		}
	}
	return err
}

// patience is how long anything may take on a machine that is busy.
const patience = 10 * time.Minute

// eventually polls until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for begin := time.Now(); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Since(begin) > patience {
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}
