package acceptance_test

import (
	"strings"
	"testing"
)

func TestASupersededReleaseIsRefused(t *testing.T) {
	older := waiting(t)
	good := older.candidate().Other()
	newer := older.propose(t, "none", 3)

	if older.page(t).Claims[older.candidate()].Yielded {
		older.must(t, "migrate", nil) // run again after a rollback: it claims its slot again
	}
	refused := newer.do(t, "preflight", inputs{"version": newer.version, "environment": "production"}).want(t, 1)
	if text := strings.Join(refused.errors, " "); !strings.Contains(text, string(older.id())) || !strings.Contains(text, "take-over") {
		t.Errorf("the refusal does not name the other release and the way past it: %s", text)
	}
	newer.must(t, "preflight", inputs{"version": newer.version, "environment": "production", "take-over": "true"})
	newer.must(t, "build", nil)
	newer.must(t, "migrate", inputs{"take-over": "true"})

	got := older.start(t, "shift", inputs{"shift-steps": steps("1s")}).end(t).want(t, 1)
	got.has(t, inputs{"outcome": "refused", "weight": "0", "verdict": "refused"})
	if text := strings.Join(got.errors, " "); !strings.Contains(text, "superseded: release "+string(newer.id())) {
		t.Errorf("the refusal does not name the newer release: %s", text)
	}
	older.stands(t, good, 100)
	t.Logf("refused: %s", got.errors)
	older.must(t, "rollback", nil).shows(t, "nothing")

	older.must(t, "migrate", inputs{"take-over": "true"})
	older.must(t, "rollback", nil).shows(t, "nothing")
	older.stands(t, good, 100)
}
