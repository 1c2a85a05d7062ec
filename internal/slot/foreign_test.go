package slot_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
)

// The project of a slot has a database that somebody else started there.
func TestWhatNoReleaseHasPutThereIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorks(t, release.Green, app())
	w.push("backend", serving(lab.Ports(t, 1)[0]))
	w.push("worker", working())
	w.mustDeploy()
	claimed := false
	w.order.Claim = func(context.Context) error {
		if !claimed { // while the images are pulled
			claimed = true
			w.start("db")
		}
		return nil
	}
	w.order.Release = "acme-app-2"
	if _, err := w.deploy(); err == nil || !strings.Contains(err.Error(), "db 1 of green runs") {
		t.Errorf("got %v", err)
	}
	all := w.inspect()
	if len(all) != 4 || !slices.ContainsFunc(all, func(c slot.Container) bool { return c.Service == "db" && c.State == slot.Running }) {
		t.Errorf("containers\n%s", ids(all))
	}

	claimed, w.order.Release = false, "acme-app-3"
	_, err := w.deploy()
	if release.ExitStatus(err) != int(release.Refused) || !strings.Contains(err.Error(), "has db 1, which no release has put there") || release.HintOf(err) != slot.Apart {
		t.Errorf("got %v", err)
	}
	if now := w.inspect(); claimed || ids(now) != ids(all) {
		t.Errorf("claimed %t, containers\n%s\nbefore\n%s", claimed, ids(now), ids(all))
	}
}

func TestAServiceThatTheNextReleaseHasNotIsRemoved(t *testing.T) {
	t.Parallel()
	services := app()
	w := newWorks(t, release.Green, services)
	w.push("backend", serving(lab.Ports(t, 1)[0]))
	w.push("worker", working())
	more := maps.Clone(services)
	more["mailer"] = map[string]any{"image": w.order.Images["worker"].Reference(), "command": []string{}, "network_mode": "host"}
	w.write(more)
	if done := w.mustDeploy(); len(done.Containers) != 4 {
		t.Fatalf("got %+v", done)
	}
	w.write(services)
	w.order.Release = "acme-app-2"
	if done := w.mustDeploy(); len(done.Containers) != 3 {
		t.Errorf("got %+v", done)
	}
}

// start runs a container in the project of the slot that no release knows.
func (w *works) start(service string) {
	w.t.Helper()
	api := w.engine.API()
	labels := map[string]string{"com.docker.compose.project": w.project, "com.docker.compose.service": service, "com.docker.compose.container-number": "1"}
	made, err := api.ContainerCreate(w.t.Context(), &container.Config{Image: w.order.Images["worker"].Reference(), Labels: labels}, nil, nil, nil, w.project+"-"+service)
	if err == nil {
		err = api.ContainerStart(w.t.Context(), made.ID, container.StartOptions{})
	}
	if err != nil {
		w.t.Fatal(err)
	}
}
