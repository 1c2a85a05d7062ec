package cleanup_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/bluegreen-actions/bluegreen/internal/cleanup"
	"github.com/bluegreen-actions/bluegreen/internal/docker"
	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/registry"
	"github.com/bluegreen-actions/bluegreen/internal/registry/registrytest"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
	"github.com/bluegreen-actions/bluegreen/internal/traffic/traffictest"
)

// place is an application on the real engine: release 6 in blue, with a network and a
// volume, release 7 in green with all the traffic, and an image of release 5 that
// nothing uses.
type place struct {
	t          *testing.T
	name, host string
	repository string
	engine     *faulty
	balancer   *traffictest.Balancer
	images     map[string]string // reference by release
	found      *release.Findings
	patience   time.Duration // for a start
}

// layer is a static program that serves until it is told to end.
var layer = registrytest.Program("../slot/testdata/app")

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{t: t, name: lab.Name(t), host: lab.Docker(t), balancer: new(traffictest.Balancer), images: map[string]string{}, found: new(release.Findings), patience: 10 * time.Minute}
	p.repository = lab.Registry(t) + "/" + p.name + "-web"
	engine, err := docker.Open(t.Context(), p.host, registry.New(registry.Settings{}))
	must(t, err)
	p.engine = &faulty{Engine: engine, before: map[string]func(){}}
	for _, id := range []string{"shop-5", "shop-6", "shop-7"} {
		p.image(id)
	}
	p.docker("network", "create", "--label", "com.docker.compose.project="+p.name+"-blue", p.name+"-blue_default")
	t.Cleanup(func() { p.tidy("network", "rm", p.name+"-blue_default") })
	p.docker("volume", "create", p.name+"-files")
	t.Cleanup(func() { p.tidy("volume", "rm", p.name+"-files") })
	for _, service := range []string{"web", "worker"} {
		p.container("blue", service, "shop-6", "--network", p.name+"-blue_default", "-v", p.name+"-files:/files")
		p.container("green", service, "shop-7", "--network", "none", "--log-opt", "max-size=1m")
	}
	p.live(49 * time.Hour)
	return p
}

// live lets release 7 have all the traffic since a while.
func (p *place) live(since time.Duration) {
	p.t.Helper()
	must(p.t, p.balancer.Update(p.t.Context(), func(page *traffic.Page) error {
		page.Good = &traffic.Good{Slot: release.Blue, Release: "shop-6"}
		page.Shift = &traffic.Note{Release: "shop-7", Candidate: release.Green, Finished: time.Now().Add(-since)}
		return nil
	}))
	p.balancer.Move(release.Split(release.Green, 100))
}

// image pushes one and pulls it, as a deployment does.
func (p *place) image(id string) {
	p.t.Helper()
	l, err := layer()
	must(p.t, err)
	digest := registrytest.Push(p.t, p.repository+":"+id, v1.Config{Entrypoint: []string{"/app"}, Cmd: []string{"worker"}, Env: []string{"FOR=" + p.name + id}}, l)
	p.images[id] = p.repository + "@" + string(digest)
	must(p.t, p.engine.Pull(p.t.Context(), p.images[id], func(release.Size, release.Size) {}))
	p.t.Cleanup(func() { p.tidy("image", "rm", "-f", p.images[id]) })
}

func (p *place) container(s, service, id string, args ...string) {
	p.t.Helper()
	called := fmt.Sprintf("%s-%s-%s", p.name, s, service)
	p.t.Cleanup(func() { p.tidy("rm", "-f", called) })
	args = append([]string{"run", "-d", "--name", called, "--label", "com.docker.compose.project=" + p.name + "-" + s,
		"--label", "com.docker.compose.service=" + service, "--label", "com.docker.compose.container-number=1", "--label", slot.LabelRelease + "=" + id}, args...)
	p.docker(append(args, p.images[id])...)
}

func (p *place) docker(args ...string) string {
	p.t.Helper()
	var out bytes.Buffer
	must(p.t, process.Run(context.Background(), process.Command{Path: "docker", Args: args, Env: []string{"DOCKER_HOST=" + p.host}, Stdout: &out}))
	return out.String()
}

// tidy removes what may be gone.
func (p *place) tidy(args ...string) {
	_ = process.Run(context.Background(), process.Command{Path: "docker", Args: args, Env: []string{"DOCKER_HOST=" + p.host}})
}

func (p *place) cleaner() cleanup.Cleaner {
	b := p.balancer.Of()
	b.Ledger = ledger{b.Ledger, p.engine}
	return cleanup.Cleaner{
		Settings: cleanup.Settings{After: 24 * time.Hour, Window: 48 * time.Hour}, Balancer: b,
		Repositories: []string{p.repository}, Pause: time.Millisecond, Found: p.found,
		Slot: func(_ context.Context, s release.Slot) (*slot.Environment, error) {
			at := func(s string) slot.Place { return slot.Place{Project: p.name + "-" + s} }
			return slot.New(s, slot.Settings{Blue: at("blue"), Green: at("green"), Workers: slot.WorkerSettings{Service: "worker", Grace: 5 * time.Second}, Timeout: p.patience}, p.engine, nil, nil)
		},
	}
}

// stands compares what there is with a line such as "blue: web running, worker exited".
func (p *place) stands(want ...string) {
	p.t.Helper()
	var have []string
	for _, s := range []string{"blue", "green"} {
		all, err := p.engine.Containers(p.t.Context(), p.name+"-"+s)
		must(p.t, err)
		for _, c := range all {
			have = append(have, fmt.Sprintf("%s %s %s", s, c.Service, c.State))
		}
		networks, err := p.engine.Networks(p.t.Context(), p.name+"-"+s)
		must(p.t, err)
		for range networks {
			have = append(have, s+" network")
		}
	}
	for id, reference := range p.images {
		if _, there, err := p.engine.Image(p.t.Context(), reference); there {
			have = append(have, "image "+id)
		} else {
			must(p.t, err)
		}
	}
	if !strings.Contains(p.docker("volume", "ls", "-q"), p.name+"-files") {
		p.t.Error("the volume is gone")
	}
	slices.Sort(have)
	slices.Sort(want)
	if !slices.Equal(have, want) {
		p.t.Errorf("there is %s\nwant %s", strings.Join(have, ", "), strings.Join(want, ", "))
	}
}

// whole is what there is before anything is removed.
var whole = []string{"blue web running", "blue worker running", "blue network", "green web running", "green worker running", "image shop-5", "image shop-6", "image shop-7"}

func without(all []string, gone ...string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(one string) bool { return slices.Contains(gone, one) })
}

func (p *place) page() traffic.Page {
	p.t.Helper()
	page, err := p.balancer.Read(p.t.Context())
	must(p.t, err)
	return page
}

// wayBack fails unless the blue slot is the good one, runs, and is claimed by nobody.
func (p *place) wayBack() {
	p.t.Helper()
	if page := p.page(); page.Good == nil || page.Good.Slot != release.Blue || page.Good.Asleep || len(page.Claims) != 0 || !page.Shift.Closed.IsZero() {
		p.t.Errorf("the ledger says %s", p.text())
	}
}

func (p *place) text() string {
	text, err := json.Marshal(p.page())
	must(p.t, err)
	return string(text)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
