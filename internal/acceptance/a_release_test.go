package acceptance_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func TestAReleaseReplacesTheOneBeforeAndRunAgainChangesNothing(t *testing.T) {
	h := settled(t)
	first := h.live.candidate()
	h.stands(t, first, 100)
	l := h.users(t)
	r := h.propose(t, "none", 3)
	r.prepare(t)
	if r.candidate() != first.Other() {
		t.Fatalf("the release goes to %s, and %s is live", r.candidate(), first)
	}
	r.shift(t).has(t, inputs{"outcome": "shifted", "weight": "100", "verdict": "passed", "rollback-ms": "0"})
	h.stands(t, r.candidate(), 100)
	r.complete(t)
	h.stands(t, r.candidate(), 100)
	h.live = r
	if record := r.facts(t); record.Good != first || record.Shifted == nil || record.Shifted.Weight != 100 || record.Schema.After != 3 {
		t.Errorf("the record says %+v", record)
	}
	l.leave(t)

	before := h.look(t, r)
	l = h.users(t)
	again := &rollout{house: h, version: r.version, run: r.run, attempt: r.attempt + 1, commit: r.commit, dir: r.dir, said: map[string]result{}}
	again.prepare(t)
	again.shift(t).has(t, inputs{"outcome": "unchanged", "weight": "100"})
	again.complete(t)
	for phase, text := range map[string]string{
		"build": "3 images, 0 built now", "migrate": "nothing to apply: the database is at version 3",
		"deploy-green": "nothing was changed", "shift": "unchanged", "finalize": "is the default",
	} {
		again.said[phase].shows(t, text)
	}
	again.said["deploy-green"].has(t, inputs{"unchanged": "true"})
	again.said["build"].has(t, inputs{"built": "0"})
	if diff := cmp.Diff(before, h.look(t, r)); diff != "" {
		t.Errorf("the second run changed something: %s", diff)
	}
	l.leave(t)
}

func TestABadVersionIsTakenBackByTheShift(t *testing.T) {
	h := settled(t)
	good := h.live.candidate()
	r := h.propose(t, "errors", 3)
	r.prepare(t)
	l := h.users(t)
	got := r.keep("shift", r.shifting(t, "60s", nil).end(t)).want(t, 1)
	h.stands(t, good, 100)
	got.has(t, inputs{"outcome": "rolled back", "weight": "0", "verdict": "refused"})
	if record := r.facts(t); !record.Shifted.RolledBack || record.Shifted.Weight != 0 || !strings.Contains(record.Shifted.Reason, "5xx") {
		t.Errorf("the record says %+v", record.Shifted)
	}
	t.Logf("rolled back %s ms after the decision: %s", got.outputs["rollback-ms"], r.facts(t).Shifted.Reason)

	step := r.must(t, "rollback", inputs{"reason": "the shift failed"})
	step.has(t, inputs{"moved": "false", "slot": string(good)})
	step.shows(t, "nothing more to move")
	r.takenBackAgain(t, good)
	l.leave(t, r.version)
}

// takenBackAgain rolls back once more, and from two processes at once.
func (r *rollout) takenBackAgain(t *testing.T, good release.Slot) {
	t.Helper()
	before := r.page(t)
	r.must(t, "rollback", nil).has(t, inputs{"moved": "false"})
	one, two := r.start(t, "rollback", nil), r.start(t, "rollback", nil)
	one.end(t).want(t, 0).has(t, inputs{"moved": "false"})
	two.end(t).want(t, 0).has(t, inputs{"moved": "false"})
	r.stands(t, good, 100)
	if diff := cmp.Diff(timeless(t, before), timeless(t, r.page(t))); diff != "" {
		t.Errorf("the ledger has changed: %s", diff)
	}
}
