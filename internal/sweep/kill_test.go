package sweep_test

import (
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// mostMoments bounds a sweep that finds no end.
const mostMoments = 80

// each runs a child once for every moment of its life, killed there, until one
// lives to the end.
func (r *rig) each(t *testing.T, change func(*order), then func(moment string)) {
	t.Helper()
	for k := 1; k <= mostMoments; k++ {
		moment := r.run(t, func(o *order) { change(o); o.Kill = k })
		r.expire(t)
		then(moment)
		if moment == "" {
			return
		}
	}
	t.Fatalf("a child has more than %d moments", mostMoments)
}

func TestAShiftThatIsKilledAnywhereIsTakenBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.load(t)
	r.each(t, forward, func(moment string) {
		left := r.weight(t)
		for range 2 {
			r.run(t, back)
			r.stands(t, 0)
		}
		r.note("shift killed %-32s left %4v, rollback: %v", moment, left, release.Split(release.Green, 0))
		r.claim(t)
	})
	r.row(t, "a shift is killed right before or after any outside effect", "a rollback ends well, twice", 0)
	r.leave(t)
}

func TestAShiftThatIsKilledAnywhereGoesOn(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.load(t)
	r.each(t, forward, func(moment string) {
		left := r.weight(t)
		r.run(t, forward)
		r.stands(t, 100)
		r.run(t, forward) // finds all done
		r.stands(t, 100)
		r.note("shift killed %-32s left %4v, run again: %v", moment, left, release.Split(release.Green, 100))
		r.run(t, back)
		r.stands(t, 0)
		r.claim(t)
	})
	r.row(t, "the same", "the shift, run again, ends well, twice", 100)
	r.leave(t)
}

func TestARetreatThatIsKilledAnywhereIsFinished(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.load(t)
	bad := func(o *order) { o.Bad = 50 }
	r.each(t, bad, func(moment string) {
		left := r.weight(t)
		r.run(t, back)
		r.stands(t, 0)
		r.note("retreat killed %-32s left %4v, rollback: %v", moment, left, release.Split(release.Green, 0))
		r.claim(t)
	})
	r.row(t, "a shift that goes back by itself is killed there", "a rollback ends well", 0)
	r.leave(t)
}

func TestARollbackThatIsKilledAnywhereIsFinished(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.load(t)
	r.half(t)
	r.each(t, back, func(moment string) {
		left := r.weight(t)
		r.run(t, back)
		r.stands(t, 0)
		r.note("rollback killed %-32s left %4v, again: %v", moment, left, release.Split(release.Green, 0))
		r.half(t)
	})
	r.row(t, "a rollback is killed there", "the next one ends well", 0)
	r.leave(t)
}

// half leaves the traffic at 50 %, as a shift that was killed there does.
func (r *rig) half(t *testing.T) {
	t.Helper()
	r.claim(t)
	r.run(t, func(o *order) { o.KillAt = "after set green 50%" })
	r.expire(t)
	r.stands(t, 50)
}
