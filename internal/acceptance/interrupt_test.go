package acceptance_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// limit is how long a cancelled job may take until the traffic is back. GitHub's
// runner kills it 7.5 s after the interrupt at the earliest. A machine on which a
// rollback with nothing to do takes long is given some of those.
const limit = 5 * time.Second

func TestACancelledShiftIsBackWithinFiveSeconds(t *testing.T) {
	r := waiting(t)
	good, l := r.candidate().Other(), r.users(t)
	s := r.shifting(t, "", inputs{"shift-steps": "[{weight: 50, bake: 60s}, {weight: 100, bake: 60s}]"})
	s.says(t, "pass at 50%")
	s.kill(syscall.SIGINT)
	told := time.Now()
	eventually(t, "the traffic is back", func() bool { return r.weights(t) == release.Split(good, 100) })
	back := time.Since(told)
	got := s.end(t)
	ended := time.Since(told)
	t.Logf("interrupted: the traffic was back after %v, the process ended after %v with status %d", back.Round(100*time.Microsecond), ended.Round(time.Millisecond), got.status)
	r.stands(t, good, 100)
	got.want(t, 1).has(t, inputs{"outcome": "rolled back", "weight": "0", "verdict": "refused"})
	got.shows(t, "interrupted")
	if left := marked(t, s.mark); len(left) > 0 {
		t.Errorf("these processes are left of the step: %v", left)
	}
	r.keep("shift", got)
	idle := r.must(t, "rollback", inputs{"reason": "the shift was cancelled"})
	idle.has(t, inputs{"moved": "false", "slot": string(good)})
	if most := min(7500*time.Millisecond, max(limit, 3*idle.took)); back > most || ended > most {
		t.Errorf("want both within %v", most)
	}
	delete(r.said, "shift")
	l.leave(t)
}

// marked lists the processes that have a variable of the step in their
// environment, which every child inherits.
func marked(t *testing.T, mark string) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil || len(files) == 0 {
		t.Fatalf("/proc: %v", err)
	}
	var left []string
	for _, file := range files {
		text, _ := os.ReadFile(file) // gone meanwhile
		for variable := range bytes.SplitSeq(text, []byte{0}) {
			if string(variable) == mark {
				line, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
				left = append(left, strings.ReplaceAll(string(line), "\x00", " "))
			}
		}
	}
	return left
}
