package acceptance_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
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
