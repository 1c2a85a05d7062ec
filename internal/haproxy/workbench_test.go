package haproxy_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/haproxy"
	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic/traffictest"
)

// disk is a folder that survives a reboot, unlike a testing.T's, and whose path
// is short enough for a socket.
func disk(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "bluegreen-")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	must(t, os.Chmod(dir, 0o755))
	return dir
}

// settings are those of a HAProxy in a folder of its own, which does not run.
func settings(t testing.TB) haproxy.Settings {
	t.Helper()
	dir := disk(t)
	return haproxy.Settings{
		State:  filepath.Join(dir, "state"),
		Socket: filepath.Join(dir, "admin.sock"),
		URL:    "http://127.0.0.1:1",
		Config: filepath.Join(dir, "bluegreen.cfg"),
		Split:  haproxy.ByCookie,
		Services: map[string]haproxy.Service{
			"web": {Blue: []haproxy.Address{"127.0.0.1:2"}, Green: []haproxy.Address{"127.0.0.1:3"}},
			"api": {Blue: []haproxy.Address{"127.0.0.1:4"}, Green: []haproxy.Address{"127.0.0.1:5"}},
		},
	}
}

func open(t testing.TB, s haproxy.Settings) *haproxy.Proxy {
	t.Helper()
	made, err := haproxy.New(s)
	must(t, err)
	return made
}

// bench is a real HAProxy before two real slots.
type bench struct {
	settings haproxy.Settings
	server   *lab.Server
	slots    *traffictest.Slots
}

// main is the user's own configuration.
const main = `
global
	stats socket SOCKET mode 600 level admin expose-fd listeners
defaults
	mode http
	timeout connect 60s
	timeout client 60s
	timeout server 60s
frontend all
	bind 127.0.0.1:{{.Port}}
	use_backend bluegreen_api if { path_beg /api/ }
	default_backend bluegreen_web
`

func newBench(t testing.TB, change func(*haproxy.Settings)) *bench {
	t.Helper()
	b := &bench{settings: settings(t), slots: traffictest.NewSlots(t)}
	for name := range b.settings.Services {
		b.settings.Services[name] = haproxy.Service{Blue: b.serve(name, release.Blue), Green: b.serve(name, release.Green)}
	}
	if change != nil {
		change(&b.settings)
	}
	_, err := b.open(t).Install(t.Context(), release.Blue)
	must(t, err)
	b.server = lab.HAProxy(t, strings.Replace(main, "SOCKET", b.settings.Socket, 1), b.settings.Config)
	b.settings.URL = b.server.URL
	return b
}

func (b *bench) serve(service string, slot release.Slot) []haproxy.Address {
	return []haproxy.Address{haproxy.Address(b.slots.Serve(service, slot))}
}

// open is HAProxy as another process has it.
func (b *bench) open(t testing.TB) *haproxy.Proxy {
	t.Helper()
	return open(t, b.settings)
}

// by is somebody else at the runtime API: MAP stands for the map.
func (b *bench) by(t testing.TB, commands ...string) {
	t.Helper()
	for i := range commands {
		commands[i] = strings.ReplaceAll(commands[i], "MAP", filepath.Join(b.settings.State, "split.map"))
	}
	answer, err := b.open(t).Send(commands...)
	must(t, err)
	if strings.TrimSpace(answer) != "" {
		t.Fatalf("%s: %s", commands, answer)
	}
}

// splits says that the weights are read back and counted.
func splits(t testing.TB, p *haproxy.Proxy, want release.Weights) {
	t.Helper()
	traffictest.Splits(t, p, want, 1000)
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

func says(t testing.TB, what string, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: got %v, want %q", what, err, want)
	}
}
