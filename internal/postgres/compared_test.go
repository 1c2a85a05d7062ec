package postgres_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// TestASchemaThatIsAnotherAfterGoingBackIsSaid until somebody has mended it: also by
// a run that has nothing left to take back, and by one behind a run that was killed
// before it could compare.
func TestASchemaThatIsAnotherAfterGoingBackIsSaid(t *testing.T) {
	t.Parallel()
	h := rehearsed(t, sessions)
	c := connect(t, h.s)
	c.exec(`CREATE INDEX by_hand ON users (old_name)`)
	for _, reason := range []string{"going back from version 3 ended at version 2, dirty false", "the schema went back to version 2 in an earlier run, and is not what it was before"} {
		d, err := h.goBack(still)
		if err == nil || d.Gone || !strings.Contains(err.Error(), "go back behind 3_sessions.up.sql: the schema is not what it was before") || d.Reason != reason {
			t.Fatalf("%+v, %v", d, err)
		}
		at(t, h.s, 2)
	}
	c.exec(`DROP INDEX by_hand`)
	if d, err := h.goBack(still); err != nil || !d.Gone {
		t.Fatalf("mended: %+v, %v", d, err)
	}
	h.release("shop-2")
	h.prove(func(*migration.Proof) {})
	c.exec(`DROP TABLE sessions; CREATE INDEX by_hand ON users (old_name)`)
	c.exec(`UPDATE schema_migrations SET version = 2, dirty = true; UPDATE bluegreen_migrations SET undo = 'undone' WHERE version = 3`) // as a killed run leaves it
	if d, err := h.goBack(still); err == nil || d.Gone {
		t.Fatalf("killed: %+v, %v", d, err)
	}
	if r := h.release("shop-4"); !slices.Equal(r.Schema.Applied, []uint{3}) || len(state(t, h.s).Differs) != 0 {
		t.Fatalf("the next release: %+v, %+v", r.Schema, state(t, h.s))
	}
}

// TestAFingerprintOfAnotherVersionIsNotCompared has the tool replaced after the release,
// and in the middle of its way back.
func TestAFingerprintOfAnotherVersionIsNotCompared(t *testing.T) {
	t.Parallel()
	h := rehearsed(t, sessions)
	c := connect(t, h.s)
	c.exec(`UPDATE bluegreen_migrations SET fingerprint = '1:' || split_part(fingerprint, ':', 2)`)
	d, err := h.goBack(still)
	if err != nil || d.Gone || !strings.Contains(d.Verdicts[1].Reason, "another version of this tool applied it") {
		t.Fatalf("%+v, %v", d, err)
	}
	at(t, h.s, 3)
	c.exec(`DROP TABLE sessions`)
	c.exec(`UPDATE schema_migrations SET version = 2, dirty = true; UPDATE bluegreen_migrations SET undo = 'undone' WHERE version = 3`) // as a killed run leaves it
	const want = "whether the schema is what it was before 3_sessions.up.sql: another version of this tool has written that down"
	if d, err := h.goBack(still); err != nil || d.Gone || !strings.Contains(d.Reason, want) || len(state(t, h.s).Differs) != 0 {
		t.Fatalf("%+v, %v", d, err)
	}
	_, err = migration.Run(t.Context(), h.s, h.systems(), "shop-3", new(release.Findings))
	if err == nil || !strings.Contains(err.Error(), want) || release.ExitStatus(err) != int(release.Unknown) || !strings.Contains(release.HintOf(err), `remove the line of 3_sessions.up.sql from "public"."bluegreen_migrations"`) {
		t.Fatalf("%v (%s)", err, release.HintOf(err))
	}
	c.exec(`DELETE FROM bluegreen_migrations WHERE version = 3`)
	if r := h.release("shop-3"); !slices.Equal(r.Schema.Applied, []uint{3}) {
		t.Fatalf("%+v", r)
	}
}

// TestWhatAnotherRunHasTakenBackIsNotShownAsProven has a release with nothing left in
// the database, and one that never had anything.
func TestWhatAnotherRunHasTakenBackIsNotShownAsProven(t *testing.T) {
	t.Parallel()
	h := newHouse(t, map[string]string{"1_users.up.sql": usersTable, "1_users.down.sql": "DROP TABLE users"})
	h.s.Down = migration.Proven
	h.release("shop-1")
	for _, one := range []struct {
		recorded *release.Schema
		gone     bool
		want     map[string]release.Status
	}{
		{&release.Schema{Before: 1, After: 2, Applied: []uint{2}}, true, map[string]release.Status{"4.2.1": release.NotShown, "4.2.s1": release.Passed, "4.2.2": release.Passed, "4.2.3": release.NotShown}},
		{nil, true, map[string]release.Status{"4.2.1": release.NotShown, "4.2.s1": release.NotShown, "4.2.2": release.NotShown, "4.2.3": release.NotShown}},
		{&release.Schema{Before: 1, After: 1}, false, map[string]release.Status{"4.2.1": release.Passed, "4.2.s1": release.NotShown, "4.2.2": release.NotShown, "4.2.3": release.NotShown}},
	} {
		var seen release.Findings
		d, err := migration.GoBack(t.Context(), h.s, h.systems(), migration.Return{Release: "shop-2", Recorded: one.recorded, Quiet: still}, &seen)
		if err != nil || d.Gone != one.gone {
			t.Errorf("%+v, %v", d, err)
		}
		for _, e := range seen.List() {
			if want, ok := one.want[e.ID]; ok && e.Status != want {
				t.Errorf("%+v: %+v", one.recorded, e)
			}
		}
	}
}
