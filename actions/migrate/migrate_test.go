package migrate_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/actions/migrate"
	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/lab"
)

// step is a run of the action on a database of its own, with these migrations.
type step struct {
	t         *testing.T
	url, dir  string
	record    string
	variables map[string]string
	out       string // log, summary and outputs
	status    int
}

func at(t *testing.T) *step {
	t.Helper()
	s := &step{t: t, url: lab.Postgres(t), dir: t.TempDir(), record: `{"id":"owner-shop-7","version":"v2","candidate":"green"}`}
	if err := os.MkdirAll(filepath.Join(s.dir, "migrations", "contract"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.variables = map[string]string{
		"GITHUB_ACTIONS": "true", "INPUT_WORKING-DIRECTORY": s.dir, "INPUT_DATABASE-URL": s.url, "INPUT_DATABASE-BACKUP-DIRECTORY": filepath.Join(s.dir, "backups"),
		"GITHUB_STEP_SUMMARY": filepath.Join(s.dir, "summary"), "GITHUB_OUTPUT": filepath.Join(s.dir, "output"),
	}
	return s
}

func (s *step) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, "migrations", name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *step) run(args ...string) *step {
	s.t.Helper()
	s.variables["INPUT_RELEASE"] = s.record
	for _, name := range []string{"GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"} {
		if err := os.WriteFile(s.variables[name], nil, 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	var log bytes.Buffer
	s.status = migrate.Phase.Main(s.t.Context(), action.Process{Args: args, Getenv: func(name string) string { return s.variables[name] }, Stdout: &log, Stderr: &log})
	s.out = log.String()
	for _, name := range []string{"GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"} {
		text, err := os.ReadFile(s.variables[name])
		if err != nil {
			s.t.Fatal(err)
		}
		s.out += string(text)
	}
	return s
}

func (s *step) want(status int, texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		if !strings.Contains(s.out, text) {
			s.t.Errorf("not said: %s\n%s", text, s.out)
		}
	}
	if s.status != status {
		s.t.Fatalf("status %d, want %d\n%s", s.status, status, s.out)
	}
}

// has counts what the database has of a name.
func (s *step) has(sql string) (n int) { return answer[int](s, sql) }

func (s *step) text(sql string) string { return answer[string](s, sql) }

func answer[T any](s *step, sql string) (v T) {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), s.url)
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if err := conn.QueryRow(s.t.Context(), sql).Scan(&v); err != nil {
		s.t.Fatal(err)
	}
	return v
}

const columns = `SELECT count(*) FROM information_schema.columns WHERE table_name = 'users'`

func TestNothingChangesBeforeTheReviewAgrees(t *testing.T) {
	t.Parallel()
	s := at(t)
	s.write("001_initial_schema.sql", "CREATE TABLE users (id bigint PRIMARY KEY, nick varchar(20), age int);\nINSERT INTO users VALUES (1, 'a', 1);")
	s.run().want(0, "migrate: 1 files applied, version 0 → 1", "Review: 2 statements in 1 files for PostgreSQL 15: 2 safe", "plain names")

	s.write("002_drop.sql", "ALTER TABLE users ADD COLUMN mail text;\n\nalter table users\n drop nick;")
	s.run().want(1, "::error file=", "002_drop.sql,line=3,title=drop-column::", "[drop-column]", "open: ", "B.2.r3")
	if n := s.has(columns); n != 3 {
		t.Fatalf("%d columns after a refusal", n)
	}
	if backups, _ := filepath.Glob(filepath.Join(s.dir, "backups", "*.dump")); len(backups) != 1 {
		t.Fatalf("backups %q: a refusal needs none", backups)
	}
	if text, err := os.ReadFile(filepath.Join(s.dir, "bluegreen-report", "review.sarif")); err != nil || !strings.Contains(string(text), `"ruleId": "drop-column"`) {
		t.Fatalf("%v %s", err, text)
	}

	s.write("002_drop.sql", "ALTER TABLE users ADD COLUMN mail text;\n-- bluegreen: allow drop-column nobody has read it since release 41\nALTER TABLE users DROP nick;")
	s.run().want(1, "add drop-column to database.allow")
	s.run("--database-allow", "[drop-column]").want(0, "allowed: nobody has read it since release 41", "1 acknowledged", "version 0 → 2")
	if n := s.has(columns); n != 3 {
		t.Fatalf("%d columns after an acknowledged drop", n)
	}
	s.run().want(0, "migrate: nothing to apply: the database is at version 2", "Reused: an earlier attempt of this release took it at ", "| A.5.s1 | ✅ passed |", `"backup":{"name":`)
	s.record = `{"id":"owner-shop-8","version":"v3","candidate":"green"}`
	s.run().want(0, "migrate: nothing to apply: the database is at version 2", "Backup: no backup was taken: nothing was to be applied")
	if strings.Contains(s.out, "nothing to apply: nothing to apply") || strings.Contains(s.out, "was taken: no backup") {
		t.Errorf("said twice: %s", s.out)
	}
}

