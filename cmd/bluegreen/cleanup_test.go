package main

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// finalized is a rig whose release 7 has all the traffic since a while.
func finalized(t *testing.T, since time.Duration) *rig {
	t.Helper()
	r := newRig(t)
	r.write(t, r.configuration+"images: {web: {repository: \"registry.example.com/"+r.name+"\"}}\n")
	must(t, traffic.DropClaim(t.Context(), r.nginx, release.Green, shop))
	must(t, r.nginx.Update(t.Context(), func(p *traffic.Page) error {
		p.Shift.Finished = time.Now().Add(-since)
		return nil
	}))
	return r
}

func TestACleanUpBeforeItsTimeFailsAndRemovesNothing(t *testing.T) {
	t.Parallel()
	r := finalized(t, 25*time.Hour)
	got := r.patiently(t, nil, "finalize", "--stage", "destroy")
	r.ok(t, got, 1, release.Green)
	for _, want := range []string{"the end of the way back is due 48h0m0s after release acme-shop-7 had all the traffic", "leave it to the hourly run"} {
		if !strings.Contains(got.log, want) {
			t.Errorf("want %q in\n%s", want, got.log)
		}
	}
	got = r.patiently(t, nil, "finalize", "--stage", "due")
	r.ok(t, got, 0, release.Green)
	if !strings.Contains(got.summary, "clean, after release acme-shop-7: 0 containers") || !strings.Contains(got.summary, "destroy: nothing to do") {
		t.Errorf("%s", got.summary)
	}
	r.state(t, release.Blue, "web", slot.Running)
	r.ok(t, r.patiently(t, nil, "finalize", "--stage", "check"), 0, release.Green)
	r.ok(t, r.patiently(t, nil, "rollback", "--cold", "true"), 0, release.Blue)
	r.ok(t, r.patiently(t, nil, "finalize", "--stage", "due"), 0, release.Blue)
	r.state(t, release.Blue, "web", slot.Running)
}

func TestAClaimThatNobodyEndsIsWarnedOf(t *testing.T) {
	t.Parallel()
	r := finalized(t, 49*time.Hour)
	must(t, r.nginx.Update(t.Context(), func(p *traffic.Page) error {
		p.Claims = map[release.Slot]traffic.Claim{release.Blue: {Release: "acme-shop-8", At: time.Now().Add(-72 * time.Hour)}}
		return nil
	}))
	got := r.patiently(t, nil, "finalize", "--stage", "due")
	r.ok(t, got, 0, release.Green)
	for _, want := range []string{"destroy: nothing to do: release acme-shop-8 claims the blue slot", "gh run rerun 8 --failed"} {
		if !strings.Contains(got.summary, want) {
			t.Errorf("want %q in\n%s", want, got.summary)
		}
	}
	if strings.Count(got.log, "gh run rerun 8 --failed") != 1 {
		t.Errorf("want one warning in\n%s", got.log)
	}
}

func TestStatusSaysThatASlotIsBeingRemoved(t *testing.T) {
	t.Parallel()
	r := finalized(t, 49*time.Hour)
	_, err := traffic.Retire(t.Context(), r.nginx, release.Blue, shop, func(traffic.Page) error { return nil })
	must(t, err)
	got := r.patiently(t, nil, "status")
	if line := regexp.MustCompile(`(?m)^.*is being removed.*$`).FindString(got.log + got.summary); !strings.Contains(line, "was ") || strings.Contains(line, string(shop)) {
		t.Errorf("%q in\n%s%s", line, got.log, got.summary)
	}
	r.ok(t, r.patiently(t, nil, "finalize", "--stage", "check"), 0, release.Green)
}

func TestTheSlotThatWasLiveIsDestroyedWhenItsWindowIsOver(t *testing.T) {
	t.Parallel()
	r := finalized(t, 49*time.Hour)
	got := r.patiently(t, nil, "finalize", "--stage", "due", "--dry-run")
	r.ok(t, got, 0, release.Green)
	if !strings.Contains(got.summary, "2 containers, 0 networks and 0 images (0B) would be removed") {
		t.Errorf("%s", got.summary)
	}
	r.state(t, release.Blue, "web", slot.Running)
	got = r.patiently(t, nil, "finalize", "--stage", "due")
	r.ok(t, got, 0, release.Green)
	if all, err := r.engine.Containers(t.Context(), r.name+"-blue"); err != nil || len(all) != 0 {
		t.Errorf("blue still has %v, %v", all, err)
	}
	if got.outputs["removed"] != "2" || got.evidence(t, "D.2.5") != release.Passed || got.evidence(t, "D.1.v4") != release.Passed || got.evidence(t, "D.2.6") != release.NotShown {
		t.Errorf("removed %s:\n%s", got.outputs["removed"], got.summary)
	}
	r.state(t, release.Green, "worker", slot.Running)
	for _, stage := range []string{"due", "check"} {
		got = r.patiently(t, nil, "finalize", "--stage", stage)
		r.ok(t, got, 0, release.Green)
	}
	if !strings.Contains(got.summary, "nothing is kept to go back to") {
		t.Errorf("%s", got.summary)
	}
	r.ok(t, r.patiently(t, nil, "rollback", "--cold", "true"), 1, release.Green)
}
