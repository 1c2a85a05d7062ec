package migration_test

import (
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/review"
)

func TestStatementsOfAFile(t *testing.T) {
	for name, c := range map[string]struct {
		sql  string
		want int
	}{
		"nothing":                             {"", 0},
		"only comments":                       {"-- a; b\n/* c; /* d; */ e; */ ;;\n", 0},
		"the last needs no semicolon":         {"SELECT 1; SELECT 2", 2},
		"a semicolon in quotes":               {`INSERT INTO t VALUES ('a;b', ';''', E'\';'); SELECT 1`, 2},
		"a semicolon in a name":               {`SELECT "a;""b"; SELECT 1`, 2},
		"a backslash is plain in plain text":  {`SELECT '\'; SELECT 1`, 2},
		"escaped text that goes on":           {"SELECT E'a'\n'\\';'; SELECT 1", 2},
		"a semicolon between dollars":         {"DO $$ a; b $$; DO $x$ $$ ; $x$; SELECT $1;", 3},
		"a dollar inside of a word":           {"SELECT a$b$ ; SELECT c$b$", 2},
		"a semicolon in brackets":             {"CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); SELECT 1", 2},
		"the body of an SQL function":         {"CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 1 END; END; SELECT 1", 2},
		"the body of an SQL procedure":        {"CREATE PROCEDURE p() BEGIN ATOMIC INSERT INTO t VALUES (1); END; SELECT 1", 2},
		"comment signs in quotes":             {"SELECT '--', '/*'; SELECT 1", 2},
		"quotes in a comment":                 {"-- it's\nSELECT 1; /* it's \" */ SELECT 2", 2},
		"an operator before a comment":        {"SELECT 1 +-- ;\n2; SELECT 1", 2},
		"a comment in an operator":            {"SELECT 2*/* ; */3; SELECT 1", 2},
		"letters after a number are no quote": {"SELECT 1e'; SELECT 2'", 1},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := migration.ParseScript(c.sql)
			if err != nil {
				t.Fatal(err)
			}
			if len(s.Statements) != c.want {
				t.Fatalf("%d statements, want %d: %+v", len(s.Statements), c.want, s.Statements)
			}
		})
	}
}

func TestNatureOfAFile(t *testing.T) {
	for name, c := range map[string]struct {
		sql  string
		want migration.Nature
		why  string
	}{
		"one statement":                        {"ALTER TABLE t ADD COLUMN c int", migration.Atomic, ""},
		"several":                              {"CREATE TABLE t (); INSERT INTO t DEFAULT VALUES;", migration.Atomic, ""},
		"a transaction around all":             {"BEGIN;\nCREATE TABLE t ();\nCOMMIT;", migration.Atomic, ""},
		"the long form of it":                  {"START TRANSACTION ISOLATION LEVEL SERIALIZABLE; SELECT 1; END TRANSACTION", migration.Atomic, ""},
		"savepoints in it":                     {"BEGIN; SAVEPOINT a; SELECT 1; ROLLBACK TO a; COMMIT", migration.Atomic, ""},
		"the word in a comment and in text":    {"-- COMMIT\nSELECT 'COMMIT;'", migration.Atomic, ""},
		"a column of that name":                {`CREATE TABLE t ("commit" text, concurrently int)`, migration.Atomic, ""},
		"refreshing a view concurrently":       {"REFRESH MATERIALIZED VIEW CONCURRENTLY v; SELECT 1", migration.Atomic, ""},
		"a block of code":                      {"DO $$ BEGIN PERFORM 1; END $$; SELECT 1", migration.Atomic, ""},
		"a temporary table in a block":         {"DO $$ BEGIN CREATE TEMP TABLE t () ON COMMIT DROP; END $$", migration.Atomic, ""},
		"two transactions":                     {"BEGIN; SELECT 1; COMMIT; BEGIN; SELECT 2; COMMIT", migration.Loose, "COMMIT in line 1"},
		"a transaction around some":            {"SELECT 1;\nBEGIN;\nSELECT 2;\nCOMMIT", migration.Loose, "BEGIN in line 2"},
		"a rollback in it":                     {"BEGIN; SELECT 1; ROLLBACK; COMMIT", migration.Loose, "ROLLBACK in line 1"},
		"a transaction that goes on":           {"BEGIN; SELECT 1; COMMIT AND CHAIN", migration.Loose, "BEGIN in line 1"},
		"a block that commits":                 {"DO $$ BEGIN UPDATE t SET a = 1; COMMIT; END $$", migration.Loose, "DO with a commit or rollback in line 1"},
		"a procedure":                          {"CALL backfill()", migration.Loose, "CALL of a procedure that may commit in line 1"},
		"another role":                         {"SET LOCAL ROLE owner; SELECT 1", migration.Loose, "a change of the role in line 1"},
		"other quotes":                         {`SET standard_conforming_strings = off; SELECT 1`, migration.Loose, "a change of what quotes mean in line 1"},
		"an index":                             {"CREATE INDEX i ON t (a)", migration.Atomic, ""},
		"an index made concurrently":           {"-- a comment\nCREATE UNIQUE INDEX CONCURRENTLY i ON t (a);", migration.Concurrent, ""},
		"an index dropped concurrently":        {"DROP INDEX CONCURRENTLY IF EXISTS s.i", migration.Concurrent, ""},
		"vacuum":                               {"VACUUM t", migration.Loose, "VACUUM T runs outside of a transaction"},
		"a partition detached concurrently":    {"ALTER TABLE t DETACH PARTITION p CONCURRENTLY", migration.Concurrent, ""},
		"a detach that is ended":               {"ALTER TABLE t DETACH PARTITION p FINALIZE", migration.Atomic, ""},
		"an index made again":                  {"REINDEX INDEX i", migration.Loose, "REINDEX INDEX I runs outside of a transaction"},
		"an index made again concurrently":     {"REINDEX INDEX CONCURRENTLY i", migration.Concurrent, ""},
		"all indexes made again concurrently":  {"REINDEX DATABASE CONCURRENTLY d", migration.Loose, "REINDEX DATABASE CONCURRENTLY runs outside of a transaction"},
		"not concurrently after all":           {"REINDEX (CONCURRENTLY OFF) TABLE t", migration.Loose, "REINDEX ( CONCURRENTLY runs outside of a transaction"},
		"options that end nowhere":             {"REINDEX (CONCURRENTLY)", migration.Loose, "REINDEX ( CONCURRENTLY runs outside of a transaction"},
		"a value for an enum":                  {"ALTER TYPE mood ADD VALUE 'ok'", migration.Atomic, ""},
		"a routine with commit in its body":    {"CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$", migration.Atomic, ""},
		"begin as an argument of a function":   {"SELECT f(begin) FROM t", migration.Atomic, ""},
		"a transaction that is prepared":       {"PREPARE TRANSACTION 'x'", migration.Loose, "PREPARE TRANSACTION ? in line 1"},
		"a block with the word in a comment":   {"DO $$ BEGIN /* COMMIT */ PERFORM 'COMMIT'; END $$", migration.Atomic, ""},
		"a block that is quoted with brackets": {"DO 'BEGIN ROLLBACK; END'", migration.Loose, "DO with a commit or rollback in line 1"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := migration.ParseScript(c.sql)
			if err != nil {
				t.Fatal(err)
			}
			if s.Nature != c.want || s.Why != c.why {
				t.Fatalf("%s %q, want %s %q", s.Nature, s.Why, c.want, c.why)
			}
		})
	}
}

