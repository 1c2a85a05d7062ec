package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/compose"
	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/nginx"
	"github.com/bluegreen-actions/bluegreen/internal/openloop"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// alone is nginx before it has heard of slots.
const alone = `
worker_processes 1;
events { worker_connections 1024; }
http {
	access_log off;
	server {
		listen 127.0.0.1:{{.Port}};
		location / { proxy_pass http://127.0.0.1:%d; }
	}
}
`

// An application that has users becomes the blue slot, step by step as the
// documentation has it, while they go on asking.
func TestALiveApplicationIsAdopted(t *testing.T) {
	t.Parallel()
	r := bare(t)
	r.up(t, r.name+"-blue", r.ports[release.Blue])
	server := lab.Nginx(t, fmt.Sprintf(alone, r.ports[release.Blue]))
	r.url = server.URL
	r.compose(t)
	end := users(t, r.url)

	r.says(t, r.patiently(t, nil, "adopt"), 3, "bluegreen nginx install --live blue")
	r.says(t, r.patiently(t, nil, "nginx", "install", "--live", "blue"), 0, "run nginx -t and nginx -s reload, once")
	r.says(t, r.patiently(t, nil, "adopt"), 1, "not adopted; nothing was changed") // nginx was not reloaded yet
	r.include(t, server)

	r.says(t, r.patiently(t, nil, "adopt", "--dry-run"), 0, "blue would be written down as live and good; nothing was changed")
	if page := r.page(t); page.Good != nil {
		t.Errorf("a dry run has written %+v", page.Good)
	}
	for range 2 { // twice is once
		r.says(t, r.patiently(t, nil, "adopt"), 0, "blue is live, and written down as the slot to go back to")
		page := r.page(t)
		if page.Good == nil || page.Good.Slot != release.Blue || page.Good.Release != "" || page.Shift != nil {
			t.Errorf("the ledger has %+v", page)
		}
	}
	r.ok(t, r.run(t, map[string]string{"GITHUB_RUN_ID": ""}, "rollback"), 0, release.Blue) // where it is already

	// The next version is no first release, and there is a way back from it.
	r.serve(t, release.Green, "web")
	r.serve(t, release.Green, "worker")
	r.says(t, r.patiently(t, nil, "status"), 0, "adopted\n")
	r.says(t, r.patiently(t, nil, "plan"), 1, "green  the way back is blue") // the rig has no migrations
	must(t, traffic.TakeClaim(t.Context(), r.nginx, release.Green, shop, false))
	must(t, r.nginx.Update(t.Context(), func(p *traffic.Page) error {
		p.Shift = &traffic.Note{Release: shop, Candidate: release.Green, Started: time.Now()}
		return nil
	}))
	must(t, r.nginx.Set(t.Context(), release.Green, 100, 1))
	r.says(t, r.patiently(t, nil, "adopt"), 1, "nothing is left to adopt: release acme-shop-7 has moved the traffic")
	r.ok(t, r.patiently(t, nil, "rollback"), 0, release.Blue)
	if report := end(); report.Lost() != 0 || report.Sent() == 0 {
		t.Errorf("%v", report)
	}
}

func TestWhatCannotBeAdopted(t *testing.T) {
	t.Parallel()
	r := bare(t)
	r.serve(t, release.Blue, "web")
	r.includeNew(t)
	r.compose(t)
	r.says(t, r.patiently(t, nil, "adopt", "--dry-run"), 0, "blue would be written down")
	blue, staging, port := r.name+"-blue", r.name+"-staging", lab.Ports(t, 1)[0]
	r.up(t, staging, port)
	ill := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	t.Cleanup(ill.Close)
	at := func(s release.Slot) string { return fmt.Sprint("http://127.0.0.1:", r.ports[s]) }
	tests := map[string]struct{ old, new, want string }{
		"a project that runs nothing":          {"project: " + blue, "project: nosuch", "compose project nosuch has no container"},
		"the project of a neighbour":           {"project: " + blue, "project: " + staging, fmt.Sprintf("no running container of compose project %s publishes port %d", staging, r.ports[release.Blue])},
		"the address of a neighbour":           {at(release.Blue), fmt.Sprint("http://127.0.0.1:", port), fmt.Sprintf("port %d is published by container %s", port, staging)},
		"an address where nobody is":           {at(release.Blue), "http://127.0.0.1:1", "web: GET /"},
		"an address where somebody is ill":     {at(release.Blue), ill.URL, "web: GET /: 502"},
		"an address that a stranger has":       {at(release.Green), r.inbox.URL, "its web answers: a release could not listen there"},
		"one address for both":                 {at(release.Green), at(release.Blue), "web has the same address in both slots"},
		"a slot that is not configured":        {"project: " + blue, "project: ''", "slots.blue.project"},
		"an idle slot with other's containers": {"project: " + r.name + "-green", "project: " + staging, "compose project " + staging + " has web 1, worker 1, which no release has put there"},
		"a worker that there is not":           {"  settle: 0s", "  workers: {service: bulk}\n  settle: 0s", `or to "" in the configuration file where none does`},
		"no compose files":                     {"compose: [compose.yml], ", "", "compose files of project " + blue + " are missing"},
	}
	for name, tt := range tests {
		r.write(t, strings.Replace(r.configuration, tt.old, tt.new, 1))
		if got := r.patiently(t, nil, "adopt"); got.status == 0 || !strings.Contains(got.log+got.summary, tt.want) {
			t.Errorf("%s: exit status %d:\n%s\n%s", name, got.status, got.log, got.summary)
		}
	}
	r.write(t, r.configuration)
	r.serve(t, release.Blue, "db")
	refused := r.run(t, nil, "preflight", "--version", "v1", "--commit", "0123456789abcdef0123456789abcdef01234567", "--environment", "production")
	r.says(t, refused, 1, "compose project "+blue+" has db 1, which no release has put there and no compose file of blue has")
	// In the compose files or not, it would be removed.
	for _, more := range []string{"", "  db: {image: " + r.image + "}\n"} {
		must(t, os.WriteFile(filepath.Join(r.dir, "compose.yml"), []byte(r.services(port)+more), 0o600))
		r.says(t, r.patiently(t, nil, "adopt"), 1, "compose project "+blue+" has db 1, which would be removed with the slot")
	}
	r.docker(t, nil, "stop", "-t", "0", r.name+"-blue-web")
	r.says(t, r.patiently(t, nil, "adopt"), 1, "web 1 is exited")
	if page := r.page(t); page.Good != nil {
		t.Errorf("the ledger has %+v", page)
	}
}

