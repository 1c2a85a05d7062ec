package main

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/bluegreen-actions/bluegreen/internal/docker"
	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/nginx"
	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/registry"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/runner/runnertest"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// rig is an application in two slots on the real engine, behind a real nginx, with
// a real Redis and a real PostgreSQL. Green has been shifted to, from blue.
type rig struct {
	dir, name     string
	redis, dsn    string
	url           string // of nginx
	jobs          *goredis.Client
	nginx         *nginx.Switch
	engine        *docker.Engine
	host, image   string
	ports         map[release.Slot]int
	inbox         *httptest.Server
	mu            sync.Mutex
	told          []string
	configuration string
}

const shop = release.ID("acme-shop-7")

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
	r := bare(t)
	r.slots(t)
	r.balancer(t)
	r.configure(t)
	return r
}

// bare is a rig in which nothing runs yet.
func bare(t *testing.T) *rig {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "bluegreen-rig-") // on a disk, and open to nginx's workers
	must(t, errors.Join(err, os.Chmod(dir, 0o755)))
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	r := &rig{dir: dir, name: lab.Name(t), redis: lab.Redis(t), dsn: lab.Postgres(t), host: lab.Docker(t)}
	options, err := goredis.ParseURL(r.redis)
	must(t, err)
	r.jobs = goredis.NewClient(options)
	t.Cleanup(func() { r.jobs.Close() })
	r.engine, err = docker.Open(t.Context(), r.host, registry.New(registry.Settings{}))
	must(t, err)
	r.inbox = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		text, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.told = append(r.told, string(text))
	}))
	t.Cleanup(r.inbox.Close)
	ports := lab.Ports(t, 2)
	r.ports = map[release.Slot]int{release.Blue: ports[0], release.Green: ports[1]}
	r.build(t)
	return r
}

// program is what the containers run.
var program = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "bluegreen-rig-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "app")
	build := process.Command{Path: "go", Args: []string{"build", "-trimpath", "-ldflags=-s -w", "-o", path, "../../internal/slot/testdata/app"}, Env: []string{"CGO_ENABLED=0"}}
	if err := process.Run(context.Background(), build); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// build makes the image of the application.
func (r *rig) build(t *testing.T) {
	t.Helper()
	r.image = "bluegreen-rig-" + r.name
	app, err := program()
	must(t, err)
	var archive bytes.Buffer
	out := tar.NewWriter(&archive)
	must(t, out.WriteHeader(&tar.Header{Name: "app", Mode: 0o755, Size: int64(len(app))}))
	_, err = out.Write(app)
	must(t, errors.Join(err, out.Close()))
	t.Cleanup(func() { r.docker(t, nil, "image", "rm", "-f", r.image) })
	r.docker(t, &archive, "import", "--change", `ENTRYPOINT ["/app"]`, "-", r.image)
}

// slots starts a server and a worker in both slots.
func (r *rig) slots(t *testing.T) {
	t.Helper()
	for _, s := range release.Slots {
		id := map[release.Slot]string{release.Blue: "acme-shop-6", release.Green: string(shop)}[s]
		for _, service := range []string{"web", "worker"} {
			r.serve(t, s, service, "--label", slot.LabelRelease+"="+id)
		}
	}
}

// serve starts a container as compose would.
func (r *rig) serve(t *testing.T, s release.Slot, service string, more ...string) {
	t.Helper()
	name := fmt.Sprintf("%s-%s-%s", r.name, s, service)
	t.Cleanup(func() { r.docker(t, nil, "rm", "-f", "-v", name) })
	args := append([]string{
		"run", "-d", "--name", name, "--network", "host", "--label", "com.docker.compose.project=" + r.name + "-" + string(s),
		"--label", "com.docker.compose.service=" + service, "--label", "com.docker.compose.container-number=1",
		"--env", "VERSION=" + string(s), "--env", "LINES=mail to ann@example.org failed|ERROR ::error::forged|::add-mask::mail|ERROR ##[error]<img src=x> [a](https://example.com) @octocat",
	}, more...)
	if service == "web" {
		args = append(args, "--env", fmt.Sprint("PORT=", r.ports[s]))
	}
	r.docker(t, nil, append(args, r.image, "serve")...)
}

