package ssh_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
)

// The connection has one session for its files, and one for everything else. On a
// slow machine the first program may end too soon, or so late that nobody waits:
// then it is tried again.
func TestASessionIsWaitedForWhereAllAreTaken(t *testing.T) {
	t.Parallel()
	login := lab.SSH(t, "MaxSessions 2")
	h, dir := open(t, settings(login)), place(t, login)
	must(t, h.Make(t.Context(), dir, 0o777))
	for begin := time.Now(); ; {
		begun, done := filepath.Join(dir, "begun"), make(chan error, 1)
		go func() {
			_, err := h.Run(t.Context(), "sh", "-c", `touch "$1"; sleep 0.2`, "sh", begun)
			done <- err
		}()
		for os.Remove(begun) != nil && len(done) == 0 {
			time.Sleep(time.Millisecond)
		}
		early := len(done) == 0
		_, err := h.Run(t.Context(), "true")
		first := <-done
		if early && first == nil && err == nil {
			return
		}
		t.Logf("the first program still ran: %v; it: %v, the second one: %v", early, first, err)
		if time.Since(begin) > patience {
			t.Fatal("there was never room for a second session")
		}
	}
}
