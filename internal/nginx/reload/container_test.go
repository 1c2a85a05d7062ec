package reload_test

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"

	"github.com/bluegreen-actions/bluegreen/internal/docker"
	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/nginx"
	"github.com/bluegreen-actions/bluegreen/internal/nginx/reload"
	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

const contained = `
daemon off; user root; worker_processes 2; error_log stderr; pid /run/nginx.pid;
events {}
http {
	access_log off;
	include %s;
	include %s;
	server { listen 127.0.0.1:%d; limit_req zone=lr burst=100000 nodelay; location / { proxy_pass http://web; } }
}
`

// TestAnNginxInAContainer: its files are below folders that are mounted, its log
// is the container's, and it is tested and told through the engine.
func TestAnNginxInAContainer(t *testing.T) {
	t.Parallel()
	b := &bench{settings: settings(t), served: served()}
	host, ports, name := lab.Docker(t), lab.Ports(t, 2), lab.Name(t)
	dir := disk(t)
	s := &b.settings
	s.Include = filepath.Join(dir, "include", "upstreams.conf")
	s.Config, s.Pid, s.ErrorLog = filepath.Join(dir, "nginx.conf"), "", ""
	s.Listen = nginx.Address(fmt.Sprintf("127.0.0.1:%d", ports[0]))
	s.Services = map[string]reload.Service{"web": {Blue: b.backend(t, "web", release.Blue), Green: b.backend(t, "web", release.Green)}}
	s.Container, s.Docker = name, host
	b.foreign = filepath.Join(dir, "foreign.conf")
	b.write(t, foreign)
	must(t, os.WriteFile(s.Config, fmt.Appendf(nil, contained, s.Include, b.foreign, ports[1]), 0o644))
	_, err := b.open(t).Install(t.Context(), release.Blue)
	must(t, err)

	r := b.open(t)
	says(t, "no container", r.Try(t.Context()), "ask nginx")
	start(t, host, name, dir)
	soon(t, r, release.Split(release.Blue, 100))
	must(t, r.Try(t.Context()))
	for _, w := range []release.Weight{10, 100} {
		must(t, r.Set(t.Context(), release.Green, w, 1))
		splits(t, r, release.Split(release.Green, w))
	}
	must(t, r.Restore(t.Context(), release.Blue))
	splits(t, r, release.Split(release.Blue, 100))

	for _, c := range refusals[:3] {
		b.write(t, c.spoil(t))
		says(t, c.name, r.Set(t.Context(), release.Green, 50, 2), c.want)
		b.write(t, foreign)
	}
	splits(t, r, release.Split(release.Blue, 100))
	equal(t, "break glass", strings.HasSuffix(r.BreakGlass(release.Blue), "docker -H "+host+" kill -s HUP "+name), true)

	b.settings.Container = "no-such-container"
	says(t, "another container", b.open(t).Try(t.Context()), "no-such-container")
}

// start runs this machine's nginx in a container of its own files.
func start(t *testing.T, host, name, dir string) {
	t.Helper()
	engine, err := docker.Open(t.Context(), host, nil)
	must(t, err)
	t.Cleanup(func() { _ = engine.Close() })
	api := engine.API()
	reference := name + ":test"
	body, err := api.ImageImport(t.Context(), image.ImportSource{Source: root(t), SourceName: "-"}, reference, image.ImportOptions{})
	must(t, err)
	_, err = io.Copy(io.Discard, body)
	must(t, err)
	must(t, body.Close())
	t.Cleanup(func() {
		if t.Failed() {
			_ = engine.Logs(context.Background(), name, time.Time{}, 20, func(line string) { t.Log(line) })
		}
		remove(t, api, name, reference)
	})
	_, err = api.ContainerCreate(t.Context(),
		&container.Config{Image: reference, Cmd: []string{"/usr/sbin/nginx", "-c", dir + "/nginx.conf"}, Env: []string{"PATH=/usr/sbin"}},
		&container.HostConfig{Binds: []string{dir + ":" + dir + ":ro"}, NetworkMode: "host"}, nil, nil, name)
	must(t, err)
	must(t, api.ContainerStart(t.Context(), name, container.StartOptions{}))
}

func remove(t *testing.T, api *client.Client, name, reference string) {
	ctx := context.Background() // the test's has ended
	_ = api.ContainerRemove(ctx, name, container.RemoveOptions{Force: true})
	if _, err := api.ImageRemove(ctx, reference, image.RemoveOptions{Force: true}); err != nil {
		t.Error(err)
	}
}

// root is a file system with nginx and the libraries that it needs.
func root(t *testing.T) io.Reader {
	t.Helper()
	list, err := process.Output(t.Context(), process.Command{Path: "ldd", Args: []string{"/usr/sbin/nginx"}})
	must(t, err)
	files := []string{"/usr/sbin/nginx"}
	for _, word := range strings.Fields(string(list)) {
		if strings.HasPrefix(word, "/") {
			files = append(files, word)
		}
	}
	var out bytes.Buffer
	to := tar.NewWriter(&out)
	add := func(name string, text []byte) {
		must(t, to.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(text))}))
		_, err := to.Write(text)
		must(t, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		add(file[1:], text)
	}
	add("etc/passwd", []byte("root:x:0:0:root:/:/\n"))
	add("etc/group", []byte("root:x:0:\n"))
	for _, dir := range []string{"run", "tmp", "var/log/nginx", "var/lib/nginx", "usr/share/nginx"} {
		must(t, to.WriteHeader(&tar.Header{Name: dir + "/", Typeflag: tar.TypeDir, Mode: 0o755}))
	}
	must(t, to.Close())
	return &out
}