func (r *rig) docker(t *testing.T, stdin io.Reader, args ...string) {
	t.Helper()
	if err := process.Run(context.Background(), process.Command{Path: "docker", Args: args, Env: []string{"DOCKER_HOST=" + r.host}, Stdin: stdin}); err != nil {
		t.Errorf("%v", err)
	}
}

// balancer gives green all the traffic, as after a release that was shifted.
func (r *rig) balancer(t *testing.T) {
	t.Helper()
	s := r.settings("http://127.0.0.1:1")
	sw, err := nginx.New(s, []release.Weight{50, 100})
	must(t, err)
	_, err = sw.Install(t.Context(), release.Blue)
	must(t, err)
	server := lab.Nginx(t, fmt.Sprintf(userConf, s.Config, strings.TrimSuffix(s.Config, ".conf")+".server"))
	s.URL, r.url = server.URL, server.URL
	r.nginx, err = nginx.New(s, []release.Weight{50, 100})
	must(t, err)
	must(t, traffic.TakeClaim(t.Context(), r.nginx, release.Green, shop, true))
	r.shifted(t)
}

// settings is nginx as the configuration describes it.
func (r *rig) settings(url string) nginx.Settings {
	at := func(s release.Slot) []nginx.Address {
		return []nginx.Address{nginx.Address(fmt.Sprint("127.0.0.1:", r.ports[s]))}
	}
	return nginx.Settings{
		State: filepath.Join(r.dir, "state"), URL: url, Config: filepath.Join(r.dir, "conf", "bluegreen.conf"), Split: nginx.ByCookie,
		Services: map[string]nginx.Service{"web": {Blue: at(release.Blue), Green: at(release.Green)}},
	}
}

// shifted writes down a shift to green, and gives it all the traffic.
func (r *rig) shifted(t *testing.T) {
	t.Helper()
	must(t, r.nginx.Update(t.Context(), func(p *traffic.Page) error {
		p.Good = &traffic.Good{Slot: release.Blue, Release: "acme-shop-6", At: time.Now()}
		p.Shift = &traffic.Note{Release: shop, Candidate: release.Green, Started: time.Now(), Finished: time.Now()}
		return nil
	}))
	must(t, r.nginx.Set(t.Context(), release.Green, 100, 1))
}

// configure writes the configuration as a user would.
func (r *rig) configure(t *testing.T) {
	t.Helper()
	r.configuration = fmt.Sprintf(`application: %[1]s
shift: {steps: [{weight: 50, bake: 1s}, {weight: 100, bake: 1s}], observe: 1000}
router:
  nginx:
    state: %[2]s/state
    config: %[2]s/conf/bluegreen.conf
    url: %[3]s
    services: {web: {blue: "127.0.0.1:%[4]d", green: "127.0.0.1:%[5]d"}}
slots:
  blue: {project: %[1]s-blue, docker: "${DOCKER}", services: {web: "http://127.0.0.1:%[4]d"}}
  green: {project: %[1]s-green, docker: "${DOCKER}", services: {web: "http://127.0.0.1:%[5]d"}}
  settle: 0s
queue: {url: "${REDIS_URL}", name: jobs, produced: "jobs:produced", done: "jobs:totals:"}
database: {url: "${DATABASE_URL}", counts: {tables: "SELECT count(*) FROM pg_tables"}}
notify: {webhooks: "${WEBHOOK}", slack: "${SLACK:-}"}
`, r.name, r.dir, r.url, r.ports[release.Blue], r.ports[release.Green])
	must(t, os.MkdirAll(filepath.Join(r.dir, ".github"), 0o755))
	r.write(t, r.configuration)
}

func (r *rig) write(t *testing.T, configuration string) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(r.dir, ".github", "bluegreen.yml"), []byte(configuration), 0o644))
}

// result is what a phase left.
type result struct {
	status       int
	outputs      map[string]string
	log, summary string
}

// run runs a phase as a job of the release would; env changes what it finds.
func (r *rig) run(t *testing.T, env map[string]string, args ...string) result {
	t.Helper()
	return r.until(t.Context(), t, env, args...)
}

