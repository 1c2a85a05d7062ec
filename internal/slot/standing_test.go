package slot_test

import (
	"context"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func TestASlotWithTrafficThatServesTheReleaseIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorks(t, release.Green, app())
	w.push("backend", serving(lab.Ports(t, 1)[0]))
	w.push("worker", working())
	w.mustDeploy()
	if _, err := w.Workers().Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	claimed := 0
	w.order.Weights = func(context.Context) (release.Weights, error) { return release.Split(release.Green, 100), nil }
	w.order.Claim = func(context.Context) error { claimed++; return nil }
	before := ids(w.inspect())
	done := w.mustDeploy()
	if !done.Unchanged || len(done.Containers) != 3 || ids(w.inspect()) != before || claimed != 1 {
		t.Errorf("unchanged %v, claimed %d times, containers\n%s\nbefore\n%s", done.Unchanged, claimed, ids(w.inspect()), before)
	}

	w.order.Release = "acme-app-2"
	if _, err := w.Deploy(t.Context(), w.order, new(release.Findings)); err == nil || release.ExitStatus(err) != int(release.Refused) {
		t.Errorf("another release: got %v, want a refusal", err)
	}
	if ids(w.inspect()) != before || claimed != 1 {
		t.Errorf("the refusal has changed something: claimed %d times, containers\n%s", claimed, ids(w.inspect()))
	}
}
