package slot_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
)

func TestADeploymentIsHealthyPinnedAndRepeatable(t *testing.T) {
	t.Parallel()
	w := newWorks(t, release.Green, app())
	w.push("backend", serving(lab.Ports(t, 1)[0]))
	w.push("worker", working())
	done := w.mustDeploy()
	if done.Unchanged || done.Quiet != 2 || len(done.Containers) != 3 {
		t.Errorf("got %+v", done)
	}
	for _, c := range done.Containers {
		if c.Digest() != w.order.Images[c.Service].Digest || c.Version() != "v1.2.0" || c.Release() != "acme-app-1" {
			t.Errorf("%s runs %s, %s of %s", c, c.Digest(), c.Version(), c.Release())
		}
	}
	w.wants("passed: B.1.s1 B.1.s2 B.1.v1 B.1.v2 B.1.v3 B.3.s1 B.3.s2 B.3.s3 B.3.s7 B.3.v1 B.3.v2 B.3.v3 B.3.v4 B.5.s1 1.1.p3 1.3.s1 8.1.s2 8.1.s3 8.1.s4 8.1.s6 8.1.s7 8.1.s9",
		"not shown: 1.2.p2 B.3.s6 B.3.s5 B.5.s2")

	before := ids(w.inspect())
	again := w.mustDeploy()
	if !again.Unchanged || ids(w.inspect()) != before || !strings.Contains(w.said(), "nothing is changed") {
		t.Errorf("the second time: unchanged %v, containers\n%s\nbefore\n%s", again.Unchanged, ids(w.inspect()), before)
	}
	w.wants("passed: B.3.v1 B.3.v2 1.1.p3 8.1.s7 8.1.s9")
	if err := w.Healthy(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestTheNextReleaseReplacesTheLastOneInTheSlot(t *testing.T) {
	t.Parallel()
	w := newWorks(t, release.Green, app())
	port := lab.Ports(t, 1)[0]
	w.push("backend", serving(port))
	w.push("worker", working())
	w.mustDeploy()
	if _, err := w.Workers().Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	old := ids(w.inspect())
	w.order.Release, w.order.Version = "acme-app-2", "v1.3.0"
	w.push("backend", serving(port))
	w.push("worker", working())
	if done := w.mustDeploy(); done.Unchanged || len(done.Containers) != 3 || done.Quiet != 2 {
		t.Errorf("got %+v", done)
	}
	for _, c := range w.inspect() {
		if c.Version() != "v1.3.0" || strings.Contains(old, c.ID[:12]) {
			t.Errorf("%s is of %s", c, c.Version())
		}
	}
	if !strings.Contains(w.said(), "2 workers finished and stopped, 0 were killed") {
		t.Errorf("said %s", w.said())
	}
}

func TestSlotsThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorks(t, release.Green, app())
	w.push("backend", serving(lab.Ports(t, 1)[0]))
	w.push("worker", working())
	good := w.order
	superseded := release.Refuse("let it be", "superseded by acme-app-2")
	tests := map[string]struct {
		change func(*slot.Order)
		status release.Kind
		want   string
	}{
		"one with traffic": {func(o *slot.Order) {
			o.Weights = func(context.Context) (release.Weights, error) { return release.Split(release.Green, 10), nil }
		}, release.Refused, "green has 10% of the traffic"},
		"one whose weight cannot be read": {func(o *slot.Order) {
			o.Weights = func(context.Context) (release.Weights, error) { return release.Weights{}, errors.New("no answer") }
		}, release.Unknown, "read the weight of green: no answer"},
		"one that a newer release holds": {func(o *slot.Order) {
			o.Claim = func(context.Context) error { return superseded }
		}, release.Refused, "superseded by acme-app-2"},
		"without images": {func(o *slot.Order) { o.Images = nil }, release.Invalid, "the release pins no image"},
		"with a tag for a digest": {func(o *slot.Order) {
			o.Images = map[string]slot.Pin{"backend": {Repository: "r", Digest: "v1.2.0"}}
		}, release.Invalid, "image backend is not pinned"},
		"with an image that nothing uses": {func(o *slot.Order) {
			o.Images = map[string]slot.Pin{"backend": good.Images["backend"], "mailer": {Repository: "r", Digest: good.Images["backend"].Digest}}
		}, release.Invalid, "image mailer of the release is used by no service of backend, worker"},
		"with an image of another commit": {func(o *slot.Order) {
			o.Commit = "fedcba9876543210fedcba9876543210fedcba98"
		}, release.Refused, "image backend says version"},
		"with a digest that the registry does not have": {func(o *slot.Order) {
			o.Images = map[string]slot.Pin{"worker": good.Images["worker"], "backend": {Repository: good.Images["backend"].Repository, Digest: release.Digest("sha256:" + strings.Repeat("0", 64))}}
		}, release.Refused, "pull "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			order := good
			tt.change(&order)
			var found release.Findings
			_, err := w.Deploy(t.Context(), order, &found)
			if err == nil || release.ExitStatus(err) != int(tt.status) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	if all := w.inspect(); len(all) > 0 {
		t.Errorf("there are containers: %s", ids(all))
	}
}

func TestWhatGoesWrongIsFoundAndNamed(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		backend func(port int) kind
		service map[string]any
		want    string
		log     string
	}{
		"a crash loop between whose crashes it runs": {
			func(int) kind { return kind{"serve", []string{"MODE=crash"}, false} }, map[string]any{"restart": "always"}, "backend 1 ", "no such table: campaigns",
		},
		"an exit": {
			func(int) kind { return kind{"serve", []string{"MODE=crash"}, false} }, nil, "backend 1 exited with 3", "no such table: campaigns",
		},
		"a health check that fails": {
			func(port int) kind { return serving(port, "MODE=unhealthy") }, nil, "backend 1 is unhealthy", "serve started",
		},
		"more memory than its limit": {
			func(int) kind { return kind{"serve", []string{"MODE=hungry"}, false} }, map[string]any{"mem_limit": "64m"}, "backend 1 ran out of memory", "serve started",
		},
		"a panic in the log of what runs": {
			func(port int) kind { return serving(port, "LINES=panic: runtime error: index out of range") }, nil, "backend logs panic: runtime error", "",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorks(t, release.Green, map[string]any{"backend": service("backend", tt.service)})
			w.push("backend", tt.backend(lab.Ports(t, 1)[0]))
			_, err := w.deploy()
			if err == nil || !strings.Contains(err.Error(), tt.want) || release.ExitStatus(err) != int(release.Refused) {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
			if f, ok := errors.AsType[*slot.Failure](err); tt.log != "" && (!ok || !strings.Contains(f.Log, tt.log)) {
				t.Errorf("log %+v, want %q", f, tt.log)
			}
			w.wants("failed: B.3.v1 8.1.s7")
		})
	}
}

func TestWhatIsNeverHealthyRunsOutOfTime(t *testing.T) {
	t.Parallel()
	check := map[string]any{"test": []string{"CMD", "/app", "health"}, "interval": "500ms", "start_period": "10m"}
	w := newWorks(t, release.Green, map[string]any{"backend": service("backend", map[string]any{"healthcheck": check})})
	w.settings.Timeout = 15 * time.Second
	w.open()
	w.push("backend", serving(lab.Ports(t, 1)[0], "MODE=unhealthy"))
	_, err := w.deploy()
	if err == nil || !strings.Contains(err.Error(), "green is not healthy within 15s: backend 1 is starting") {
		t.Fatalf("got %v", err)
	}
}

func TestAJobIsExpectedToEnd(t *testing.T) {
	t.Parallel()
	w := newWorks(t, release.Green, nil)
	w.push("backend", serving(lab.Ports(t, 1)[0]))
	backend, prepare := service("backend", nil), service("prepare", nil)
	prepare["image"] = w.order.Images["backend"].Repository + ":any" // found by its repository
	prepare["entrypoint"], prepare["healthcheck"] = []string{"/app", "check", "/app"}, map[string]any{"disable": true}
	backend["depends_on"] = map[string]any{"prepare": map[string]any{"condition": "service_completed_successfully"}}
	w.write(map[string]any{"backend": backend, "prepare": prepare})
	done := w.mustDeploy()
	if len(done.Containers) != 2 || done.Containers[1].State != slot.Exited || done.Containers[1].Digest() != w.order.Images["backend"].Digest {
		t.Errorf("got %+v", done.Containers)
	}
	if err := w.Healthy(t.Context()); err != nil {
		t.Error(err)
	}
	if done := w.mustDeploy(); !done.Unchanged {
		t.Error("the second time something was changed")
	}
}

func TestADisabledCheckCountsAsRunning(t *testing.T) {
	t.Parallel()
	w := newWorks(t, release.Green, map[string]any{"backend": service("backend", map[string]any{"healthcheck": map[string]any{"disable": true}})})
	w.push("backend", serving(lab.Ports(t, 1)[0], "MODE=unhealthy"))
	if done := w.mustDeploy(); done.Containers[0].Health != slot.Unchecked {
		t.Errorf("got %+v", done.Containers)
	}
}

func TestAPortThatIsTakenIsNamedAndNothingIsLeft(t *testing.T) {
	t.Parallel()
	port := lab.Ports(t, 1)[0]
	published := func() map[string]any {
		s := service("backend", map[string]any{"ports": []string{"127.0.0.1:" + itoa(port) + ":80"}})
		delete(s, "network_mode")
		return map[string]any{"backend": s}
	}
	first, second := newWorks(t, release.Blue, published()), newWorks(t, release.Green, published())
	first.push("backend", kind{"serve", nil, false})
	first.mustDeploy()
	second.push("backend", kind{"serve", nil, false})
	_, err := second.deploy()
	if err == nil || !strings.Contains(err.Error(), "host port 127.0.0.1:"+itoa(port)+" is taken by container "+first.project) {
		t.Fatalf("got %v", err)
	}
	if all := second.inspect(); len(all) > 0 {
		t.Errorf("left behind: %s", ids(all))
	}
	if err := first.Healthy(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestADeploymentThatWasKilledConverges(t *testing.T) {
	t.Parallel()
	w := newWorks(t, release.Green, app())
	w.push("backend", serving(lab.Ports(t, 1)[0]))
	w.push("worker", working())
	ctx, kill := context.WithCancel(t.Context())
	w.Environment = w.killedAfter("healthy, watching", kill)
	if _, err := w.Deploy(ctx, w.order, w.found); !errors.Is(err, context.Canceled) {
		t.Fatalf("the first: %v", err)
	}
	before := ids(w.inspect())
	w.open()
	if done := w.mustDeploy(); !done.Unchanged || ids(w.inspect()) != before {
		t.Errorf("again: %+v", done)
	}

	// Killed with only some of the containers created.
	for _, c := range w.inspect() {
		if c.Service == "worker" && c.Number == 2 {
			if err := w.engine.Remove(t.Context(), c.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	if done := w.mustDeploy(); done.Unchanged || len(done.Containers) != 3 {
		t.Errorf("with one missing: %+v", done)
	}
}
