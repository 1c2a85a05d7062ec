package lab_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/process"
)

// The answer depends on a file that a worker looks for.
const markerConf = `
worker_processes 2;
events { worker_connections 64; }
http {
  server {
    listen 127.0.0.1:{{.Port}};
    location / {
      if (-f {{.Dir}}/state/green) { return 200 "green"; }
      return 200 "blue";
    }
  }
}
`

// becomeNginxOwner is a process that starts an nginx and is killed.
func becomeNginxOwner() {
	port, err := strconv.Atoi(os.Getenv("LAB_TEST_PORT"))
	if err == nil {
		var server *lab.Server
		server, err = lab.NewNginx(context.Background(), os.Getenv("LAB_TEST_DIR"), markerConf, port)
		if err == nil {
			fmt.Println(server.Pid())
			time.Sleep(time.Hour)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func get(t *testing.T, url string) string {
	t.Helper()
	client := http.Client{Timeout: 5 * time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestNginxWorkersSeeFilesInTheFolder(t *testing.T) {
	t.Parallel()
	server := lab.Nginx(t, markerConf)
	if got := get(t, server.URL); got != "blue" {
		t.Errorf("got %q, want blue", got)
	}
	state := filepath.Join(server.Dir, "state")
	if err := os.Mkdir(state, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(state, "green"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := get(t, server.URL); got != "green" {
		t.Errorf("with the marker: got %q, want green", got)
	}
}

func TestNginxReadsItsConfigurationAgain(t *testing.T) {
	t.Parallel()
	server := lab.Nginx(t, markerConf)
	file := filepath.Join(server.Dir, "nginx.conf")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.ReplaceAll(string(text), `"blue"`, `"cyan"`)
	if err := os.WriteFile(file, []byte(changed), 0o644); err != nil {
		t.Fatal(err)
	}
	pid := server.Pid()
	if err := server.Reload(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the new configuration", func() bool { return get(t, server.URL) == "cyan" })
	if server.Pid() != pid {
		t.Error("a reload started another master")
	}
}

func TestAServerComesBackAfterItsMasterWasKilled(t *testing.T) {
	t.Parallel()
	server := lab.Nginx(t, markerConf)
	if err := syscall.Kill(server.Pid(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := get(t, server.URL); got != "blue" {
		t.Errorf("got %q, want blue", got)
	}
}

func TestABadNginxConfigurationIsToldWithItsReason(t *testing.T) {
	t.Parallel()
	_, err := lab.NewNginx(t.Context(), place(t), "events {}\nhttp { nonsense on; }", lab.Ports(t, 1)[0])
	if err == nil || !strings.Contains(err.Error(), `unknown directive "nonsense"`) {
		t.Fatalf("got %v, want nginx's reason", err)
	}
}

func TestTheServersOfAKilledProcessAreSweptAway(t *testing.T) {
	t.Parallel()
	servers := place(t)
	dir := filepath.Join(servers, "orphan")
	owner := another("nginx", dir)
	owner.Env = append(owner.Env, fmt.Sprintf("LAB_TEST_PORT=%d", lab.Ports(t, 1)[0]))
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	owner.Stdout = in
	child, err := process.Start(owner)
	if err != nil {
		t.Fatal(err)
	}
	in.Close()
	var pid int
	if _, err := fmt.Fscan(out, &pid); err != nil {
		t.Fatal(err, child.Wait())
	}
	if err := lab.Sweep(t.Context(), servers); err != nil || dead(pid) {
		t.Fatalf("a server whose owner lives was ended, or %v", err)
	}
	if err := syscall.Kill(child.Pid(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-child.Done()
	if err := lab.Sweep(t.Context(), servers); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the end of the orphan", func() bool { return dead(pid) })
	if _, err := os.Stat(dir); err == nil {
		t.Error("its folder is still there")
	}
}

func TestPrometheus(t *testing.T) {
	t.Parallel()
	server := lab.Prometheus(t, `
global: {scrape_interval: 100ms}
scrape_configs:
  - job_name: itself
    static_configs: [{targets: ["127.0.0.1:{{.Port}}"]}]
`)
	eventually(t, "a sample", func() bool {
		return strings.Contains(get(t, server.URL+"/api/v1/query?query=up"), `"1"`)
	})
	if err := server.Reload(); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(server.Dir, "prometheus.yml"), []byte("nonsense: 1"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := server.Reload(); err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("got %v, want Prometheus' reason", err)
	}
}
