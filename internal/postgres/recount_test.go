package postgres_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// served are the systems of a database while releases serve.
func served(t testing.TB, s migration.Settings, all ...migration.Serving) migration.Systems {
	t.Helper()
	db := open(t, s)
	return migration.Systems{Database: db, Dumper: quick{db}, Contract: migration.Line{
		Serving: func(context.Context) ([]migration.Serving, error) { return all, nil },
	}}
}

// sweeps ends a release that is live, beside what a rollback would go back to.
func sweeps(t testing.TB, s migration.Settings, id release.ID, back ...release.ID) migration.Report {
	t.Helper()
	all := []migration.Serving{{Release: id, As: "live in blue"}}
	for _, one := range back {
		all = append(all, migration.Serving{Release: one, As: "the way back, in green"})
	}
	r, err := migration.Sweep(t.Context(), s, served(t, s, all...), id, new(release.Findings))
	if err != nil {
		t.Fatalf("%v (%s)", err, release.HintOf(err))
	}
	return r
}

// left is what a contraction behind a version would wait for.
func left(t testing.TB, s migration.Settings, until migration.Version) string {
	t.Helper()
	list, err := migration.Left(t.Context(), s, open(t, s), until)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(list, "; ")
}

const marks = `SELECT count(*) FROM bluegreen_backfills WHERE swept_at IS NOT NULL`

// refilled fails the test unless a run has changed as many rows of a backfill that had
// ended.
func refilled(t testing.TB, r migration.Report, rows int64) {
	t.Helper()
	if len(r.Fills) != 1 || !r.Fills[0].Again || r.Fills[0].Changed != rows || r.Fills[0].Remainder != 0 {
		t.Errorf("%d rows were to be changed again: %+v", rows, r.Fills)
	}
}

// TestRowsOfARollbackAreFilledBeforeAnythingContracts has the old version come back
// behind the sweep of the release that filled, and write. Nobody but a backfill fills
// new_name here.
func TestRowsOfARollbackAreFilledBeforeAnythingContracts(t *testing.T) {
	t.Parallel()
	const fill = "\n-- bluegreen: backfill users key=id\n-- UPDATE users SET new_name = old_name WHERE new_name IS NULL;\n"
	h := newHouse(t, map[string]string{"1_users.up.sql": usersTable})
	c, db := connect(t, h.s), open(t, h.s)
	run := func(id release.ID) migration.Report {
		on := h.systems()
		on.Contract.Left = func(ctx context.Context, until migration.Version) ([]string, error) {
			return migration.Left(ctx, h.s, db, until)
		}
		r, err := migration.Run(t.Context(), h.s, on, id, new(release.Findings))
		if err != nil {
			t.Fatalf("%s: %v (%s)", id, err, release.HintOf(err))
		}
		return r
	}
	run("shop-1")
	write(t, h.s.Folder, map[string]string{"2_name.up.sql": newName + fill})
	run("shop-2")
	if r := sweeps(t, h.s, "shop-2", "shop-1"); c.number(marks) != 0 || len(r.Notes) != 1 || !strings.HasSuffix(r.Notes[0],
		"2_name.up.sql:2, table users stays open, and the next release counts it again: release shop-1, the way back, in green, was not migrated with this file in hand") {
		t.Errorf("%d marks, %q", c.number(marks), r.Notes)
	}

	c.exec(`INSERT INTO users SELECT n, 'old ' || n FROM generate_series(101, 200) n`)
	h.serving = []migration.Serving{{Release: "shop-1", As: "live in green"}} // behind a rollback
	h.contract(map[string]string{"1_old.up.sql": dropOld})
	r := run("shop-3")
	refilled(t, r, 100)
	if len(waiting(r)) != 1 || r.Backup != nil || !strings.Contains(strings.Join(r.Notes, "\n"), "backfills that had ended were counted again: 2_name.up.sql:2, table users: 100 rows left") {
		t.Errorf("%+v", r)
	}
	c.exec(`INSERT INTO users SELECT n, 'old ' || n FROM generate_series(201, 210) n`)
	refilled(t, sweeps(t, h.s, "shop-3", "shop-1"), 10)

	c.exec(`INSERT INTO users SELECT n, 'old ' || n FROM generate_series(211, 215) n`) // a rollback, and forward again
	h.serving = []migration.Serving{{Release: "shop-3", As: "live in blue"}}
	r = run("shop-4")
	refilled(t, r, 5)
	if len(waiting(r)) != 1 || !strings.Contains(r.Contract.Held[0].Why, "backfills are not done: 2_name.up.sql:2, table users: 5 rows left") {
		t.Errorf("%+v", r.Contract)
	}
	if sweeps(t, h.s, "shop-4", "shop-3"); c.number(marks) != 1 {
		t.Error("both that can serve have the file, and the backfill stays open")
	}

	if r = run("shop-5"); len(r.Contract.Files) != 1 || len(r.Fills) != 0 || c.number(oldNames) != 0 {
		t.Errorf("%+v", r)
	}
	if n := c.number(`SELECT count(*) FROM users WHERE new_name IS NOT NULL`); n != 116 {
		t.Errorf("%d names of 116 are there", n)
	}
}

