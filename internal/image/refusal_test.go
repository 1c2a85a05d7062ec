package image_test

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	ggcr "github.com/google/go-containerregistry/pkg/registry"

	"github.com/bluegreen-actions/bluegreen/internal/docker"
	"github.com/bluegreen-actions/bluegreen/internal/image"
	"github.com/bluegreen-actions/bluegreen/internal/registry"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// unused is a builder that nobody may call.
type unused struct{ t *testing.T }

func (u unused) Build(context.Context, image.Job, *image.Log) (image.Local, error) {
	u.t.Error("something was built")
	return image.Local{}, nil
}

// forbidden is an engine that may not push.
type forbidden struct {
	*docker.Engine
	t *testing.T
}

func (f forbidden) Push(context.Context, string, *image.Log) (release.Digest, error) {
	f.t.Error("something was pushed")
	return "", nil
}

// own is a registry of the test's own, with a handler in front of it.
func own(t *testing.T, front func(http.Handler) http.Handler) string {
	t.Helper()
	quiet := ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(front(quiet))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func behindPassword(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "ci" || password != "right-password" {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			http.Error(w, `{"errors":[{"code":"UNAUTHORIZED","message":"who are you"}]}`, http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func TestAWrongAccountIsRefusedBeforeAnythingIsBuilt(t *testing.T) {
	t.Parallel()
	host := own(t, behindPassword)
	tests := map[string]registry.Settings{
		"a wrong password":                  {Server: host, User: "ci", Password: "wrong-password"},
		"no account":                        {},
		"an account for another registry":   {Server: "registry.example.com", User: "ci", Password: "right-password"},
		"an account for another port there": {Server: strings.Split(host, ":")[0] + ":1", User: "ci", Password: "right-password"},
	}
	for name, settings := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorks(t, settings)
			w.Builder, w.Engine = unused{t}, forbidden{w.engine, t}
			_, err := w.build(t, one(t, host, dockerfile("serve")))
			if release.ExitStatus(err) != int(release.Refused) || release.HintOf(err) == "" {
				t.Fatalf("got %v", err)
			}
			if strings.Contains(err.Error(), "-password") {
				t.Errorf("a password is in %v", err)
			}
		})
	}
}

func TestTheRightAccountPushes(t *testing.T) {
	t.Parallel()
	host := own(t, behindPassword)
	w := newWorks(t, registry.Settings{Server: host, User: "ci", Password: "right-password"})
	if _, err := w.build(t, one(t, host, dockerfile("serve"))); err != nil {
		t.Fatal(err)
	}
}

func TestAnErrorInsideThePushIsAnError(t *testing.T) {
	t.Parallel()
	host := own(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/") {
				http.Error(w, `{"errors":[{"code":"DENIED","message":"quota exceeded"}]}`, http.StatusForbidden)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	w := newWorks(t, registry.Settings{})
	_, err := w.build(t, one(t, host, dockerfile("serve")))
	if err == nil || !strings.Contains(err.Error(), "push backend: ") {
		t.Fatalf("got %v", err)
	}
	if w.status("A.1.s2c") != release.Failed || w.status("A.1.v2") != release.Failed {
		t.Errorf("found %+v", w.found.List())
	}
}

func TestATagThatMovesAfterThePushIsRefused(t *testing.T) {
	t.Parallel()
	host := own(t, func(next http.Handler) http.Handler { return next })
	w := newWorks(t, registry.Settings{})
	first := one(t, host, dockerfile("serve"))
	if _, err := w.build(t, first); err != nil {
		t.Fatal(err)
	}
	// The engine claims another digest than the registry has.
	w.Engine = liar{w.engine}
	first.Version = "v1.2.1"
	_, err := w.build(t, first)
	if err == nil || !strings.Contains(err.Error(), "tag "+host) || !strings.Contains(err.Error(), "moved") {
		t.Fatalf("got %v", err)
	}
}

type liar struct{ *docker.Engine }

func (l liar) Push(ctx context.Context, reference string, log *image.Log) (release.Digest, error) {
	if _, err := l.Engine.Push(ctx, reference, log); err != nil {
		return "", err
	}
	return release.Digest("sha256:" + strings.Repeat("0", 64)), nil
}

func TestAPushThatIsCutOffConverges(t *testing.T) {
	t.Parallel()
	ctx, cut := context.WithCancel(t.Context())
	var begun atomic.Bool
	host := own(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPatch && begun.CompareAndSwap(false, true) {
				cut()
				panic(http.ErrAbortHandler)
			}
			next.ServeHTTP(w, r)
		})
	})
	w, order := newWorks(t, registry.Settings{}), one(t, host, dockerfile("serve"))
	if _, err := w.Build(ctx, order, &w.found); err == nil {
		t.Fatal("the push was not cut off")
	}
	built, err := w.build(t, order)
	if err != nil || built["backend"].Digest == "" {
		t.Fatalf("again: %+v, %v", built, err)
	}
}

func TestOrdersThatAreRefused(t *testing.T) {
	t.Parallel()
	good := image.Image{Repository: "ghcr.io/acme/backend", Context: ".", MaxSize: 1}
	with := func(change func(*image.Image)) image.Image { i := good; change(&i); return i }
	tests := map[string]struct {
		images map[string]image.Image
		want   string
	}{
		"no images":                  {nil, "images is missing"},
		"a repository with a tag":    {map[string]image.Image{"a": with(func(i *image.Image) { i.Repository += ":v1" })}, `repository "ghcr.io/acme/backend:v1"`},
		"no repository":              {map[string]image.Image{"a": with(func(i *image.Image) { i.Repository = "" })}, `repository ""`},
		"a limit of nothing":         {map[string]image.Image{"a": with(func(i *image.Image) { i.MaxSize = 0 })}, "max-size 0B"},
		"an empty command":           {map[string]image.Image{"a": with(func(i *image.Image) { i.Prepare = [][]string{{}} })}, "prepare 1"},
		"a context outside":          {map[string]image.Image{"a": with(func(i *image.Image) { i.Context = "../.." })}, `path "../.."`},
		"two images, one repository": {map[string]image.Image{"a": good, "b": good}, "images.a and images.b share"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var found release.Findings
			_, err := image.Pipeline{}.Build(t.Context(), image.Order{Images: tt.images, Version: "v1", Commit: commit, Dir: "."}, &found)
			if release.ExitStatus(err) != int(release.Invalid) || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
		})
	}
}
