package docker_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/bluegreen-actions/bluegreen/internal/docker"
	"github.com/bluegreen-actions/bluegreen/internal/image"
	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
)

func TestHostsThatAreRefused(t *testing.T) {
	t.Setenv("DOCKER_CERT_PATH", "")
	tests := map[string]struct {
		host string
		kind release.Kind
		want string
	}{
		"ssh":                              {"ssh://deploy@app-1", release.Invalid, "ssh is not spoken here"},
		"another machine without TLS":      {"tcp://192.0.2.1:2375", release.Invalid, "without TLS"},
		"a scheme that nobody knows":       {"http://127.0.0.1:2375", release.Invalid, `scheme "http" is not known`},
		"a socket that nobody listens at":  {"unix://" + filepath.Join(t.TempDir(), "none.sock"), release.Unknown, "reach docker engine unix://"},
		"a port that nobody listens at":    {"tcp://127.0.0.1:9", release.Unknown, "reach docker engine tcp://127.0.0.1:9"},
		"something that is not an address": {"%zz", release.Invalid, "cannot be read"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := docker.Open(t.Context(), tt.host, nil)
			if release.ExitStatus(err) != int(tt.kind) || !strings.Contains(err.Error(), tt.want) || release.HintOf(err) == "" {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestTheLocalEngineIsFoundByItself(t *testing.T) {
	t.Setenv("DOCKER_HOST", lab.Docker(t))
	engine, err := docker.Open(t.Context(), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	system, api, err := engine.Version(t.Context())
	if err != nil || system != "linux" || !strings.HasPrefix(api, "1.") {
		t.Errorf("got %q, %q, %v", system, api, err)
	}
	now, err := engine.Now(t.Context())
	if err != nil || time.Since(now).Abs() > time.Hour {
		t.Errorf("its clock says %v, %v", now, err)
	}
	if _, found, err := engine.Image(t.Context(), "no-such-image@sha256:"+strings.Repeat("0", 64)); found || err != nil {
		t.Errorf("an image that is not there: %v, %v", found, err)
	}
	for _, err := range []error{engine.Stop(t.Context(), "no-such-container", slot.OwnGrace), engine.Remove(t.Context(), "no-such-container")} {
		if err != nil {
			t.Errorf("a container that is gone: %v", err)
		}
	}
}

// engine is an engine of the test's own, for answers that a real one gives once
// in a year.
func engine(t *testing.T, answers map[string]http.HandlerFunc) *docker.Engine {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.41")
		w.Header().Set("Ostype", "linux")
		for part, answer := range answers {
			if strings.Contains(r.URL.Path, part) {
				answer(w, r)
				return
			}
		}
		if !strings.HasSuffix(r.URL.Path, "/_ping") {
			t.Errorf("nobody expects %s %s", r.Method, r.URL)
		}
	}))
	t.Cleanup(server.Close)
	e, err := docker.Open(t.Context(), "tcp://"+strings.TrimPrefix(server.URL, "http://"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) }
}

func TestStreamsThatEndBadlyAreErrors(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ stream, want string }{
		"an error after good news": {`{"status":"Pushed","id":"1"}{"errorDetail":{"message":"quota exceeded"},"error":"quota exceeded"}{"status":"done"}`, "quota exceeded"},
		"no digest at the end":     {`{"status":"Pushed","id":"1"}`, "the push ended without a digest"},
		"a digest that is none":    {`{"aux":{"Tag":"v1","Digest":"md5:1","Size":528}}`, `digest "md5:1"`},
		"a stream that is cut off": {`{"status":"Pushed","id":`, "read the engine's messages"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := engine(t, map[string]http.HandlerFunc{"/push": says(tt.stream), "/images/create": says(tt.stream)})
			_, err := e.Push(t.Context(), "127.0.0.1:5000/web:v1", image.NewLog("web", nil))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("push: %v", err)
			}
		})
	}
}

func TestAPullTellsHowFarItIs(t *testing.T) {
	t.Parallel()
	e := engine(t, map[string]http.HandlerFunc{"/images/create": says(`{"status":"Pulling from web","id":"v1"}
{"status":"Downloading","id":"a","progressDetail":{"current":10,"total":100}}
{"status":"Downloading","id":"b","progressDetail":{"current":50,"total":200}}
{"status":"Extracting","id":"b","progressDetail":{"current":1,"total":2}}
{"status":"Download complete","id":"a"}
{"status":"Already exists","id":"c"}`)})
	var last [2]release.Size
	err := e.Pull(t.Context(), "127.0.0.1:5000/web:v1", func(done, total release.Size) { last = [2]release.Size{done, total} })
	if err != nil || last != [2]release.Size{150, 300} {
		t.Errorf("got %v, %v", last, err)
	}
}

