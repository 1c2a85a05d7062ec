package corpus_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/corpus"
	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/pgquery"
)

// shop has a file of every fate, and what the review cannot know.
var shop = corpus.Project{Name: "shop", Files: []corpus.File{
	{Path: "shop/1", SQL: `CREATE TYPE mood AS ENUM ('ok', 'sad');
		CREATE DOMAIN short AS text CHECK (VALUE <> '');
		CREATE TABLE teams (id uuid PRIMARY KEY, name varchar(3) UNIQUE);
		CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, team uuid REFERENCES teams, mood mood NOT NULL, kind text CHECK (kind IN ('a', 'b')),
			hash bytea CHECK (octet_length(hash) = 20), tags text[] NOT NULL, at timestamptz, data jsonb NOT NULL, s short NOT NULL, double int GENERATED ALWAYS AS (2) STORED)`},
	{Path: "shop/2", SQL: `ALTER TABLE users ADD COLUMN n int; ALTER TABLE users ALTER kind SET NOT NULL; CREATE INDEX ON users (at)`},
	{Path: "shop/3", SQL: `BEGIN; ALTER TABLE users ALTER n TYPE bigint; COMMIT`},
	{Path: "shop/4", SQL: `DO $$ BEGIN EXECUTE 'ALTER TABLE ' || 'teams ADD COLUMN x int DEFAULT random()'; END $$`},
	{Path: "shop/5", SQL: `CREATE INDEX CONCURRENTLY later ON users (n)`},
	{Path: "shop/6", SQL: `ALTER TABLE users ADD CHECK (n IS NULL)`},
	{Path: "shop/7", SQL: `ALTER TABLE nowhere ADD COLUMN a int`},
	{Path: "shop/8", SQL: `ALTER TABLE users RENAME TO people; ALTER TABLE people DROP COLUMN data`},
	{Path: "shop/9", SQL: `DELETE FROM teams WHERE length(name) = 1; TRUNCATE people`},
}}

func TestAProjectIsHeldAgainstTheServer(t *testing.T) {
	t.Parallel()
	all, err := corpus.Measure(t.Context(), &pgquery.Parser{}, lab.Postgres(t), shop)
	if err != nil {
		t.Fatal(err)
	}
	var report strings.Builder
	if err := corpus.Report(&report, all); err != nil {
		t.Fatal(err)
	}
	fates := map[string]corpus.Fate{}
	for _, o := range all {
		fates[o.Path] = o.Fate
	}
	for path, want := range map[string]corpus.Fate{"shop/2": corpus.Traced, "shop/3": corpus.Traced, "shop/5": corpus.Applied, "shop/6": corpus.Empty, "shop/7": corpus.Failed, "shop/9": corpus.Traced} {
		if fates[path] != want {
			t.Errorf("%s: %s, want %s", path, fates[path], want)
		}
	}
	for path, want := range map[string]string{
		"shop/1": "",
		"shop/2": "build of users, ACCESS EXCLUSIVE on users, scan of users",
		"shop/3": "ACCESS EXCLUSIVE on users, rewrite of users, scan of users",
		"shop/8": "ACCESS EXCLUSIVE on users",
		"shop/9": "ACCESS EXCLUSIVE on people, scan of people, scan of teams",
	} {
		for _, c := range knowing(all, path) {
			if got := words(c.Right); got != want || len(c.Missed)+len(c.Extras) > 0 {
				t.Errorf("%s, knowing the %s: right %s, want %s; missed %s, too much %s", path, c.From, got, want, words(c.Missed), words(c.Extras))
			}
		}
	}
	if c := knowing(all, "shop/4"); len(c) != 2 || words(c[0].Missed) != "ACCESS EXCLUSIVE on teams, rewrite of teams, scan of teams" {
		t.Errorf("what the review cannot read: %v", c)
	}
	for _, want := range []string{"9 files, 18 statements", "shop/7: does not run: line 1: ERROR: relation \"nowhere\" does not exist", "shop/4: missed: rewrite of teams, and the review said that it cannot read all"} {
		if !strings.Contains(report.String(), want) {
			t.Errorf("the report does not say %q:\n%s", want, report.String())
		}
	}
}

func knowing(all []corpus.Outcome, path string) []corpus.Comparison {
	i := slices.IndexFunc(all, func(o corpus.Outcome) bool { return o.Path == path })
	return all[i].Knowing
}

func words(list []corpus.Fact) string {
	var parts []string
	for _, f := range list {
		parts = append(parts, f.String())
	}
	return strings.Join(parts, ", ")
}

func TestACorpusIsReadInTheOrderOfItsNumbers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"a/10_x.up.sql", "a/9_x.up.sql", "a/9_x.down.sql", "a/0020150101000001000000_x.up.sql", "a/notes.up.sql", "b/readme.md"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("SELECT 1"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	all, err := corpus.Open(dir)
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	var got []string
	for _, f := range all[0].Files {
		got = append(got, f.Path)
	}
	if want := []string{"a/9_x.up.sql", "a/10_x.up.sql", "a/0020150101000001000000_x.up.sql"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if _, err := corpus.Open(filepath.Join(dir, "b")); err == nil || !strings.Contains(err.Error(), "want folders with files such as") {
		t.Errorf("an empty corpus: %v", err)
	}
}
