package buildkit

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	controlapi "github.com/moby/buildkit/api/services/control"
	"github.com/moby/buildkit/session/auth"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/bluegreen-actions/bluegreen/internal/docker"
	"github.com/bluegreen-actions/bluegreen/internal/image"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func TestWhichEnginesHaveBuildKit(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		system, api string
		want        bool
	}{
		"docker 20.10":          {"linux", "1.41", true},
		"docker 18.09":          {"linux", "1.39", true},
		"docker 18.06":          {"linux", "1.38", false},
		"an engine on Windows":  {"windows", "1.50", false},
		"an API above 1.99":     {"linux", "1.100", true},
		"one that does not say": {"", "", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := able(tt.system, tt.api); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestASecretIsRefusedWithoutBuildKit(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.38")
		w.Header().Set("Ostype", "linux")
		if !strings.HasSuffix(r.URL.Path, "/_ping") {
			t.Errorf("%s %s", r.Method, r.URL)
		}
	}))
	defer server.Close()
	engine, err := docker.Open(t.Context(), "tcp://"+strings.TrimPrefix(server.URL, "http://"), nil)
	if err != nil {
		t.Fatal(err)
	}
	job := image.Job{Reference: "r/web:v1", Secrets: map[string]release.Secret{"token": "x"}}
	if _, err := New(engine, nil).Build(t.Context(), job, image.NewLog("web", nil)); err == nil || !strings.Contains(err.Error(), "build secrets need BuildKit") {
		t.Errorf("got %v", err)
	}
}

// stream is what an engine sends for these states of a build.
func stream(t *testing.T, states ...*controlapi.StatusResponse) io.ReadCloser {
	t.Helper()
	var text strings.Builder
	for _, s := range states {
		raw, err := s.MarshalVT()
		if err != nil {
			t.Fatal(err)
		}
		line, _ := json.Marshal(map[string]any{"id": "moby.buildkit.trace", "aux": base64.StdEncoding.EncodeToString(raw)})
		text.Write(line)
	}
	return io.NopCloser(strings.NewReader(text.String()))
}

func TestEachStepIsSaidOnceWhenItIsDone(t *testing.T) {
	t.Parallel()
	now := timestamppb.New(time.Unix(1, 0))
	run := &controlapi.Vertex{Digest: "1", Name: "[build 2/2] RUN npm run build", Started: now}
	done := &controlapi.Vertex{Digest: "1", Name: run.Name, Started: now, Completed: now}
	cached := &controlapi.Vertex{Digest: "2", Name: "[1/2] COPY app /app", Cached: true, Completed: now}
	bad := &controlapi.Vertex{Digest: "3", Name: "[2/2] RUN make", Completed: now, Error: "exit code: 2"}
	var said []string
	tr := newTrace(image.NewLog("web", func(line string) { said = append(said, line) }))
	err := tr.follow(stream(t,
		&controlapi.StatusResponse{Vertexes: []*controlapi.Vertex{run}},
		&controlapi.StatusResponse{Vertexes: []*controlapi.Vertex{run, cached}, Logs: []*controlapi.VertexLog{{Msg: []byte("compiled\n")}}},
		&controlapi.StatusResponse{Vertexes: []*controlapi.Vertex{done, cached}},
		&controlapi.StatusResponse{Vertexes: []*controlapi.Vertex{done, bad}},
	))
	if err != nil {
		t.Fatal(err)
	}
	want := "[web] [1/2] COPY app /app (cached)|[web] [build 2/2] RUN npm run build|[web] [2/2] RUN make: exit code: 2"
	if got := strings.Join(said, "|"); got != want {
		t.Errorf("said %s", got)
	}
	if got := strings.Join(tr.ran, "|"); got != "npm run build" || !strings.Contains(tr.log.String(), "compiled\n") {
		t.Errorf("ran %s, kept %s", got, tr.log.String())
	}
}

// book is accounts by repository.
type book map[string]image.Account

func (b book) Account(_ context.Context, repository string) (image.Account, error) {
	return b[repository], nil
}

func TestBaseImagesAreFetchedWithTheAccountOfTheirRegistry(t *testing.T) {
	t.Parallel()
	k := keys{accounts: book{
		"ghcr.io/any":   {User: "ci", Password: "p"},
		"docker.io/any": {Token: "t"},
	}}
	for host, want := range map[string]string{"ghcr.io": "ci p", "registry-1.docker.io": " t", "quay.io": " "} {
		got, err := k.Credentials(t.Context(), &auth.CredentialsRequest{Host: host})
		if err != nil || got.Username+" "+got.Secret != want {
			t.Errorf("%s: %v, %v", host, got, err)
		}
	}
}