// until is run with an end.
func (r *rig) until(ctx context.Context, t *testing.T, env map[string]string, args ...string) result {
	t.Helper()
	dir := t.TempDir()
	variables := map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/shop", "GITHUB_RUN_ID": "7",
		"GITHUB_OUTPUT": filepath.Join(dir, "output"), "GITHUB_STEP_SUMMARY": filepath.Join(dir, "summary"),
		"INPUT_WORKING-DIRECTORY": r.dir, "INPUT_WATCH": "0s",
		"DOCKER": r.host, "REDIS_URL": r.redis, "DATABASE_URL": r.dsn, "WEBHOOK": r.inbox.URL + "/hunter2-hunter2",
	}
	for name, value := range env {
		variables[name] = value
	}
	var out bytes.Buffer
	status := command{args: args, getenv: func(name string) string { return variables[name] }, stdout: &out, stderr: &out}.main(ctx)
	text, _ := os.ReadFile(filepath.Join(dir, "output"))
	summary, _ := os.ReadFile(filepath.Join(dir, "summary"))
	outputs, err := runnertest.Outputs(string(text))
	must(t, err)
	step := runnertest.Step{Log: out.String(), Output: string(text), Summary: string(summary)}
	for _, found := range step.Forged(slices.Collect(maps.Keys(outputs)), strings.Join(slices.Collect(maps.Values(variables)), "\n")) {
		t.Errorf("%v: %s", args, found)
	}
	return result{status, outputs, out.String(), string(summary)}
}

// impatient is what is said when the machine is too slow for a limit.
var impatient = regexp.MustCompile(`took longer than|no answer within|did not answer within`)

// patiently runs a phase, which may be repeated, until the machine was quick enough
// for its limits.
func (r *rig) patiently(t *testing.T, env map[string]string, args ...string) result {
	t.Helper()
	for try := 1; ; try++ {
		got := r.run(t, env, args...)
		if try == 20 || !impatient.MatchString(got.log+got.summary) {
			return got
		}
		t.Logf("try %d: the machine was too slow", try)
	}
}

// back is run for a rollback that has traffic to move. A machine that is too slow to
// ask the good slot in time leaves it where it is.
func (r *rig) back(t *testing.T, env map[string]string, args ...string) result {
	t.Helper()
	for try := 1; ; try++ {
		got := r.run(t, env, args...)
		if try == 20 || got.outputs["moved"] == "true" || !impatient.MatchString(got.log) {
			return got
		}
		t.Logf("try %d: the machine was too slow", try)
	}
}

// ok fails unless the phase ended with this status, and blue and green have what
// they should.
func (r *rig) ok(t *testing.T, got result, status int, live release.Slot) {
	t.Helper()
	if got.status != status {
		t.Fatalf("exit status %d, want %d:\n%s\n%s", got.status, status, got.log, got.summary)
	}
	weights, err := r.nginx.Weights(t.Context())
	if err != nil || weights.Of(live) != 100 {
		t.Fatalf("the traffic is %v, %v; want all of it at %s", weights, err, live)
	}
	for line := range strings.Lines(got.log + got.summary + fmt.Sprint(got.outputs)) {
		if strings.Contains(line, "hunter2-hunter2") && !strings.HasPrefix(line, "::add-mask::") {
			t.Errorf("a secret is shown: %s", line)
		}
	}
}

// evidence is the status of an item of the plan.
func (g result) evidence(t *testing.T, id string) release.Status {
	t.Helper()
	var all []release.Evidence
	must(t, json.Unmarshal([]byte(g.outputs["evidence"]), &all))
	for _, e := range all {
		if e.ID == id {
			return e.Status
		}
	}
	return ""
}

func (r *rig) container(t *testing.T, s release.Slot, service string) slot.Container {
	t.Helper()
	all, err := r.engine.Containers(t.Context(), r.name+"-"+string(s))
	must(t, err)
	for _, c := range all {
		if c.Service == service {
			return c
		}
	}
	t.Fatalf("%s has no %s", s, service)
	return slot.Container{}
}

func (r *rig) state(t *testing.T, s release.Slot, service string, want slot.State) {
	t.Helper()
	if c := r.container(t, s, service); c.State != want {
		t.Errorf("%s of %s is %s, want %s", service, s, c.State, want)
	}
}

// stop stops all of a slot, as finalize or a person does.
func (r *rig) stop(t *testing.T, s release.Slot) {
	t.Helper()
	for _, service := range []string{"web", "worker"} {
		must(t, r.engine.Stop(t.Context(), r.container(t, s, service).ID, time.Minute))
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
