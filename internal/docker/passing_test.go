package docker_test

import (
	"context"
	"os"
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

// passed counts the containers of an owner.
func passed(t *testing.T, e *docker.Engine, owner string) (n int) {
	t.Helper()
	list, err := e.API().ContainerList(t.Context(), container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("label", "bluegreen.passing.until"))})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		if got, err := e.API().ContainerInspect(t.Context(), c.ID); err == nil && strings.Contains(strings.Join(got.Config.Env, " "), "OWNER="+owner) {
			n++
		}
	}
	return n
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
	until(t, func() bool { return passed(t, engine, owner) == 1 })
	process.End(t.Context(), child.Pid())
	until(t, func() bool { return passed(t, engine, owner) == 0 })

	started, err := engine.Pass(t.Context(), passing(image, owner))
	if err != nil || !strings.HasPrefix(started.Address, "127.0.0.1:") {
		t.Fatalf("%+v, %v", started, err)
	}
	started.Stop(t.Context())
	until(t, func() bool { return passed(t, engine, owner) == 0 })

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
