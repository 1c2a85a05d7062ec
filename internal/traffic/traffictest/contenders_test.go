package traffictest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/haproxy"
	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/nginx"
	"github.com/bluegreen-actions/bluegreen/internal/nginx/reload"
	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic/traffictest"
)

func openSwitch(b *testing.B, blue, green string) contest {
	b.Helper()
	dir := disk(b)
	s, err := nginx.New(nginx.Settings{
		State: filepath.Join(dir, "state"), URL: "http://127.0.0.1:1", Config: filepath.Join(dir, "bluegreen.conf"), Split: nginx.Random,
		Services: map[string]nginx.Service{"web": {Blue: []nginx.Address{nginx.Address(blue)}, Green: []nginx.Address{nginx.Address(green)}}},
	}, []release.Weight{1, 10, 50, 100})
	must(b, err)
	_, err = s.Install(b.Context(), release.Blue)
	must(b, err)
	server := lab.Nginx(b, fmt.Sprintf(lab.NginxRoom+"http { include %[1]s/bluegreen.conf; server { listen 127.0.0.1:{{.Port}}; include %[1]s/bluegreen.server; location / { proxy_pass http://$bluegreen_web; } } }", dir))
	return contest{server.URL, traffictest.Mover(s), s}
}

func openHAProxy(b *testing.B, blue, green string) contest {
	b.Helper()
	dir := disk(b)
	p, err := haproxy.New(haproxy.Settings{
		State: filepath.Join(dir, "state"), Socket: filepath.Join(dir, "admin.sock"), URL: "http://127.0.0.1:1", Config: filepath.Join(dir, "bluegreen.cfg"), Split: haproxy.Random,
		Services: map[string]haproxy.Service{"web": {Blue: []haproxy.Address{haproxy.Address(blue)}, Green: []haproxy.Address{haproxy.Address(green)}}},
	})
	must(b, err)
	_, err = p.Install(b.Context(), release.Blue)
	must(b, err)
	server := lab.HAProxy(b, fmt.Sprintf(`
global
	maxconn 8192
	stats socket %s/admin.sock mode 600 level user expose-fd listeners
defaults
	mode http
	timeout connect 2s
	timeout client 30s
	timeout server 30s
frontend web
	bind 127.0.0.1:{{.Port}}
	use_backend bluegreen_web
`, dir), filepath.Join(dir, "bluegreen.cfg"))
	return contest{server.URL, traffictest.Mover(p), p}
}

// openReload is an nginx with one include of ours. In its http block there is
// more: such as the keepalive_timeout 0 that a release sets from its first step on.
func openReload(more string) func(b *testing.B, blue, green string) contest {
	return func(b *testing.B, blue, green string) contest {
		b.Helper()
		dir := disk(b)
		s := reload.Settings{
			Include: filepath.Join(dir, "upstreams.conf"), State: filepath.Join(dir, "state"), Keepalive: 32, Timeout: 4 * time.Second,
			Listen:   nginx.Address(fmt.Sprintf("127.0.0.1:%d", lab.Ports(b, 1)[0])),
			Services: map[string]reload.Service{"web": {Blue: []nginx.Address{nginx.Address(blue)}, Green: []nginx.Address{nginx.Address(green)}}},
			Config:   filepath.Join(dir, "nginx.conf"), Pid: filepath.Join(dir, "nginx.pid"), ErrorLog: filepath.Join(dir, "error.log"),
		}
		r, err := reload.New(s)
		must(b, err)
		_, err = r.Install(b.Context(), release.Blue)
		must(b, err)
		server := lab.Nginx(b, lab.NginxRoom+"http { "+more+" include "+s.Include+"; server { listen 127.0.0.1:{{.Port}}; location / { proxy_pass http://web; proxy_http_version 1.1; proxy_set_header Connection \"\"; } } }")
		s.Config, s.Pid, s.ErrorLog = filepath.Join(server.Dir, "nginx.conf"), filepath.Join(server.Dir, "nginx.pid"), filepath.Join(server.Dir, "error.log")
		r, err = reload.New(s)
		must(b, err)
		return contest{server.URL, traffictest.Mover(r), r}
	}
}

