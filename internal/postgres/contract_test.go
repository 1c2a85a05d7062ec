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

// house is a database with both lines of migrations, and what serves.
type house struct {
	t       testing.TB
	s       migration.Settings
	serving []migration.Serving
	left    []string // backfills
}

func newHouse(t testing.TB, files map[string]string) *house {
	t.Helper()
	return houseOf(t, settings(t, files))
}

func houseOf(t testing.TB, s migration.Settings) *house {
	t.Helper()
	h := &house{t: t, s: s}
	if err := os.Mkdir(filepath.Join(h.s.Folder, "contract"), 0o700); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) contract(files map[string]string) {
	h.t.Helper()
	write(h.t, filepath.Join(h.s.Folder, "contract"), files)
}

func (h *house) systems() migration.Systems {
	h.t.Helper()
	db := open(h.t, h.s)
	return migration.Systems{Database: db, Dumper: dumper(h.s, db), Counter: db, Breaks: func(m migration.Migration) []string { return breaks(m) }, Contract: migration.Line{
		Database: open(h.t, h.s.Contracts()),
		Serving:  func(context.Context) ([]migration.Serving, error) { return h.serving, nil },
		Left:     func(context.Context, migration.Version) ([]string, error) { return h.left, nil },
	}}
}

// breaks stands in for the review: what it would say of the files of these tests.
func breaks(m migration.Migration) []string {
	found := []string{}
	if strings.Contains(m.Up.Script.Text, "DROP COLUMN") {
		found = append(found, "drop-column")
	}
	return found
}

// release migrates, and is live in blue from then on.
func (h *house) release(id release.ID) migration.Report {
	h.t.Helper()
	report, err := migration.Run(h.t.Context(), h.s, h.systems(), id, new(release.Findings))
	if err != nil {
		h.t.Fatalf("%s: %v (%s)", id, err, release.HintOf(err))
	}
	h.serving = []migration.Serving{{Release: id, As: "live in blue"}}
	return report
}

// waiting are the names of the contract files that wait.
func waiting(r migration.Report) (names []string) {
	for _, held := range r.Contract.Held {
		names = append(names, held.Up.Name)
	}
	return names
}

const (
	usersTable = "CREATE TABLE users (id bigint PRIMARY KEY, old_name text);\nINSERT INTO users VALUES (1, 'a');"
	newName    = "ALTER TABLE users ADD COLUMN new_name varchar(255);"
	dropOld    = "-- the second half of 2\n-- bluegreen: contract after=2\nALTER TABLE users DROP COLUMN old_name;"
)

const oldNames = `SELECT count(*) FROM information_schema.columns WHERE table_name = 'users' AND column_name = 'old_name'`

func TestAContractMigrationWaitsForTheReleaseInWhichNobodyUsesTheOldShape(t *testing.T) {
	t.Parallel()
	h := newHouse(t, map[string]string{"1_users.up.sql": usersTable})
	h.release("shop-1")
	c := connect(t, h.s)

	write(t, h.s.Folder, map[string]string{"2_name.up.sql": newName})
	h.release("shop-2") // writes both names, still reads the old one

	h.contract(map[string]string{"1_old.up.sql": dropOld})
	r := h.release("shop-3") // does without the old name: the file says so
	if !slices.Equal(waiting(r), []string{"1_old.up.sql"}) || !strings.Contains(r.Contract.Held[0].Why, "release shop-2, live in blue, was not migrated with this file in hand") || c.number(oldNames) != 1 {
		t.Fatalf("%+v", r.Contract)
	}
	if h.serving[0].Release != "shop-3" {
		t.Fatal(h.serving)
	}

	h.serving = append(h.serving, migration.Serving{Release: "shop-2", As: "the way back, in green"})
	if r := h.release("shop-4"); len(waiting(r)) != 1 || c.number(oldNames) != 1 {
		t.Fatalf("a way back that needs the old shape was cut off: %+v", r.Contract)
	}

	h.left = []string{"users, 7 rows"}
	if r := h.release("shop-5"); len(waiting(r)) != 1 || r.Contract.Held[0].Why != "backfills are not done: users, 7 rows" {
		t.Fatalf("%+v", r.Contract)
	}
	h.left = nil

	r = h.release("shop-6")
	if len(r.Contract.Held) != 0 || len(r.Contract.Files) != 1 || r.Contract.Version != 1 || c.number(oldNames) != 0 || r.Backup == nil {
		t.Fatalf("%+v, backup %v", r.Contract, r.Backup)
	}
	if !slices.Equal(r.Schema.Contracted, []uint{1}) || len(r.Schema.Applied) != 0 || !strings.Contains(r.Contract.Proof, "release shop-5, live in blue") {
		t.Fatalf("%+v", r)
	}
	if r := h.release("shop-7"); len(r.Contract.Files) != 0 || r.Backup != nil || r.Contract.Version != 1 {
		t.Fatalf("%+v", r.Contract)
	}
}

func TestAContractFileThatWasEditedWaitsAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t, map[string]string{"1_users.up.sql": usersTable, "2_name.up.sql": newName})
	h.release("shop-1")
	h.contract(map[string]string{"1_old.up.sql": dropOld, "2_more.up.sql": "-- bluegreen: contract after=2\nALTER TABLE users ALTER COLUMN new_name SET NOT NULL;"})
	r := h.release("shop-2")
	if len(waiting(r)) != 2 || !strings.Contains(r.Contract.Held[1].Why, "behind 1_old.up.sql, which waits") {
		t.Fatalf("%+v", r.Contract)
	}
	h.contract(map[string]string{"1_old.up.sql": dropOld + "\nALTER TABLE users DROP COLUMN new_name;"})
	if r := h.release("shop-3"); len(waiting(r)) != 2 {
		t.Fatalf("nobody has promised to live without new_name: %+v", r.Contract)
	}
}

func TestWithoutAnybodyLiveAllRunsAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, map[string]string{"1_users.up.sql": usersTable, "2_name.up.sql": newName})
	h.contract(map[string]string{"1_old.up.sql": dropOld})
	if r := h.release("shop-1"); len(r.Contract.Files) != 1 || r.Contract.Proof != "the database was empty and nobody serves yet, so nobody uses what it takes away" {
		t.Fatalf("%+v", r.Contract)
	}
}

func TestAnAdoptedDatabaseMayBeUsedFromElsewhere(t *testing.T) {
	t.Parallel()
	h := newHouse(t, map[string]string{"1_users.up.sql": usersTable})
	must(t, h.s, "other")
	c := connect(t, h.s)
	c.exec(`DROP TABLE bluegreen_migrations`) // as golang-migrate had left it
	write(t, h.s.Folder, map[string]string{"2_name.up.sql": newName})
	h.contract(map[string]string{"1_old.up.sql": dropOld})
	r := h.release("shop-1") // no slot serves: the application runs elsewhere
	if len(waiting(r)) != 1 || r.Contract.Held[0].Why != "no slot serves, and the database was at version 1: an application that runs elsewhere may use it" || c.number(oldNames) != 1 {
		t.Fatalf("%+v", r.Contract)
	}
	if r := h.release("shop-2"); len(r.Contract.Files) != 1 || c.number(oldNames) != 0 {
		t.Fatalf("%+v", r.Contract)
	}
}

// TestWhatContractsIsAskedAgainRightBefore has the old form written again, and another
// release serve, while the backfill of the run goes on.
func TestWhatContractsIsAskedAgainRightBefore(t *testing.T) {
	t.Parallel()
	const fill = "\n-- bluegreen: backfill users key=id\n-- UPDATE users SET new_name = old_name WHERE new_name IS NULL AND old_name IS NOT NULL;\n"
	for want, meanwhile := range map[string]func(*house, client){
		"backfills are not done: 2_name.up.sql:2, table users: 1 rows left":     func(_ *house, c client) { c.exec(`INSERT INTO users VALUES (100, 'late')`) },
		"release other, live in green, was not migrated with this file in hand": func(h *house, _ client) { h.serving = []migration.Serving{{Release: "other", As: "live in green"}} },
	} {
		h := newHouse(t, map[string]string{"1_users.up.sql": usersTable, "2_name.up.sql": newName + fill})
		h.contract(map[string]string{"1_old.up.sql": dropOld})
		c, on, db := connect(t, h.s), h.systems(), open(t, h.s)
		on.Contract.Left = func(ctx context.Context, until migration.Version) ([]string, error) {
			return migration.Left(ctx, h.s, db, until)
		}
		on.Progress = func(e migration.Event) {
			if e.Kind == migration.FillDone {
				meanwhile(h, c)
			}
		}
		r, err := migration.Run(t.Context(), h.s, on, "shop-1", new(release.Findings))
		if err != nil || len(waiting(r)) != 1 || !strings.Contains(r.Contract.Held[0].Why, want) || c.number(oldNames) != 1 || c.number(`SELECT count(*) FROM bluegreen_held WHERE release = 'shop-1'`) != 1 {
			t.Errorf("%s: %+v, %v", want, r.Contract, err)
		}
	}
}

