package nginx_test

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// vessel is an nginx in a container: a bench with another way to start it.
type vessel struct {
	*bench
	engine *client.Client
	id     string
}

// contain starts nginx in a container that sees exactly the mounts, read-only.
func contain(t *testing.T, b *bench, mounts ...string) *vessel {
	t.Helper()
	engine, err := client.NewClientWithOpts(client.WithHost(lab.Docker(t)), client.WithAPIVersionNegotiation())
	must(t, err)
	t.Cleanup(func() { _ = engine.Close() })
	name := lab.Name(t)
	load(t, engine, name)
	port := lab.Ports(t, 1)[0]
	b.settings.URL = fmt.Sprintf("http://127.0.0.1:%d", port)
	b.server = &lab.Server{URL: b.settings.URL}
	conf := filepath.Join(filepath.Dir(b.settings.Config), "nginx.conf")
	text := "daemon off; pid /tmp/nginx.pid; error_log /dev/stderr; user www-data; " + fmt.Sprintf(main, b.settings.Config, beside(b, ".server"))
	text = strings.NewReplacer("{{.Port}}", fmt.Sprint(port), "access_log off;", "access_log off; client_body_temp_path /tmp/b; proxy_temp_path /tmp/p; fastcgi_temp_path /tmp/f; uwsgi_temp_path /tmp/u; scgi_temp_path /tmp/s;").Replace(text)
	must(t, os.WriteFile(conf, []byte(text), 0o644))
	var binds []string
	for _, path := range mounts {
		binds = append(binds, path+":"+path+":ro")
	}
	made, err := engine.ContainerCreate(t.Context(),
		&container.Config{Image: name, Cmd: []string{"/usr/sbin/nginx", "-c", conf}},
		&container.HostConfig{NetworkMode: "host", Binds: binds}, nil, nil, name)
	must(t, err)
	v := &vessel{b, engine, made.ID}
	t.Cleanup(func() { v.remove(t, name) })
	must(t, engine.ContainerStart(t.Context(), made.ID, container.StartOptions{}))
	v.await(t)
	return v
}

func (v *vessel) remove(t *testing.T, name string) {
	ctx := context.Background()
	if t.Failed() {
		logs, err := v.engine.ContainerLogs(ctx, v.id, container.LogsOptions{ShowStdout: true, ShowStderr: true})
		if err == nil {
			text, _ := io.ReadAll(logs)
			t.Logf("the container says: %s", text)
		}
	}
	must(t, v.engine.ContainerRemove(ctx, v.id, container.RemoveOptions{Force: true}))
	_, err := v.engine.ImageRemove(ctx, name, image.RemoveOptions{Force: true})
	must(t, err)
}

// await waits until nginx answers, with whatever.
func (v *vessel) await(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		err := v.open(t).Try(t.Context())
		if err == nil || !strings.Contains(err.Error(), "connection refused") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("nginx in the container: %v", err)
		}
	}
}

// load makes an image of this machine's nginx and nothing else.
func load(t *testing.T, engine *client.Client, name string) {
	t.Helper()
	must(t, lab.Install(t.Context(), os.Stderr, "nginx"))
	var text bytes.Buffer
	w := tar.NewWriter(&text)
	add := func(name string, mode int64, content []byte) {
		must(t, w.WriteHeader(&tar.Header{Name: strings.TrimPrefix(name, "/"), Mode: mode, Size: int64(len(content)), Typeflag: tar.TypeReg}))
		_, err := w.Write(content)
		must(t, err)
	}
	for _, path := range append(libraries(t), "/usr/sbin/nginx") {
		content, err := os.ReadFile(path)
		must(t, err)
		add(path, 0o755, content)
	}
	add("/etc/passwd", 0o644, []byte("root:x:0:0::/:/\nwww-data:x:33:33::/:/\n"))
	add("/etc/group", 0o644, []byte("root:x:0:\nwww-data:x:33:\n"))
	for _, dir := range []string{"tmp/", "var/lib/nginx/", "var/log/nginx/"} {
		must(t, w.WriteHeader(&tar.Header{Name: dir, Mode: 0o1777, Typeflag: tar.TypeDir}))
	}
	add("/var/log/nginx/error.log", 0o666, nil)
	must(t, w.Close())
	answer, err := engine.ImageImport(t.Context(), image.ImportSource{Source: &text, SourceName: "-"}, name, image.ImportOptions{})
	must(t, err)
	defer answer.Close()
	_, err = io.Copy(io.Discard, answer)
	must(t, err)
}