// openPlan is section 4.1 of the plan, with the side without weight left out,
// since nginx refuses weight=0.
func openPlan(b *testing.B, blue, green string) contest {
	b.Helper()
	include := filepath.Join(disk(b), "upstream.conf")
	write := func(to release.Slot) error {
		address := map[release.Slot]string{release.Blue: blue, release.Green: green}[to]
		return os.WriteFile(include, []byte("upstream mailblast_backend { zone app 64k; server "+address+" weight=100; keepalive 32; }\n"), 0o644)
	}
	must(b, write(release.Blue))
	must(b, lab.Install(b.Context(), os.Stderr, "curl"))
	server := lab.Nginx(b, lab.NginxRoom+"http { include "+include+"; server { listen 127.0.0.1:{{.Port}}; location / { proxy_pass http://mailblast_backend; proxy_http_version 1.1; proxy_set_header Connection \"\"; } } }")
	run := func(ctx context.Context, args ...string) error {
		return process.Run(ctx, process.Command{Path: "nginx", Args: append([]string{"-p", server.Dir, "-c", filepath.Join(server.Dir, "nginx.conf")}, args...)})
	}
	move := func(ctx context.Context, to release.Slot) error {
		if err := write(to); err != nil {
			return err
		}
		if err := run(ctx, "-t"); err != nil {
			return err
		}
		if err := run(ctx, "-s", "reload"); err != nil {
			return err
		}
		return process.Run(ctx, process.Command{Path: "curl", Args: []string{"-fsS", "-o", "/dev/null", server.URL}})
	}
	return contest{server.URL, move, nil}
}

// openCaddy is a peer that is moved through an API, too: each move is a new
// configuration in its process.
func openCaddy(b *testing.B, blue, green string) contest {
	b.Helper()
	must(b, lab.Install(b.Context(), os.Stderr, "caddy"))
	dir, ports := disk(b), lab.Ports(b, 2)
	url, admin := fmt.Sprintf("http://127.0.0.1:%d", ports[0]), fmt.Sprintf("127.0.0.1:%d", ports[1])
	dial := func(to release.Slot) []any {
		return []any{map[string]string{"dial": map[release.Slot]string{release.Blue: blue, release.Green: green}[to]}}
	}
	conf, err := json.Marshal(map[string]any{
		"admin":   map[string]any{"listen": admin},
		"logging": map[string]any{"logs": map[string]any{"default": map[string]any{"level": "ERROR"}}},
		"apps": map[string]any{"http": map[string]any{"servers": map[string]any{"web": map[string]any{
			"listen":          []string{fmt.Sprintf("127.0.0.1:%d", ports[0])},
			"automatic_https": map[string]any{"disable": true},
			"routes":          []any{map[string]any{"handle": []any{map[string]any{"handler": "reverse_proxy", "upstreams": dial(release.Blue)}}}},
		}}}},
	})
	must(b, err)
	file := filepath.Join(dir, "caddy.json")
	must(b, os.WriteFile(file, conf, 0o644))
	running, err := process.Start(process.Command{Path: "caddy", Args: []string{"run", "--config", file}, Dir: dir,
		Env: []string{"HOME=" + dir, "XDG_DATA_HOME=" + dir, "XDG_CONFIG_HOME=" + dir}})
	must(b, err)
	b.Cleanup(func() { _ = running.Stop(context.Background()) })
	patch := func(ctx context.Context, to release.Slot) error {
		body, err := json.Marshal(dial(to))
		if err != nil {
			return err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPatch, "http://"+admin+"/config/apps/http/servers/web/routes/0/handle/0/upstreams", bytes.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if text, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK {
			return fmt.Errorf("caddy: %s: %s", res.Status, text)
		}
		return nil
	}
	for range 3000 {
		if err = patch(b.Context(), release.Blue); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	must(b, err)
	return contest{url, patch, nil}
}

// disk is a folder that survives a reboot and that a server's workers can reach.
func disk(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "bluegreen-bench-")
	must(tb, err)
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	must(tb, os.Chmod(dir, 0o755))
	return dir
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
