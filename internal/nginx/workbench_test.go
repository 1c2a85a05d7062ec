package nginx_test

import (
	"fmt"
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
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic/traffictest"
)

// steps are those that the suite for load balancers wants.
var steps = []release.Weight{10, 50, 100}

// disk is a folder that survives a reboot and that nginx's workers can reach,
// unlike a testing.T's.
func disk(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "bluegreen-")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	must(t, os.Chmod(dir, 0o755))
	return dir
}

// settings are those of a switch in a folder of its own, which no nginx serves.
func settings(t *testing.T) nginx.Settings {
	t.Helper()
	dir := disk(t)
	return nginx.Settings{
		State:  filepath.Join(dir, "state"),
		URL:    "http://127.0.0.1:1",
		Config: filepath.Join(dir, "conf", "bluegreen.conf"),
		Split:  nginx.ByCookie,
		Services: map[string]nginx.Service{
			"web": {Blue: []nginx.Address{"127.0.0.1:2"}, Green: []nginx.Address{"127.0.0.1:3"}},
			"api": {Blue: []nginx.Address{"127.0.0.1:4"}, Green: []nginx.Address{"127.0.0.1:5"}},
		},
	}
}

func open(t *testing.T, s nginx.Settings, steps []release.Weight) *nginx.Switch {
	t.Helper()
	made, err := nginx.New(s, steps)
	must(t, err)
	t.Cleanup(made.Close)
	return made
}

// bench is a real nginx before two real slots.
type bench struct {
	settings nginx.Settings
	steps    []release.Weight
	server   *lab.Server
	served   map[release.Slot]*atomic.Int64 // requests that reached the slot
}

// main is the user's own configuration, around the generated one.
const main = lab.NginxRoom + `
worker_processes 2;
http {
	access_log off;
	open_file_cache max=1000;
	open_file_cache_valid 60s;
	open_file_cache_errors on;
	include %s;
	server {
		listen 127.0.0.1:{{.Port}};
		include %s;
		location / { proxy_pass http://$bluegreen_web; }
		location /api/ { proxy_pass http://$bluegreen_api; }
	}
}
`

func newBench(t *testing.T, change func(*nginx.Settings), steps ...release.Weight) *bench {
	t.Helper()
	b := newSlots(t, change, steps...)
	b.serve(t, fmt.Sprintf(main, b.settings.Config, beside(b, ".server")))
	return b
}

// installed is a bench that no nginx serves yet.
func installed(t *testing.T) *bench {
	t.Helper()
	return newSlots(t, nil, steps...)
}

func newSlots(t *testing.T, change func(*nginx.Settings), steps ...release.Weight) *bench {
	t.Helper()
	b := &bench{settings: settings(t), steps: steps, served: map[release.Slot]*atomic.Int64{release.Blue: {}, release.Green: {}}}
	b.settings.Services = map[string]nginx.Service{
		"web": {Blue: b.backend(t, "web", release.Blue), Green: b.backend(t, "web", release.Green)},
		"api": {Blue: b.backend(t, "api", release.Blue), Green: b.backend(t, "api", release.Green)},
	}
	if change != nil {
		change(&b.settings)
	}
	_, err := b.open(t).Install(t.Context(), release.Blue)
	must(t, err)
	return b
}

// serve starts an nginx with a configuration.
func (b *bench) serve(t *testing.T, conf string) {
	t.Helper()
	b.server = lab.Nginx(t, conf)
	b.settings.URL = b.server.URL
}

// open is the switch of another process.
func (b *bench) open(t *testing.T) *nginx.Switch {
	t.Helper()
	return open(t, b.settings, b.steps)
}

// backend answers with its service and slot, and counts.
func (b *bench) backend(t *testing.T, service string, slot release.Slot) []nginx.Address {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.served[slot].Add(1)
		w.Header().Set("X-Slot", string(slot))
		w.Header()["Got"] = append(r.Header["X-Bluegreen-Preview"], r.Header["Cookie"]...)
		fmt.Fprintf(w, "%s %s", service, slot)
	})}
	go func() { _ = server.Serve(listener) }() // ends with Close
	t.Cleanup(func() { _ = server.Close() })
	return []nginx.Address{nginx.Address(listener.Addr().String())}
}

// get sends one request on a connection of its own and returns the answer.
func (b *bench) get(t *testing.T, path string, header ...string) (body string, res *http.Response) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.server.URL+path, nil)
	must(t, err)
	req.Close = true
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			req.Host = header[i+1]
		}
	}
	res, err = http.DefaultClient.Do(req)
	must(t, err)
	defer res.Body.Close()
	var text strings.Builder
	buf := make([]byte, 4096)
	for {
		n, err := res.Body.Read(buf)
		text.Write(buf[:n])
		if err != nil {
			return text.String(), res
		}
	}
}

// splits says that the weights are read back and counted.
func splits(t *testing.T, s *nginx.Switch, want release.Weights) {
	t.Helper()
	traffictest.Splits(t, s, want, 1000)
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
		t.Errorf("%s: got %v, want %q", what, err, want)
	}
}
