package acceptance_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func TestABadVersionIsTakenBackByTheShift(t *testing.T) {
	h := settled(t)
	good := h.live.candidate()
	r := h.propose(t, "errors:10", 3)
	r.prepare(t)
	l := h.users(t)
	got := r.keep("shift", r.shifting(t, "60s", nil).end(t)).want(t, 1)
	h.stands(t, good, 100)
	got.has(t, inputs{"outcome": "rolled back", "weight": "0", "verdict": "refused"})
	// Which rule is sure first depends on how many requests the live slot has had.
	rules, _, _ := strings.Cut(r.facts(t).Shifted.Reason, ":")
	errors := strings.Contains(rules, gate.RuleFiveXX) || strings.Contains(rules, gate.RuleTrend)
	if record := r.facts(t); !record.Shifted.RolledBack || record.Shifted.Weight != 0 || !errors {
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
