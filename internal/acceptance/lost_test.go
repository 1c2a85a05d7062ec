package acceptance_test

import (
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// It waits for a real minute.
func TestALostRunnerIsNoticedByTheGuard(t *testing.T) {
	r := waiting(t)
	good, l := r.candidate().Other(), r.users(t)
	s := r.shifting(t, "", inputs{"shift-steps": "[{weight: 50, bake: 60s}, {weight: 100, bake: 60s}]"})
	r.attempt-- // the guard is a job of the same attempt
	guard := r.start(t, "rollback", inputs{"when-lease-expires": "true", "cold": "auto"})
	r.attempt++
	guard.says(t, "watching the lease of the shift")
	line(`was given 50%`).kill(t, s)
	lost := time.Now()
	r.stands(t, r.candidate(), 50)
	eventually(t, "the guard has put the traffic back", func() bool { return r.weights(t) == release.Split(good, 100) })
	t.Logf("the guard had the traffic back %v after the shift was killed at 50%%", time.Since(lost).Round(100*time.Millisecond))
	got := guard.end(t).want(t, 1) // it is to be run again beside the shift
	got.has(t, inputs{"moved": "true", "slot": string(good)})
	got.shows(t, "its process is gone")
	r.stands(t, good, 100)
	l.leave(t)
}
