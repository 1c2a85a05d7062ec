package docker_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"

	"github.com/bluegreen-actions/bluegreen/internal/docker"
	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/process"
)

// TestMain lets a test start its own binary again, to be killed: it then starts a
// passing container and waits.
func TestMain(m *testing.M) {
	if image := os.Getenv("BLUEGREEN_TEST_IMAGE"); image != "" {
		engine, err := docker.Open(context.Background(), os.Getenv("DOCKER_HOST"), nil)
		if err == nil {
			_, err = engine.Pass(context.Background(), passing(image, os.Getenv("BLUEGREEN_TEST_OWNER")))
		}
		if err != nil {
			panic(err)
		}
		select {}
	}
	os.Exit(m.Run())
}

func passing(image, owner string) docker.Passing {
	return docker.Passing{Image: image, Env: []string{"POSTGRES_PASSWORD=x", "OWNER=" + owner}, Port: "5432/tcp", Life: time.Hour}
}

// passed counts the containers of an owner, and those of them that run.
func passed(t *testing.T, e *docker.Engine, owner string) (all, running int) {
	t.Helper()
	list, err := e.API().ContainerList(t.Context(), container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("label", "bluegreen.passing.until"))})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		if got, err := e.API().ContainerInspect(t.Context(), c.ID); err == nil && strings.Contains(strings.Join(got.Config.Env, " "), "OWNER="+owner) {
			all++
			if got.State.Running {
				running++
			}
		}
	}
	return all, running
}

func until(t *testing.T, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never so")
		}
	}
}

func TestAPassingContainerEndsWithItsProcess(t *testing.T) {
	image, owner := lab.PostgresImage(t), lab.Name(t)
	t.Setenv("DOCKER_HOST", lab.Docker(t))
	engine, err := docker.Open(t.Context(), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	child, err := process.Start(process.Command{Path: os.Args[0], Env: []string{"BLUEGREEN_TEST_IMAGE=" + image, "BLUEGREEN_TEST_OWNER=" + owner}})
	if err != nil {
		t.Fatal(err)
	}
	none := func() bool { all, _ := passed(t, engine, owner); return all == 0 }
	until(t, func() bool { _, running := passed(t, engine, owner); return running == 1 })
	process.End(t.Context(), child.Pid())
	until(t, none)

	started, err := engine.Pass(t.Context(), passing(image, owner))
	if err != nil || !strings.HasPrefix(started.Address, "127.0.0.1:") {
		t.Fatalf("%+v, %v", started, err)
	}
	started.Stop(t.Context())
	until(t, none)

	broken := passing(image, owner)
	broken.Env[0] = "POSTGRES_PASSWORD="
	if started, err = engine.Pass(t.Context(), broken); err == nil {
		until(t, func() bool { return started.Ended() != nil })
		err = started.Ended()
		started.Stop(t.Context())
	}
	if err == nil || !strings.Contains(err.Error(), "password file") {
		t.Errorf("%v", err)
	}
}

// Its process was killed between the two calls that start it.
func TestAPassingContainerThatWasNeverStartedIsRemoved(t *testing.T) {
	t.Parallel()
	var removed []string
	e := engine(t, map[string]http.HandlerFunc{
		"/containers/": func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodDelete {
				removed = append(removed, path.Base(r.URL.Path))
				return
			}
			const one = `{"Id":%q,"State":%q,"Created":%d,"Labels":{"bluegreen.passing.until":"2999-01-01T00:00:00Z"}}`
			fmt.Fprintf(w, "["+one+","+one+","+one+"]", "left", "created", 1, "coming", "created", time.Now().Unix(), "serving", "running", 1)
		},
		"/images/": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
	})
	if _, err := e.Pass(t.Context(), passing("nothing", "")); err == nil || !slices.Equal(removed, []string{"left"}) {
		t.Errorf("%q, %v", removed, err)
	}
}