func TestTheCatalogOfTheDatabaseDecides(t *testing.T) {
	t.Parallel()
	s := at(t)
	s.write("1_users.up.sql", "CREATE TABLE users (id bigint PRIMARY KEY, nick varchar(20), age int, CONSTRAINT aged CHECK (age IS NOT NULL));")
	s.write("1_users.down.sql", "DROP TABLE users;")
	s.run().want(0)
	s.write("2_age.up.sql", "ALTER TABLE users ALTER COLUMN age SET NOT NULL;")
	s.run().want(0, "1 safe, 0 risky", "no way back: no down file")
	s.write("3_nick.up.sql", "ALTER TABLE users ALTER COLUMN nick TYPE varchar(40);")
	s.run().want(1, "varchar(20) becomes varchar(40)", "alter-type-metadata")
	s.write("3_nick.up.sql", "ALTER TABLE users ALTER COLUMN nick TYPE varchar(10);")
	s.run("--dry-run").want(1, "varchar(20) becomes varchar(10)", "alter-type-rewrite")
}

func TestADryRunSaysWhatItFound(t *testing.T) {
	t.Parallel()
	s := at(t)
	s.write("1_users.up.sql", "CREATE TABLE users (id bigint PRIMARY KEY);")
	s.run().want(0)
	s.write("1_users.up.sql", "CREATE TABLE users (id bigint PRIMARY KEY, nick text);")
	s.write("2_mails.up.sql", "CREATE TABLE mails (id bigint PRIMARY KEY);")
	s.run("--dry-run").want(0, "1 files to apply", "users.up.sql was edited after it had been applied: the change never runs")
}

// TestRowsThatCameBehindABackfillAreSaid has the old version write in the old form
// behind the release that filled.
func TestRowsThatCameBehindABackfillAreSaid(t *testing.T) {
	t.Parallel()
	s := at(t)
	s.write("1_users.up.sql", "CREATE TABLE users (id bigint PRIMARY KEY, name text);")
	s.write("2_nick.up.sql", "ALTER TABLE users ADD COLUMN nick text;\n-- bluegreen: backfill users key=id\n-- UPDATE users SET nick = coalesce(name, '') WHERE nick IS NULL;")
	s.run().want(0)
	s.has(`INSERT INTO users VALUES (1, 'old') RETURNING 1`)
	s.record = `{"id":"owner-shop-8","version":"v3","candidate":"green"}`
	s.run("--dry-run").want(0, "0 files to apply", "To be filled again, since rows have come in the old form: 2\\_nick.up.sql:2, table users")
	const again = "backfills that had ended were counted again: 2\\_nick.up.sql:2, table users: "
	s.run().want(0, "migrate: nothing to apply: the database is at version 2, applied by release owner-shop-7; rows changed by backfills of its files: 1", again+"1 rows left")
	if n := s.has(`SELECT count(*) FROM users WHERE nick = 'old'`); n != 1 {
		t.Errorf("%d rows are filled", n)
	}
	s.run().want(0, again+"0 rows left")
}

// The figures of a rehearsal that never began are nobody's.
func TestARehearsalThatDoesNotBeginHasNoFigures(t *testing.T) {
	t.Parallel()
	s := at(t)
	s.write("1_users.up.sql", "CREATE TABLE users (id bigint PRIMARY KEY);")
	s.run("--database-rehearsal-url", "postgres://nobody@127.0.0.1:1/none").want(3, "| B.2.s1 | ▫️ not shown | the rehearsal failed", "Rehearsal: it failed before a file was played through")
	if strings.Contains(s.out, "PostgreSQL , on") {
		t.Error(s.out)
	}
}

