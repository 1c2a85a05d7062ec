package reload_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/nginx"
	"github.com/bluegreen-actions/bluegreen/internal/nginx/reload"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic/traffictest"
)

// longest is the time for a reload on a machine that does a lot else, and patience
// for whatever else takes its time there.
const (
	longest  = 4 * time.Second // of the settings
	patience = 3 * time.Minute
)

// disk is a folder that survives a reboot and that nginx can read, unlike a
// testing.T's.
func disk(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "bluegreen-")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	must(t, os.Chmod(dir, 0o755))
	return dir
}

// settings are those of an nginx that is not there.
func settings(t testing.TB) reload.Settings {
	t.Helper()
	dir := disk(t)
	return reload.Settings{
		Include:  filepath.Join(dir, "include", "upstreams.conf"),
		State:    filepath.Join(dir, "state"),
		Listen:   "127.0.0.1:1",
		Config:   filepath.Join(dir, "nginx.conf"),
		Pid:      filepath.Join(dir, "nginx.pid"),
		ErrorLog: filepath.Join(dir, "error.log"),
		Timeout:  longest,
		Services: map[string]reload.Service{
			"web": {Blue: []nginx.Address{"127.0.0.1:2"}, Green: []nginx.Address{"127.0.0.1:3"}, Path: "/"},
			"api": {Blue: []nginx.Address{"127.0.0.1:4"}, Green: []nginx.Address{"127.0.0.1:5"}, Path: "/health"},
		},
	}
}

func open(t testing.TB, s reload.Settings) *reload.Router {
	t.Helper()
	made, err := reload.New(s)
	must(t, err)
	return made
}

// bench is a real nginx before two real slots. Its configuration is somebody
// else's, except for one include.
type bench struct {
	settings reload.Settings
	server   *lab.Server
	served   map[release.Slot]*atomic.Int64 // requests that reached the slot
	foreign  string                         // a file that is not ours
}

// foreign is a file of that configuration that a test may change.
const foreign = `
limit_req_zone $binary_remote_addr zone=lr:1m rate=100000r/s;
`

const site = lab.NginxRoom + `
worker_processes 2;
http {
	access_log off;
	include %s;
	include %s;
	server {
		listen 127.0.0.1:{{.Port}};
		limit_req zone=lr burst=100000 nodelay;
		location / { proxy_pass http://web; }
		location /api/ { proxy_pass http://api; }
	}
}
`

func served() map[release.Slot]*atomic.Int64 {
	return map[release.Slot]*atomic.Int64{release.Blue: {}, release.Green: {}}
}

func newBench(t testing.TB, change func(*reload.Settings)) *bench {
	t.Helper()
	b := &bench{settings: settings(t), served: served()}
	b.settings.Listen = nginx.Address(fmt.Sprintf("127.0.0.1:%d", lab.Ports(t, 1)[0]))
	b.settings.Services = map[string]reload.Service{
		"web": {Blue: b.backend(t, "web", release.Blue), Green: b.backend(t, "web", release.Green), Path: "/"},
		"api": {Blue: b.backend(t, "api", release.Blue), Green: b.backend(t, "api", release.Green), Path: "/health"},
	}
	if change != nil {
		change(&b.settings)
	}
	_, err := b.open(t).Install(t.Context(), release.Blue)
	must(t, err)
	b.foreign = filepath.Join(disk(t), "foreign.conf")
	b.write(t, foreign)
	b.server = lab.Nginx(t, fmt.Sprintf(site, b.settings.Include, b.foreign))
	b.settings.Config = filepath.Join(b.server.Dir, "nginx.conf")
	b.settings.Pid = filepath.Join(b.server.Dir, "nginx.pid")
	b.settings.ErrorLog = filepath.Join(b.server.Dir, "error.log")
	return b
}

// write changes what is around the include.
func (b *bench) write(t testing.TB, text string) {
	t.Helper()
	must(t, os.WriteFile(b.foreign, []byte(text), 0o644))
}

// open is the router of another process.
func (b *bench) open(t testing.TB) *reload.Router {
	t.Helper()
	return open(t, b.settings)
}

// backend answers with its service and slot, and counts.
func (b *bench) backend(t testing.TB, service string, slot release.Slot) []nginx.Address {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.served[slot].Add(1)
		w.Header().Set("X-Slot", string(slot))
		fmt.Fprintf(w, "%s %s %s", service, slot, r.URL.Path)
	})}
	go func() { _ = server.Serve(listener) }() // ends with Close
	t.Cleanup(func() { _ = server.Close() })
	return []nginx.Address{nginx.Address(listener.Addr().String())}
}

func (b *bench) get(t testing.TB, path string) string {
	t.Helper()
	return fetch(t, b.server.URL+path)
}

// fetch sends one request on a connection of its own and returns the answer.
func fetch(t testing.TB, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	must(t, err)
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	must(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	must(t, err)
	return string(text)
}

func weights(t testing.TB, r *reload.Router) release.Weights {
	t.Helper()
	w, err := r.Weights(t.Context())
	must(t, err)
	return w
}

// splits says that the weights are read back and counted.
func splits(t testing.TB, r *reload.Router, want release.Weights) {
	t.Helper()
	traffictest.Splits(t, r, want, 300)
}

// eventually does it again where nginx is late, or deaf for seconds.
func eventually(t testing.TB, do func() error) {
	t.Helper()
	for begin := time.Now(); ; {
		err := do()
		if err == nil {
			return
		}
		if time.Since(begin) > patience {
			t.Fatal(err)
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func says(t testing.TB, what string, err error, want ...string) {
	t.Helper()
	for _, w := range want {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Errorf("%s: got %v, want %q", what, err, w)
		}
	}
}
