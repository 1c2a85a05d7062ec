package slot_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
)

func TestWorkersAreQuietThenStartedThenQuieted(t *testing.T) {
	t.Parallel()
	w := newWorks(t, release.Green, app())
	w.settings.Scale = map[string]int{"worker": 3}
	w.open()
	w.push("backend", serving(lab.Ports(t, 1)[0]))
	w.push("worker", working())
	w.mustDeploy()
	for _, c := range w.inspect() {
		if c.Service == "worker" && (c.State != slot.Created || !c.Started.IsZero()) {
			t.Errorf("%s was started before the first step: %s", c, c.State)
		}
	}

	var found release.Findings
	n, err := w.Workers().Start(t.Context())
	if err != nil || n != 3 {
		t.Fatalf("started %d, %v", n, err)
	}
	if n, err = w.Workers().Start(t.Context()); err != nil || n != 3 {
		t.Errorf("started again: %d, %v", n, err)
	}
	if err := w.Workers().Show(t.Context(), w.order.Images["worker"].Digest, &found); err != nil {
		t.Error(err)
	}
	w.found = &found
	w.wants("passed: B.3.s6 1.2.p2")

	w.speaking()
	got, err := w.Workers().Quiet(t.Context())
	if err != nil || got.Stopped != 3 || got.Killed != 0 || got.Codes["worker 2"] != 0 || len(got.Codes) != 3 {
		t.Errorf("quieted %+v, %v", got, err)
	}
	if got, err = w.Workers().Quiet(t.Context()); err != nil || got.Stopped != 0 {
		t.Errorf("quieted again: %+v, %v", got, err)
	}
	logs, err := w.Logs(t.Context(), 5)
	if err != nil || !strings.HasSuffix(logs["worker 3"], "finished its job\n") {
		t.Errorf("logs %q, %v", logs, err)
	}
	if err := w.Healthy(t.Context()); err != nil {
		t.Errorf("without its workers the slot can take traffic: %v", err)
	}
	if done := w.mustDeploy(); !done.Unchanged || done.Quiet != 3 {
		t.Errorf("deployed again: %+v", done)
	}
}

func TestADeafWorkerIsKilledWhenItsGraceIsOver(t *testing.T) {
	t.Parallel()
	w := newWorks(t, release.Green, map[string]any{"worker": service("worker", nil)})
	w.settings.Workers.Grace, w.settings.Workers.Start = 2*time.Second, slot.FromDeploy
	w.open()
	w.push("worker", working("MODE=deaf"))
	w.mustDeploy()
	w.wants("passed: B.3.s6 1.2.p2 B.5.s2")
	w.speaking()
	begun := time.Now()
	got, err := w.Workers().Quiet(t.Context())
	if err != nil || got.Stopped != 1 || got.Killed != 1 || got.Codes["worker 1"] != 137 {
		t.Errorf("quieted %+v, %v", got, err)
	}
	if took := time.Since(begun); took < 2*time.Second {
		t.Errorf("killed after %v, before its grace was over", took)
	}
}

func TestAWorkerThatCrashesAtItsStartIsNamed(t *testing.T) {
	t.Parallel()
	w := newWorks(t, release.Green, map[string]any{"backend": service("backend", nil), "worker": service("worker", nil)})
	w.push("backend", serving(lab.Ports(t, 1)[0]))
	w.push("worker", working("MODE=crash"))
	w.mustDeploy()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	events := w.Watch(ctx)
	for range 20 { // it runs for a moment first
		if _, err := w.Workers().Start(ctx); err != nil {
			if !strings.Contains(err.Error(), "worker 1 exited with 3: no such table") {
				t.Error(err)
			}
			return
		}
	}
	for event := range events {
		if event.Kind == slot.Died {
			return
		}
	}
	t.Error("nobody was told")
}