func TestAPolicyThatNamesNoRuleIsBadInput(t *testing.T) {
	t.Parallel()
	s := at(t)
	s.write("1_a.up.sql", "SELECT 1;")
	s.run("--database-allow", "[drop-colum]").want(2, `there is no rule "drop-colum"`)
}

// configure writes a configuration in which blue, which is live, is asked at an
// address.
func (s *step) configure(address string) {
	s.t.Helper()
	if err := os.Mkdir(filepath.Join(s.dir, ".github"), 0o700); err != nil {
		s.t.Fatal(err)
	}
	text := "slots: {blue: {project: shop-blue, services: {web: \"" + address + "\"}}, green: {project: shop-green}}\n" +
		"smoke: {checks: [{name: orders, service: web, path: /orders, critical: true}, {name: write, service: web, method: POST, path: /orders}]}\n"
	if err := os.WriteFile(filepath.Join(s.dir, ".github", "bluegreen.yml"), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func TestTheLiveVersionMustLiveWithTheSchema(t *testing.T) {
	t.Parallel()
	s := at(t)
	live := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || s.has(`SELECT count(*) FROM information_schema.tables WHERE table_name = 'orders_v2'`) > 0 {
			http.Error(w, "relation orders_v2 was not expected", http.StatusInternalServerError)
		}
	}))
	t.Cleanup(live.Close)
	s.configure(live.URL)
	s.record = `{"id":"owner-shop-7","version":"v2","candidate":"green","good":"blue"}`
	s.write("001_users.sql", "CREATE TABLE users (id bigint PRIMARY KEY);")
	s.run().want(0, "The live version, in blue, on the schema at version 1: 1 checks passed", "| B.2.v2 | ✅ passed |")
	s.write("002_orders.sql", "CREATE TABLE orders_v2 (id bigint PRIMARY KEY);")
	s.run().want(1, "the live version fails 1 checks that it passed before the migrations: orders: ", "| B.2.v2 | ❌ failed |", "mend what it misses with a new migration")
	s.run().want(1, "nothing to apply", "the live version fails 1 checks that it passed before the migrations: orders: ", "| B.2.v2 | ❌ failed |") // another attempt proves nothing
	s.record = `{"id":"owner-shop-8","version":"v3","candidate":"green","good":"blue"}`
	s.write("003_repair.sql", "CREATE TABLE repaired (id bigint PRIMARY KEY);")
	s.run().want(0, "| B.2.v2 | ❌ failed |") // it failed before this release
	s.run().want(0, "in the first attempt of this release, 1 checks failed: orders", "| B.2.v2 | ❌ failed |")
}

func TestADownFileThatIsNoSQLIsRefused(t *testing.T) {
	t.Parallel()
	s := at(t)
	s.write("1_users.up.sql", "CREATE TABLE users (id bigint PRIMARY KEY);")
	s.write("1_users.down.sql", "DROP TABLE users;\nSELEC")
	s.run().want(1, "1_users.down.sql:2: unsafe: PostgreSQL cannot read the file", "[syntax-error]")
	s.write("1_users.down.sql", "DROP TABLE users;")
	s.run().want(0)
}

func TestWithoutALoadBalancerAContractMigrationWaits(t *testing.T) {
	t.Parallel()
	s := at(t)
	s.write("1_users.up.sql", "CREATE TABLE users (id bigint PRIMARY KEY, nick text);")
	s.write("1_users.down.sql", "DROP TABLE users;")
	s.write("contract/1_nick.up.sql", "-- bluegreen: contract after=1\nALTER TABLE users DROP COLUMN nick;")
	s.run().want(0, "waits", "it is not known which releases serve", "| 3.1.3c | ✅ passed |")
	s.run("--dry-run").want(0, "waits")
	s.write("2_nick.up.sql", "ALTER TABLE users DROP COLUMN nick;")
	s.run().want(1, "move it to a file of ", "migrations/contract, which waits until no version that uses it is live")
}