func TestWhatWasSweptForGoodIsNotChangedByALaterRelease(t *testing.T) {
	t.Parallel()
	s := settings(t, nicks(10, bare))
	must(t, s, "shop-1")
	c := connect(t, s)
	c.exec(`ALTER TABLE bluegreen_backfills DROP COLUMN swept_at`) // as an earlier version of this program has left it
	sweeps(t, s, "shop-1")
	c.exec(`UPDATE users SET nick = NULL WHERE id = (SELECT min(id) FROM users)`) // which the application means by now
	if r := must(t, s, "shop-2"); len(r.Fills) != 0 {
		t.Errorf("%+v", r.Fills)
	}
	if r := sweeps(t, s, "shop-2", "shop-1"); len(r.Fills) != 0 || c.number(`SELECT count(*) FROM users WHERE nick IS NULL`) != 1 {
		t.Errorf("%+v", r.Fills)
	}
	if why := left(t, s, 2); !strings.Contains(why, "1 rows left, since it was swept: if the application means them, add once to its directive") {
		t.Errorf("contract files would wait for %q", why)
	}
	files := nicks(10, bare+" once")
	write(t, s.Folder, files)
	if why := left(t, s, 2); why != "" {
		t.Errorf("contract files would wait for %q", why)
	}
	write(t, s.Folder, map[string]string{"2_nick.up.sql": strings.ReplaceAll(files["2_nick.up.sql"], "WHERE nick IS NULL", "WHERE coalesce(nick, '') = ''")})
	if why := left(t, s, 2); !strings.HasSuffix(why, "1 rows left") { // another backfill than the one that was swept
		t.Errorf("contract files would wait for %q", why)
	}
	c.exec(`DELETE FROM bluegreen_backfills`) // as the message has it
	write(t, s.Folder, nicks(10, bare))
	if r := must(t, s, "shop-3"); len(r.Fills) != 1 || r.Fills[0].Changed != 1 || left(t, s, 2) != "" {
		t.Errorf("%+v", r.Fills)
	}
}

// TestAHotfixThatDoesNotKnowABackfillOpensItAgain releases a commit from before it, and
// takes the way back to that out of reach with the second release behind it.
func TestAHotfixThatDoesNotKnowABackfillOpensItAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nicks(10, bare+" once"))
	c, main, branch := connect(t, h.s), h.s.Folder, t.TempDir()
	h.release("shop-1")
	if sweeps(t, h.s, "shop-1"); c.number(marks) != 1 {
		t.Fatal("the backfill stays open")
	}
	write(t, branch, map[string]string{"1_users.up.sql": nicks(10, bare)["1_users.up.sql"]})
	h.s.Folder = branch
	h.release("shop-2")
	c.exec(`INSERT INTO users (id, name) VALUES (4, 'old')`)

	h.s.Folder = main
	if why := left(t, h.s, 2); !strings.HasSuffix(why, ": 1 rows left") {
		t.Errorf("contract files would wait for %q", why)
	}
	refilled(t, h.release("shop-3"), 1)
	if sweeps(t, h.s, "shop-3", "shop-2"); c.number(marks) != 0 {
		t.Error("the hotfix could come back, and the backfill is closed")
	}
	h.release("shop-4")
	if sweeps(t, h.s, "shop-4", "shop-3"); c.number(marks) != 1 {
		t.Error("both that can serve have the file, and the backfill stays open")
	}
	c.filled(11)
}

func TestABackfillWhoseFileIsGoneHoldsWhatContracts(t *testing.T) {
	t.Parallel()
	files := nicks(10, bare)
	files["3_more.up.sql"] = "CREATE TABLE more ()"
	s := settings(t, files)
	must(t, s, "shop-1")
	if err := os.Remove(filepath.Join(s.Folder, "2_nick.up.sql")); err != nil {
		t.Fatal(err)
	}
	if why := left(t, s, 2); !strings.HasPrefix(why, "2_nick.up.sql is not in ") || left(t, s, 1) != "" {
		t.Errorf("contract files would wait for %q", why)
	}
	write(t, s.Folder, map[string]string{"2_nick.up.sql": files["2_nick.up.sql"]})
	sweeps(t, s, "shop-1")
	if err := os.Remove(filepath.Join(s.Folder, "2_nick.up.sql")); err != nil {
		t.Fatal(err)
	}
	if why := left(t, s, 2); why != "" {
		t.Errorf("contract files would wait for %q", why)
	}
}