func TestWhatAFileChangesConcurrently(t *testing.T) {
	name := func(schema, name string) review.Name { return review.Name{Schema: schema, Name: name} }
	for sql, want := range map[string]migration.Change{
		"CREATE INDEX CONCURRENTLY Users_Email ON Users (email)":                        {Verb: migration.Make, On: name("", "users"), Name: name("", "users_email")},
		`CREATE INDEX CONCURRENTLY IF NOT EXISTS "I""x" ON ONLY "My S".Users (email)`:   {Verb: migration.Make, On: name("My S", "users"), Name: name("My S", `I"x`), Tolerant: true},
		"create unique index concurrently i on public.users using btree (lower(email))": {Verb: migration.Make, On: name("public", "users"), Name: name("public", "i")},
		"DROP INDEX CONCURRENTLY i":                                        {Verb: migration.Drop, Name: name("", "i")},
		"DROP INDEX CONCURRENTLY IF EXISTS s.i CASCADE":                    {Verb: migration.Drop, Name: name("s", "i"), Tolerant: true},
		"REINDEX INDEX CONCURRENTLY s.I":                                   {Verb: migration.Rebuild, Kind: "INDEX", Name: name("s", "i")},
		`reindex (verbose, concurrently) table "T"`:                        {Verb: migration.Rebuild, Kind: "TABLE", Name: name("", "T")},
		"REINDEX (CONCURRENTLY TRUE, TABLESPACE fast) SCHEMA s;":           {Verb: migration.Rebuild, Kind: "SCHEMA", Name: name("", "s")},
		"ALTER TABLE events DETACH PARTITION old.events_2020 CONCURRENTLY": {Verb: migration.Detach, On: name("", "events"), Name: name("old", "events_2020")},
		`ALTER TABLE IF EXISTS ONLY s."E" DETACH PARTITION p CONCURRENTLY`: {Verb: migration.Detach, On: name("s", "E"), Name: name("", "p"), Tolerant: true},
	} {
		s, err := migration.ParseScript(sql)
		if err != nil || s.Change != want {
			t.Errorf("%s: %+v, %v, want %+v", sql, s.Change, err, want)
		}
	}
}

