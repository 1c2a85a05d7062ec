package slot_test

import (
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
)

func TestOnlyErrorsThatTheLiveSlotDoesNotHaveAreNew(t *testing.T) {
	t.Parallel()
	ports := lab.Ports(t, 2)
	only := map[string]any{"backend": service("backend", nil)}
	live := newWorks(t, release.Blue, only)
	live.push("backend", serving(ports[0], `LINES=ERROR mail 41 to "ann" bounced|level=error msg="slow query 0.2s"`))
	live.mustDeploy()

	w := newWorks(t, release.Green, only)
	w.order.Live = live.Environment
	w.settings.Logs.Ignore = []string{"deprecated"}
	w.open()
	w.push("backend", serving(ports[1], `LINES=ERROR mail 97 to "bob" bounced|{"level":"error","msg":"no column 7"}|{"level":"error","msg":"no column 8"}|ERROR deprecated|an error was avoided`))
	done := w.mustDeploy()
	if len(done.LogErrors) != 1 || done.LogErrors[0].Kind != "no column #" || done.LogErrors[0].Count != 2 {
		t.Errorf("got %+v", done.LogErrors)
	}
	w.wants("failed: B.3.v3 B.5.s1", "passed: B.3.v1")

	w.settings.Logs.NewErrors = slot.Fail
	w.open()
	if _, err := w.deploy(); err == nil || !strings.Contains(err.Error(), `backend logs {"level":"error","msg":"no column 7"}`) {
		t.Errorf("with new-errors: fail: %v", err)
	}
}