func TestWhoIsLiveHasToBeKnown(t *testing.T) {
	t.Parallel()
	h := newHouse(t, map[string]string{"1_users.up.sql": usersTable, "2_name.up.sql": newName})
	h.serving = []migration.Serving{{As: "live in blue"}} // deployed by nobody that we know
	h.contract(map[string]string{"1_old.up.sql": dropOld})
	if r := h.release("shop-1"); len(r.Contract.Held) != 1 || !strings.HasPrefix(r.Contract.Held[0].Why, "what is live in blue, was not migrated") {
		t.Fatalf("%+v", r.Contract)
	}
}

func TestContractFilesSayWhatTheyComplete(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"nothing":      {"ALTER TABLE users DROP COLUMN old_name;", "it does not say which migration it completes"},
		"a typo":       {"-- bluegreen: contract after=7\nSELECT 1;", "it completes version 7, which neither the migrations nor the database have"},
		"a backfill":   {"-- bluegreen: contract after=2\nSELECT 1;\n-- bluegreen: backfill users key=id\n-- UPDATE users SET new_name = old_name WHERE new_name IS NULL;\n", "it has a backfill, which nothing would run"},
		"in the wrong": {"SELECT 1;\n-- bluegreen: contract after=2\nSELECT 2;", "it does not say which migration it completes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, map[string]string{"1_users.up.sql": usersTable, "2_name.up.sql": newName})
			h.contract(map[string]string{"1_old.up.sql": c.text})
			_, err := migration.Run(t.Context(), h.s, h.systems(), "shop-1", new(release.Findings))
			if err == nil || !strings.Contains(err.Error(), c.want) || release.HintOf(err) == "" {
				t.Fatalf("%v", err)
			}
			at(t, h.s, migration.None) // nothing was changed
		})
	}
}

func TestAHotfixOfABranchThatLacksWhatWasTakenAwayIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, map[string]string{"1_users.up.sql": usersTable, "2_name.up.sql": newName})
	h.contract(map[string]string{"1_old.up.sql": dropOld})
	h.release("shop-1")
	if err := os.RemoveAll(filepath.Join(h.s.Folder, "contract")); err != nil { // a commit from before
		t.Fatal(err)
	}
	_, err := migration.Run(t.Context(), h.s, h.systems(), "shop-2", new(release.Findings))
	if err == nil || !strings.Contains(err.Error(), "does more than expand: drop-column") {
		t.Fatalf("%v", err)
	}
}

func TestOldJournalsAreReadAndGrow(t *testing.T) {
	t.Parallel()
	s := settings(t, map[string]string{"1_users.up.sql": usersTable})
	c := connect(t, s)
	c.exec(`CREATE TABLE bluegreen_migrations (versions text NOT NULL, version bigint NOT NULL, previous bigint NOT NULL, file text NOT NULL, sha256 text NOT NULL,
		release text NOT NULL, nature text NOT NULL, started_at timestamptz NOT NULL DEFAULT clock_timestamp(), applied_at timestamptz, settled_at timestamptz,
		transaction bigint, PRIMARY KEY (versions, version));
		INSERT INTO bluegreen_migrations VALUES ('schema_migrations', 1, -1, '1_users.up.sql', '', 'shop-0', 'atomic', now(), now(), now(), NULL);
		CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL); INSERT INTO schema_migrations VALUES (1, false)`)
	if e := state(t, s).Journal[1]; e.Release != "shop-0" || e.Breaks != nil || e.Proof != nil || e.Made != nil {
		t.Fatalf("%+v", e)
	}
	write(t, s.Folder, map[string]string{"2_t.up.sql": "CREATE TABLE t (id int); ALTER TABLE schema_migrations ADD COLUMN x text"})
	must(t, s, "shop-1")
	if e := state(t, s).Journal[2]; !slices.Equal(e.Made, []string{"table t", "column schema_migrations.x"}) {
		t.Fatalf("%+v", e)
	}
}