func TestTheMarkIsInTheTransactionOfTheFile(t *testing.T) {
	for sql, want := range map[string]string{
		"SELECT 1 -- end":                      "SELECT 1 -- end\n;\nMARK;\n",
		"BEGIN; SELECT 1; COMMIT; -- end":      "BEGIN; SELECT 1; MARK;\nCOMMIT; -- end",
		"CREATE INDEX CONCURRENTLY i ON t (a)": "CREATE INDEX CONCURRENTLY i ON t (a)",
		"REINDEX TABLE CONCURRENTLY t":         "REINDEX TABLE CONCURRENTLY t",
		"CALL p()":                             "CALL p()",
	} {
		s, err := migration.ParseScript(sql)
		if have := s.Marked("MARK"); err != nil || have != want {
			t.Errorf("%q: %q, %v, want %q", sql, have, err, want)
		}
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct{ sql, want string }{
		"a concurrent index beside another statement": {"SET lock_timeout = '1s';\nCREATE INDEX CONCURRENTLY i ON t (a)", "line 2: CREATE INDEX CONCURRENTLY cannot share a file with other statements: give it a file of its own"},
		"a concurrent index in a transaction":         {"BEGIN; DROP INDEX CONCURRENTLY i; COMMIT", "line 1: DROP INDEX CONCURRENTLY cannot share"},
		"vacuum beside another":                       {"SELECT 1; VACUUM", "line 1: VACUUM cannot share"},
		"a concurrent index without a name":           {"CREATE INDEX CONCURRENTLY ON t (a)", "the index has no plain name"},
		"an open quote":                               {"SELECT 1;\nSELECT 'a", "line 2: a quote that is not closed"},
		"an open name":                                {`SELECT "a`, "line 1: a quote that is not closed"},
		"an open dollar quote":                        {"DO $x$ a $y$", "line 1: a dollar quote $x$ that is not closed"},
		"an open comment":                             {"/* /* */", "line 1: a comment that is not closed"},
		"an open bracket":                             {"\nSELECT (1; SELECT 2;", "line 2: a bracket or BEGIN that is not closed"},
		"a byte order mark":                           {"\ufeffSELECT 1", "a byte order mark"},
		"a zero byte":                                 {"SELECT 1;\n\x00", "line 2: a zero byte"},
		"another encoding":                            {"SELECT '\xe9'", "not UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := migration.ParseScript(c.sql)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("%v, want %q", err, c.want)
			}
		})
	}
}

// FuzzParseScript holds that reading never fails in other ways than with an
// error, loses no statement, and gives the same again for its own pieces.
func FuzzParseScript(f *testing.F) {
	for _, sql := range []string{
		"SELECT 1; SELECT 'a;b'", "DO $x$ ; $x$", "/* /* ; */ */ -- ;\n;", `SELECT E'\';'`, "BEGIN; COMMIT;", "CREATE INDEX CONCURRENTLY i ON t (a)",
		"CREATE FUNCTION f() BEGIN ATOMIC SELECT 1; END", "DROP INDEX CONCURRENTLY \"", "REINDEX (CONCURRENTLY", "REINDEX ) TABLE", "ALTER TABLE t DETACH PARTITION CONCURRENTLY", "$", "$1$", "E'", "e'\\", "(", ")", "\"\"", "U&\"x\"", "CREATE INDEX CONCURRENTLY ON", "DO ''",
	} {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		s, err := migration.ParseScript(sql)
		_ = migration.HideConstants(sql, 100)
		if err != nil {
			return
		}
		if again, err := migration.ParseScript(s.Text); err != nil || len(again.Statements) != len(s.Statements) {
			t.Fatalf("%q: read again as %d statements, %v", sql, len(again.Statements), err)
		}
		for _, st := range s.Statements {
			one, err := migration.ParseScript(st.Text)
			if err != nil || len(one.Statements) != 1 || strings.Join(one.Statements[0].Words, " ") != strings.Join(st.Words, " ") {
				t.Fatalf("%q: statement %q read alone: %+v, %v", sql, st.Text, one.Statements, err)
			}
		}
		marked, err := migration.ParseScript(s.Marked("UPDATE t SET a = 1"))
		if err != nil || s.Nature == migration.Atomic && len(marked.Statements) != len(s.Statements)+1 {
			t.Fatalf("%q: marked as %q: %d statements, %v", sql, s.Marked("UPDATE t SET a = 1"), len(marked.Statements), err)
		}
	})
}

func TestConstantsAreHidden(t *testing.T) {
	for sql, want := range map[string]string{
		"UPDATE t SET mail = 'a@b.c' WHERE id=17": "UPDATE t SET mail = ? WHERE id=?",
		"SELECT $$secret$$, \"name\" -- secret":   "SELECT ?, \"name\"",
		"SELECT 'cut in the midd":                 "SELECT…",
		"SELECT " + strings.Repeat("a, ", 50):     "SELECT a, a, a, a, a, a, a, a, a, a,…",
	} {
		if have := migration.HideConstants(sql, 36); have != want {
			t.Errorf("%q: %q, want %q", sql, have, want)
		}
	}
}