func TestEventsTellWhatWasAskedForAndLeaveOutExec(t *testing.T) {
	t.Parallel()
	event := func(action, id string, about map[string]string) string {
		about["com.docker.compose.service"], about["com.docker.compose.container-number"] = "worker", "2"
		text, _ := json.Marshal(map[string]any{"Type": "container", "Action": action, "Actor": map[string]any{"ID": id, "Attributes": about}, "timeNano": 1e9})
		return string(text)
	}
	none := func() map[string]string { return map[string]string{} }
	e := engine(t, map[string]http.HandlerFunc{"/events": says(strings.Join([]string{
		event("start", "a", none()),
		event("exec_create: /app health", "a", none()),
		event("kill", "a", map[string]string{"signal": "1"}),
		event("die", "a", map[string]string{"exitCode": "3"}),
		event("start", "a", none()),
		event("kill", "a", map[string]string{"signal": "15"}),
		event("die", "a", map[string]string{"exitCode": "0"}),
		event("start", "a", none()),
		event("oom", "a", none()),
		event("die", "a", map[string]string{"exitCode": "137"}),
		event("health_status: unhealthy", "b", none()),
		event("health_status: healthy", "b", none()),
		event("start", "run", map[string]string{"com.docker.compose.oneoff": "True"}),
		event("die", "run", map[string]string{"com.docker.compose.oneoff": "True", "exitCode": "1"}),
	}, "\n"))})
	events, reason := e.Events(t.Context(), "app", time.Now())
	var got []string
	for event := range events {
		got = append(got, event.String())
		if event.Service != "worker" || event.Number != 2 {
			t.Errorf("got %+v", event)
		}
	}
	want := "started|exited with 3|started|was stopped and exited with 0|started|ran out of memory|exited with 137|unhealthy|healthy"
	if text := strings.Join(got, "|"); text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
	if reason() == nil {
		t.Error("a stream that ended gives no reason")
	}
}

func TestAContainerIsDescribedByItsStateAndItsImage(t *testing.T) {
	t.Parallel()
	e := engine(t, map[string]http.HandlerFunc{
		"/containers/json": says(`[{"Id":"1","Labels":{}},{"Id":"2","Labels":{"com.docker.compose.oneoff":"True"}}]`),
		"/containers/1/": says(`{"Id":"1","Name":"/app_worker_2","Image":"sha256:id","RestartCount":2,
			"State":{"Status":"running","OOMKilled":true,"StartedAt":"2026-01-02T03:04:05.6Z","FinishedAt":"0001-01-01T00:00:00Z","Health":{"Status":"none"}},
			"HostConfig":{"NetworkMode":"host","RestartPolicy":{"Name":"unless-stopped"},"CpuQuota":50000,"CpuPeriod":100000,"PortBindings":{"80/tcp":[{"HostIp":"127.0.0.1","HostPort":"18081"}]}},
			"Config":{"Labels":{"com.docker.compose.project":"app","com.docker.compose.service":"worker","com.docker.compose.container-number":"2"}}}`),
		"/images/sha256:id/json": says(`{"Id":"sha256:id","RepoDigests":["r/worker@sha256:1"]}`),
	})
	all, err := e.Containers(t.Context(), "app")
	if err != nil || len(all) != 1 {
		t.Fatalf("got %+v, %v", all, err)
	}
	c := all[0]
	if c.String() != "worker 2" || c.Health != slot.Unchecked || c.Restarts != 2 || !c.OOM || c.CPUs != 0.5 || !c.Returns || !c.AsHost ||
		c.Ports[0] != "127.0.0.1:18081" || c.Images[0] != "r/worker@sha256:1" || c.Started.IsZero() || !c.Finished.IsZero() {
		t.Errorf("got %+v", c)
	}
}

func TestASilentEngineIsGivenUp(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := docker.Open(ctx, "tcp://"+listener.Addr().String(), nil); release.ExitStatus(err) != int(release.Unknown) {
		t.Errorf("got %v", err)
	}
}

func TestUsageIsMeasuredAgainstTheLimit(t *testing.T) {
	t.Parallel()
	e := engine(t, map[string]http.HandlerFunc{"/stats": func(w http.ResponseWriter, _ *http.Request) {
		var s container.StatsResponse
		s.Read = time.Unix(1, 0)
		s.CPUStats.CPUUsage.TotalUsage, s.CPUStats.OnlineCPUs = 5e9, 2
		s.MemoryStats = container.MemoryStats{Usage: 100, Limit: 1000, Stats: map[string]uint64{"total_inactive_file": 40}}
		_ = json.NewEncoder(w).Encode(s)
	}})
	got, err := e.Usage(t.Context(), "1")
	if err != nil || got.Memory != 60 || got.MemoryLimit != 1000 || got.CPU != 5*time.Second || got.Cores != 2 {
		t.Errorf("got %+v, %v", got, err)
	}
}