func TestAnIdleSlotKeepsWhatItsModeSays(t *testing.T) {
	t.Parallel()
	w := newWorks(t, release.Green, app())
	w.push("backend", serving(lab.Ports(t, 1)[0]))
	w.push("worker", working())
	w.mustDeploy()
	if _, err := w.Workers().Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	states := func() string {
		text := ""
		for _, c := range w.inspect() {
			text += c.String() + " " + string(c.State) + "; "
		}
		return text
	}
	if got, err := w.Idle(t.Context(), slot.Warm); err != nil || got.Stopped != 2 {
		t.Errorf("warm: %+v, %v", got, err)
	}
	if got := states(); got != "backend 1 running; worker 1 exited; worker 2 exited; " {
		t.Errorf("warm: %s", got)
	}
	if _, err := w.Idle(t.Context(), slot.Stop); err != nil {
		t.Error(err)
	}
	if got := states(); got != "backend 1 exited; worker 1 exited; worker 2 exited; " {
		t.Errorf("stopped: %s", got)
	}
	if err := w.Healthy(t.Context()); release.ExitStatus(err) != int(release.Refused) || !strings.Contains(err.Error(), "backend 1 is exited") {
		t.Errorf("stopped, and healthy is %v", err)
	}
	if asleep, err := w.Asleep(t.Context()); err != nil || !asleep {
		t.Errorf("stopped, and asleep is %t, %v", asleep, err)
	}
	if took, err := w.Wake(t.Context()); err != nil || took <= 0 {
		t.Errorf("woken in %v, %v", took, err)
	}
	if got := states(); got != "backend 1 running; worker 1 exited; worker 2 exited; " {
		t.Errorf("woken: %s", got)
	}
	if asleep, err := w.Asleep(t.Context()); err != nil || asleep {
		t.Errorf("woken, and asleep is %t, %v", asleep, err)
	}
}

func TestASlotWithAMissingServiceIsNotHealthy(t *testing.T) {
	t.Parallel()
	ports := lab.Ports(t, 2)
	w := newWorks(t, release.Green, map[string]any{"backend": service("backend", nil), "frontend": service("frontend", nil)})
	w.push("backend", serving(ports[0]))
	w.push("frontend", serving(ports[1]))
	w.settings.Green.Services = map[string]string{"frontend": "http://127.0.0.1:" + itoa(ports[1])}
	w.open()
	w.mustDeploy()
	w.wants("passed: B.3.s4 B.3.s5 B.5.s3 1.2.p2")
	for _, c := range w.inspect() {
		if c.Service == "frontend" {
			if err := w.engine.API().ContainerRemove(t.Context(), c.ID, container.RemoveOptions{Force: true}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Healthy(t.Context()); err == nil || !strings.Contains(err.Error(), "frontend has 0 of 1 containers") {
		t.Errorf("got %v", err)
	}
}

func TestAVigilHearsOfACrashWhenItHappens(t *testing.T) {
	t.Parallel()
	w := newWorks(t, release.Green, map[string]any{"backend": service("backend", nil), "worker": service("worker", nil)})
	w.push("backend", serving(lab.Ports(t, 1)[0]))
	w.push("worker", working("MODE=crash"))
	w.mustDeploy()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	events := w.Vigil(ctx)
	_, _ = w.Workers().Start(ctx)
	for event := range events {
		if event.Kind == slot.Died && event.Service == "worker" && event.ExitCode == 3 {
			t.Logf("told %v after the engine had seen it", time.Since(event.At).Round(time.Millisecond))
			return
		}
	}
	t.Error("it was not told")
}

// A candidate that somebody stops answers users no more than one that crashed.
func TestAVigilHearsThatTheLastOneOfAServiceWasStopped(t *testing.T) {
	t.Parallel()
	w := newWorks(t, release.Green, map[string]any{"backend": service("backend", nil)})
	w.push("backend", serving(lab.Ports(t, 1)[0]))
	w.mustDeploy()
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	all, events := w.inspect(), w.Vigil(ctx)
	var stopping sync.WaitGroup
	stopping.Go(func() { // again and again, since the eyes may not be open yet
		for ctx.Err() == nil {
			_ = w.engine.Stop(ctx, all[0].ID, time.Second)
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
				_ = w.engine.Start(ctx, all[0].ID)
			}
		}
	})
	told := false
	for event := range events {
		if event.Kind == slot.Missing && event.Service == "backend" {
			told = true
			stop()
		}
	}
	stop()
	stopping.Wait()
	if !told {
		t.Error("it was not told")
	}
}

func TestWatchTellsCrashesFromStops(t *testing.T) {
	t.Parallel()
	w := newWorks(t, release.Green, map[string]any{"backend": service("backend", nil), "worker": service("worker", nil)})
	w.push("backend", serving(lab.Ports(t, 1)[0]))
	w.push("worker", working("MODE=crash"))
	w.mustDeploy()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	events := w.Watch(ctx)
	_, _ = w.Workers().Start(ctx)
	for _, c := range w.inspect() {
		if c.Service == "backend" {
			if err := w.engine.Stop(ctx, c.ID, time.Second); err != nil {
				t.Fatal(err)
			}
		}
	}
	died, stopped := false, false
	for !died || !stopped {
		event, open := <-events
		if !open {
			t.Fatalf("died %v, stopped %v", died, stopped)
		}
		died = died || event.Kind == slot.Died && event.Service == "worker" && event.ExitCode == 3
		stopped = stopped || event.Kind == slot.Stopped && event.Service == "backend"
	}
	stop()
	for range events {
	}
}
