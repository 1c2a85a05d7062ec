package postgres_test

import (
	"context"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// rehearsing is a house with contract files that waited in its last release, and a
// stage.
func rehearsing(t *testing.T, contract map[string]string) (*house, func(release.ID) (migration.Report, error)) {
	t.Helper()
	h := newHouse(t, map[string]string{"1_users.up.sql": usersTable, "2_name.up.sql": newName})
	h.release("shop-1")
	h.contract(contract)
	if r := h.release("shop-2"); len(waiting(r)) == 0 {
		t.Fatalf("%+v", r.Contract)
	}
	h.s.Rehearsal = migration.Rehearsals{Where: migration.Production, Data: migration.Backup, MaxSize: 20e9, Free: 20e9, Jobs: 2, Timeout: soon}
	return h, func(id release.ID) (migration.Report, error) {
		on := h.systems()
		on.Stage = stage(h.s)
		return migration.Run(t.Context(), h.s, on, id, new(release.Findings))
	}
}

func TestContractFilesAreRehearsedAlone(t *testing.T) {
	t.Parallel()
	_, run := rehearsing(t, map[string]string{"1_old.up.sql": dropOld})
	r, err := run("shop-3")
	if err != nil || len(r.Contract.Files) != 1 || len(r.Rehearsal.Files) != 1 || r.Unplayed != "" {
		t.Fatalf("%+v, %v", r, err)
	}
	f := r.Rehearsal.Files[0]
	if !f.Contract || f.Additive || f.Up.String()[:25] != "ACCESS EXCLUSIVE on users" || r.Rehearsal.Proofs[0].Reversible() || r.Backup.Level != migration.Restored {
		t.Errorf("%+v, %v, level %s", f, f.Up, r.Backup.Level)
	}
}

// TestContractFilesAreRehearsedBehindTheOthers has both lines begin with version 1, and
// files that do not come back, whose followers run on a new scratch database.
func TestContractFilesAreRehearsedBehindTheOthers(t *testing.T) {
	t.Parallel()
	h, run := rehearsing(t, map[string]string{
		"1_old.up.sql": dropOld, "1_old.down.sql": "ALTER TABLE users ADD COLUMN old_name text",
		"2_size.up.sql": "-- bluegreen: contract after=2\nALTER TABLE users ALTER COLUMN new_name TYPE varchar(100);", "2_size.down.sql": "ALTER TABLE users ALTER COLUMN new_name TYPE varchar(255)",
	})
	write(t, h.s.Folder, map[string]string{"3_more.up.sql": "CREATE TABLE more ()", "3_more.down.sql": "DROP TABLE nowhere", "4_most.up.sql": "CREATE TABLE most ()", "4_most.down.sql": "DROP TABLE most"})
	r, err := run("shop-3")
	if err != nil || len(r.Files) != 2 || len(r.Contract.Files) != 2 {
		t.Fatalf("%+v, %v", r, err)
	}
	want := []string{`3_more.down.sql ended in an error: table "nowhere" does not exist`, "came back without a loss, on real rows", "loses column users.old_name, 1 values", "came back without a loss, on real rows"}
	for i, f := range r.Rehearsal.Files {
		if p := r.Rehearsal.Proofs[i]; !strings.HasPrefix(p.String(), want[i]) || f.Contract != (i > 1) {
			t.Errorf("%s: %v, want %s", f.File, p, want[i])
		}
	}
	if seen := r.Rehearsal.Files[3].Up.String(); !strings.Contains(seen, "rewrites users") {
		t.Errorf("%s", seen)
	}
	nothingLeft(t, connect(t, h.s), "shop-3")
}

func TestAContractFileThatDoesNotGoUpIsRefusedBeforeAnythingChanges(t *testing.T) {
	t.Parallel()
	h, run := rehearsing(t, map[string]string{"1_must.up.sql": "-- bluegreen: contract after=2\nALTER TABLE users ALTER COLUMN new_name SET NOT NULL;"})
	write(t, h.s.Folder, map[string]string{"3_more.up.sql": "CREATE TABLE more ()"})
	_, err := run("shop-3")
	if err == nil || !strings.Contains(err.Error(), `contract/1_must.up.sql: column "new_name" of relation "users" contains null values`) || !strings.Contains(release.HintOf(err), "the live database was not touched") {
		t.Errorf("%v (%s)", err, release.HintOf(err))
	}
	at(t, h.s, 2)
	if now := state(t, h.s.Contracts()); now.Version != migration.None {
		t.Errorf("%+v", now)
	}
}

// TestARunThatEndsBetweenTwoContractFilesIsRehearsedAgain has a backup from before the
// first one, on which the second cannot be tried.
func TestARunThatEndsBetweenTwoContractFilesIsRehearsedAgain(t *testing.T) {
	t.Parallel()
	h, run := rehearsing(t, map[string]string{"1_old.up.sql": dropOld, "2_size.up.sql": "-- bluegreen: contract after=2\nALTER TABLE users ALTER COLUMN new_name TYPE varchar(100);"})
	ctx, end := context.WithCancel(t.Context())
	on := h.systems()
	on.Stage = stage(h.s)
	on.Progress = func(e migration.Event) {
		if e.Kind == migration.FileApplied {
			end()
		}
	}
	first, err := migration.Run(ctx, h.s, on, "shop-3", new(release.Findings))
	if err == nil || len(first.Contract.Files) != 1 || first.Backup == nil {
		t.Fatalf("%+v, %v", first, err)
	}
	p, err := migration.Look(t.Context(), h.s, on.Database)
	if err != nil {
		t.Fatal(err)
	}
	c, err := on.Contract.Contract(t.Context(), h.s, p)
	if m, latest := migration.Latest(h.s, p, c); err != nil || latest != nil || m != nil || len(c.Files) != 1 {
		t.Errorf("a dry run would rehearse %v on %+v: %v, %v", c.Files, m, err, latest)
	}
	r, err := run("shop-3")
	if err != nil || r.Reused || r.Backup.Name == first.Backup.Name || len(r.Contract.Files) != 1 || len(r.Rehearsal.Files) != 1 || !r.Rehearsal.Data {
		t.Fatalf("%+v, %v (%s)", r, err, release.HintOf(err))
	}
}

// TestAFileMaySetItsTransaction has statements that have to come before every query.
func TestAFileMaySetItsTransaction(t *testing.T) {
	t.Parallel()
	s, id := played(t)
	write(t, s.Folder, map[string]string{
		"2_b.up.sql":   "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;\nSET LOCAL statement_timeout = '1min';\nALTER TABLE users ADD COLUMN mail text;",
		"2_b.down.sql": "BEGIN;\nSET TRANSACTION ISOLATION LEVEL SERIALIZABLE;\nALTER TABLE users DROP COLUMN mail;\nCOMMIT;",
		"3_c.up.sql":   "SET LOCAL statement_timeout = '1min'", "3_c.down.sql": "SELECT 1",
	})
	r, _, err := play(t, s, id, nil)
	if err != nil {
		t.Fatalf("%v (%s)", err, release.HintOf(err))
	}
	if seen := r.Rehearsal.Files[0].Up; !seen.Exact || len(seen.Statements) != 1 || seen.Statements[0].Line != 3 || !strings.HasPrefix(seen.String(), "ACCESS EXCLUSIVE on users") {
		t.Errorf("%+v", seen)
	}
	for _, p := range r.Rehearsal.Proofs {
		if !p.Reversible() {
			t.Errorf("%+v", p)
		}
	}
}