var library = regexp.MustCompile(`(/\S+) \(0x`)

func libraries(t *testing.T) (all []string) {
	t.Helper()
	out, err := process.Output(t.Context(), process.Command{Path: "ldd", Args: []string{"/usr/sbin/nginx"}})
	must(t, err)
	for _, m := range library.FindAllStringSubmatch(string(out), -1) {
		all = append(all, m[1])
	}
	return all
}

func TestAnNginxInAContainer(t *testing.T) {
	t.Parallel()
	t.Run("with both folders mounted is switched, and keeps the split over a restart", func(t *testing.T) {
		t.Parallel()
		b := installed(t)
		v := contain(t, b, b.settings.State, filepath.Dir(b.settings.Config))
		s := v.open(t)
		must(t, s.Try(t.Context()))
		must(t, s.Set(t.Context(), release.Green, 50, 1))
		splits(t, s, release.Split(release.Green, 50))
		must(t, v.engine.ContainerRestart(t.Context(), v.id, container.StopOptions{}))
		v.await(t)
		splits(t, s, release.Split(release.Green, 50))
		must(t, s.Restore(t.Context(), release.Blue))
		splits(t, s, release.Split(release.Blue, 100))
		must(t, s.Set(t.Context(), release.Green, 100, 2))
		must(t, s.Settle(t.Context(), release.Green))
		must(t, os.RemoveAll(b.settings.State)) // and starts on the live slot without its state
		must(t, v.engine.ContainerRestart(t.Context(), v.id, container.StopOptions{}))
		body := ""
		for deadline := time.Now().Add(time.Minute); body == "" && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			body = v.try(t)
		}
		equal(t, "the default", body, "web green")
	})
	t.Run("without the state folder is found", func(t *testing.T) {
		t.Parallel()
		b := installed(t)
		v := contain(t, b, filepath.Dir(b.settings.Config))
		says(t, "try", v.open(t).Try(t.Context()), "does not see the files in "+b.settings.State)
	})
	t.Run("with single files mounted is found after the next installation", func(t *testing.T) {
		t.Parallel()
		b := installed(t)
		conf := filepath.Join(filepath.Dir(b.settings.Config), "nginx.conf")
		must(t, os.WriteFile(conf, nil, 0o644))
		v := contain(t, b, b.settings.State, conf, b.settings.Config, beside(b, ".server"), beside(b, ".default"))
		must(t, v.open(t).Try(t.Context()))
		v.steps = append(v.steps, 25)
		_, err := v.open(t).Install(t.Context(), "")
		must(t, err)
		must(t, v.engine.ContainerKill(t.Context(), v.id, "HUP"))
		time.Sleep(300 * time.Millisecond) // it reads the files that it had before, however long it takes
		err = v.open(t).Try(t.Context())
		says(t, "try", err, "has not been reloaded since the configuration was installed")
		equal(t, "hint", strings.Contains(release.HintOf(err), "mount the folder of the configuration and not single files"), true)
	})
}

// try is the answer to one request, or nothing.
func (v *vessel) try(t *testing.T) string {
	share, err := v.open(t).Observe(t.Context(), 1)
	if err != nil || share.Total() != 1 {
		return ""
	}
	body, _ := v.get(t, "/")
	return body
}