func TestASweepDoesNotCloseWhatItCannotTell(t *testing.T) {
	t.Parallel()
	s := settings(t, nicks(10, bare))
	must(t, s, "shop-1")
	for _, line := range []migration.Line{{}, {Serving: func(context.Context) ([]migration.Serving, error) { return nil, os.ErrDeadlineExceeded }}} {
		r, err := migration.Sweep(t.Context(), s, migration.Systems{Database: open(t, s), Contract: line}, "shop-1", new(release.Findings))
		if err != nil || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "it is not known which releases serve") || connect(t, s).number(marks) != 0 {
			t.Errorf("%q, %v", r.Notes, err)
		}
	}
}

// TestAFileThatNeedsTheRowsOfARollbackIsRehearsedWithThem adds a check that these rows
// would fail, also on the scratch database.
func TestAFileThatNeedsTheRowsOfARollbackIsRehearsedWithThem(t *testing.T) {
	t.Parallel()
	s, id := played(t)
	write(t, s.Folder, map[string]string{
		"2_b.up.sql": "ALTER TABLE users ADD COLUMN nick2 text;\n-- bluegreen: backfill users key=id\n-- UPDATE users SET nick2 = name WHERE nick2 IS NULL;\n", "2_b.down.sql": "ALTER TABLE users DROP COLUMN nick2",
	})
	must(t, s, "shop-1")
	connect(t, s).exec(`INSERT INTO users VALUES (1000, 'old')`)
	write(t, s.Folder, map[string]string{
		"3_c.up.sql": "ALTER TABLE users ADD CONSTRAINT nick2_there CHECK (nick2 IS NOT NULL);", "3_c.down.sql": "ALTER TABLE users DROP CONSTRAINT nick2_there",
	})
	r, _, err := play(t, s, id, nil)
	if err != nil || len(r.Rehearsal.Proofs) != 1 {
		t.Fatalf("%+v, %v (%s)", r.Rehearsal, err, release.HintOf(err))
	}
	refilled(t, r, 1)
	at(t, s, 3)
}

// TestAReleaseThatChangesOnlyRowsOfARollbackOwesNoEvidenceOfMigrations has nothing of
// its own to migrate.
func TestAReleaseThatChangesOnlyRowsOfARollbackOwesNoEvidenceOfMigrations(t *testing.T) {
	t.Parallel()
	s := settings(t, nicks(10, bare))
	must(t, s, "shop-1")
	connect(t, s).exec(`INSERT INTO users (id, name) VALUES (4, 'old')`)
	var seen release.Findings
	r, err := migration.Run(t.Context(), s, served(t, s), "shop-2", &seen)
	if err != nil {
		t.Fatal(err)
	}
	refilled(t, r, 1)
	for id, want := range map[string]release.Status{"B.2.v1": release.NotApplicable, "A.5.s1": release.NotApplicable, "3.1.1b": release.Passed} {
		if e := found(&seen, id); e.Status != want {
			t.Errorf("%+v, want %s", e, want)
		}
	}
}

// TestARunThatIsKilledAtAnyEffectOfFillingAgainConverges kills a release that finds
// rows of a rollback, and needs them for its own file.
func TestARunThatIsKilledAtAnyEffectOfFillingAgainConverges(t *testing.T) {
	files := nicks(10, bare)
	scene{least: 15, id: "shop-2", files: files,
		prepared: func(t testing.TB, s migration.Settings) {
			must(t, s, "shop-1")
			connect(t, s).exec(`INSERT INTO users (id, name) VALUES (4, 'between'), (100, 'behind')`)
			write(t, s.Folder, map[string]string{"3_there.up.sql": "ALTER TABLE users ADD CONSTRAINT nick_there CHECK (nick IS NOT NULL)"})
		},
		again: func(t *testing.T, s migration.Settings) {
			for range 2 {
				report := must(t, s, "shop-2")
				if !slices.Equal(report.Schema.Applied, []uint{3}) {
					t.Errorf("%+v", report.Schema)
				}
			}
			connect(t, s).filled(12)
			if state(t, s).Holds == nil {
				t.Error("nobody has written down that the release knows the backfill")
			}
		},
	}.sweep(t)
}