// services is the compose file of an application with a port on the host.
func (r *rig) services(port int) string {
	return fmt.Sprintf(`version: "3.7"
services:
  web: {image: %[1]s, command: [serve], ports: ["127.0.0.1:%[2]d:80"], environment: {PORT: ":80", VERSION: blue}}
  worker: {image: %[1]s, command: [worker]}
`, r.image, port)
}

// up starts a project with compose, as people do.
func (r *rig) up(t *testing.T, project string, port int) {
	t.Helper()
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "compose.yml"), []byte(r.services(port)), 0o600))
	stack, err := compose.Open(t.Context(), compose.Project{Name: project, Files: []string{"compose.yml"}, Dir: dir, Host: r.host}, nil)
	must(t, err)
	t.Cleanup(func() {
		if err := stack.Down(context.Background()); err != nil {
			t.Errorf("%v", err)
		}
	})
	must(t, stack.Up(t.Context(), nil, slot.Up{Services: []string{"web", "worker"}}))
}

// compose configures the rig with the compose files of both slots.
func (r *rig) compose(t *testing.T) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(r.dir, "compose.yml"), []byte(r.services(r.ports[release.Blue])), 0o600))
	r.configure(t)
	for _, s := range release.Slots {
		project := fmt.Sprintf("{project: %s-%s, ", r.name, s)
		r.configuration = strings.Replace(r.configuration, project, project+"compose: [compose.yml], ", 1)
	}
	r.write(t, r.configuration)
}

// users ask on connections of their own, which no reload closes under a request,
// until the end is called.
func users(t *testing.T, url string) (end func() openloop.Report) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan openloop.Report, 1)
	go func() {
		mix := []openloop.Request{{Path: "/", Fresh: true}, {Path: "/", Method: "POST", Fresh: true, Body: func(n int) string { return fmt.Sprint(n) }}}
		report, err := openloop.Run(ctx, openloop.Load{URL: url, Rate: 50, Mix: mix, Timeout: time.Minute})
		if err != nil {
			t.Errorf("%v", err)
		}
		done <- report
	}()
	return func() openloop.Report {
		stop()
		return <-done
	}
}

// include adds the generated files to nginx's configuration, as a person does.
func (r *rig) include(t *testing.T, server *lab.Server) {
	t.Helper()
	file := filepath.Join(server.Dir, "nginx.conf")
	text, err := os.ReadFile(file)
	must(t, err)
	conf := filepath.Join(r.dir, "conf", "bluegreen.")
	changed := strings.NewReplacer("access_log off;", "access_log off; include "+conf+"conf;", "location /", "include "+conf+"server; location /",
		fmt.Sprint("http://127.0.0.1:", r.ports[release.Blue]), "http://$bluegreen_web").Replace(string(text))
	must(t, os.WriteFile(file, []byte(changed), 0o644))
	before := workers(t, server)
	must(t, server.Reload())
	r.nginx, err = nginx.New(r.settings(r.url), []release.Weight{50, 100})
	must(t, err)
	// Until the last worker of before is gone, it may answer.
	for slices.ContainsFunc(workers(t, server), func(pid string) bool { return slices.Contains(before, pid) }) {
		time.Sleep(10 * time.Millisecond)
	}
}

// workers is the processes of nginx below its master.
func workers(t *testing.T, server *lab.Server) []string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", server.Pid()))
	must(t, err)
	return strings.Fields(string(text))
}

// includeNew is an nginx that is installed already.
func (r *rig) includeNew(t *testing.T) {
	t.Helper()
	server := lab.Nginx(t, fmt.Sprintf(alone, r.ports[release.Blue]))
	r.url = server.URL
	r.configure(t)
	r.says(t, r.patiently(t, nil, "nginx", "install"), 0, "files are in place")
	r.include(t, server)
}

// says fails unless a command ended with this status and said this.
func (r *rig) says(t *testing.T, got result, status int, want string) {
	t.Helper()
	if got.status != status || !strings.Contains(got.log+got.summary, want) {
		t.Fatalf("exit status %d, want %d and %q:\n%s\n%s", got.status, status, want, got.log, got.summary)
	}
}

func (r *rig) page(t *testing.T) traffic.Page {
	t.Helper()
	page, err := r.nginx.Read(t.Context())
	must(t, err)
	return page
}
