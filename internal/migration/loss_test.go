package migration_test

import (
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
)

// TestADownFileTakesAwayWhatWasMadeOrIsNotCleared has what a journal says was made,
// and down files beside it.
func TestADownFileTakesAwayWhatWasMadeOrIsNotCleared(t *testing.T) {
	t.Parallel()
	made := []string{"table a", "table app.b", `table "Odd, name"`, "column users.nick", "column app.users.Mood"}
	for sql, want := range map[string]string{
		"DROP TABLE a;": "",
		"drop table if exists public.a, app.b restrict;":            "",
		`DROP TABLE "Odd, name"`:                                    "",
		"BEGIN; DROP INDEX i; DROP TYPE mood; DROP VIEW v; COMMIT;": "",
		"ALTER TABLE users DROP COLUMN IF EXISTS nick, DROP CONSTRAINT c, ALTER old DROP NOT NULL, ALTER old DROP DEFAULT": "",
		`ALTER TABLE ONLY app.users DROP "Mood"`:                                            "",
		"ALTER TABLE a DROP COLUMN b, ALTER c TYPE int USING coalesce(d, 1)":                "",
		"ALTER TABLE users ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES b ON DELETE CASCADE": "",
		"SET LOCAL lock_timeout = '1s'; SELECT pg_advisory_xact_lock(1); SELECT 1":          "",
		"INSERT INTO plans VALUES (1, 'free')":                                              "",
		"DELETE FROM users WHERE id > 1; DROP TABLE a":                                      "DELETE FROM USERS in line 1",
		"DROP TABLE a;\nUPDATE users SET nick = NULL":                                       "UPDATE USERS SET in line 2",
		"TRUNCATE users": "TRUNCATE USERS in line 1",
		"MERGE INTO users USING a ON true WHEN MATCHED THEN DELETE": "MERGE INTO USERS in line 1",
		"DO $$ BEGIN DELETE FROM users; END $$":                     "DO ? in line 1",
		"WITH d AS (DELETE FROM users RETURNING *) SELECT 1":        "WITH D AS in line 1",
		"CALL tidy()":   "CALL TIDY ( in line 1",
		"SELECT tidy()": "SELECT TIDY ( in line 1",
		"INSERT INTO users VALUES (1) ON CONFLICT (id) DO UPDATE SET nick = ''": "INSERT INTO USERS in line 1",
		"DROP TABLE users":                                  "DROP TABLE USERS in line 1",
		"DROP TABLE a, users":                               "DROP TABLE A in line 1",
		"DROP TABLE other.b":                                "DROP TABLE OTHER in line 1",
		"DROP TABLE a CASCADE":                              "DROP TABLE A in line 1",
		"DROP SCHEMA app CASCADE":                           "DROP SCHEMA APP in line 1",
		"DROP OWNED BY me":                                  "DROP OWNED BY in line 1",
		"ALTER TABLE users DROP nick, DROP COLUMN old_name": "ALTER TABLE USERS in line 1",
		"ALTER TABLE users ALTER COLUMN old_name TYPE varchar(1) USING left(old_name, 1)":                                    "ALTER TABLE USERS in line 1",
		"ALTER TABLE accounts DROP COLUMN nick":                                                                              "ALTER TABLE ACCOUNTS in line 1",
		`ALTER TABLE users DROP COLUMN U&"old"`:                                                                              "ALTER TABLE USERS in line 1",
		"EXPLAIN (ANALYZE) DELETE FROM users":                                                                                "EXPLAIN ( ANALYZE in line 1",
		"COPY (DELETE FROM users RETURNING *) TO STDOUT":                                                                     "COPY ( DELETE in line 1",
		"CREATE TABLE m AS WITH d AS (DELETE FROM users RETURNING *) SELECT * FROM d":                                        "CREATE TABLE M in line 1",
		"CREATE UNLOGGED TABLE m AS WITH d AS (WITH e AS (SELECT 1) UPDATE users SET nick = '' RETURNING *) SELECT * FROM d": "CREATE UNLOGGED TABLE in line 1",
		"INSERT INTO log WITH d AS (DELETE FROM users RETURNING *) SELECT * FROM d":                                          "INSERT INTO LOG in line 1",
		"PREPARE p AS DELETE FROM users":                                                                                     "PREPARE P AS in line 1",
		"CREATE TABLE m AS SELECT tidy()":                                                                                    "CREATE TABLE M in line 1",
		"CREATE MATERIALIZED VIEW m AS SELECT tidy() FROM users":                                                             "CREATE MATERIALIZED VIEW in line 1",
		`SELECT "tidy"()`:                        `SELECT "tidy" ( in line 1`,
		"INSERT INTO plans (id) VALUES (tidy())": "INSERT INTO PLANS in line 1",
		"INSERT INTO plans (id) SELECT count(*) FROM users WHERE nick IN ('') ON CONFLICT (id) DO NOTHING": "",
		"CREATE TABLE m (at date GENERATED ALWAYS AS (tidy()) STORED)":                                     "",
		"CREATE TABLE m AS SELECT id, lower(nick) FROM users":                                              "",
		"CREATE TYPE mood AS ENUM ('ok')":                                                                  "",
		"CREATE FUNCTION f() RETURNS void LANGUAGE sql BEGIN ATOMIC DELETE FROM users; END":                "",
		"CREATE RULE r AS ON DELETE TO users DO INSTEAD UPDATE users SET nick = ''":                        "",
		"ALTER TYPE point DROP ATTRIBUTE x":                                                                "ALTER TYPE POINT in line 1",
	} {
		script, err := migration.ParseScript(sql)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
		}
		if have := migration.Reach(script, made); have != want {
			t.Errorf("%s: %q, want %q", sql, have, want)
		}
	}
}

// TestWhatAnUpFileDestroysIsALoss has what a down file cannot bring back.
func TestWhatAnUpFileDestroysIsALoss(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]string{
		"DELETE FROM users": "DELETE FROM USERS in line 1",
		"SELECT 1;\nEXPLAIN ANALYZE UPDATE users SET nick = ''":                                                                  "EXPLAIN ANALYZE UPDATE in line 2",
		"EXPLAIN (ANALYZE, COSTS OFF) DELETE FROM users":                                                                         "EXPLAIN ( ANALYZE in line 1",
		"COPY (UPDATE users SET nick = '' RETURNING *) TO STDOUT":                                                                "COPY ( UPDATE in line 1",
		"CREATE TEMP TABLE m AS WITH d AS (DELETE FROM users RETURNING *) SELECT * FROM d":                                       "CREATE TEMP TABLE in line 1",
		"CREATE TABLE rule AS WITH d AS (MERGE INTO users USING a ON true WHEN MATCHED THEN DELETE RETURNING *) SELECT * FROM d": "CREATE TABLE RULE in line 1",
		"INSERT INTO log WITH d AS (DELETE FROM users RETURNING *) SELECT * FROM d":                                              "INSERT INTO LOG in line 1",
		"(WITH d AS (DELETE FROM users RETURNING *) SELECT * FROM d)":                                                            "( WITH D in line 1",
		"WITH d AS (SELECT 1) UPDATE users SET nick = ''":                                                                        "WITH D AS in line 1",
		"PREPARE p AS UPDATE users SET nick = ''":                                                                                "PREPARE P AS in line 1",
		"EXPLAIN DELETE FROM users":                                                                                              "",
		"COPY users FROM STDIN":                                                                                                  "",
		"WITH d AS (SELECT * FROM users FOR UPDATE) SELECT * FROM d":                                                             "",
		"CREATE TABLE m AS SELECT * FROM users":                                                                                  "",
		"CREATE TABLE m (id int REFERENCES users ON DELETE CASCADE ON UPDATE SET NULL)":                                          "",
		"CREATE FUNCTION f() RETURNS void LANGUAGE sql BEGIN ATOMIC DELETE FROM users; END":                                      "",
		"CREATE OR REPLACE RULE r AS ON UPDATE TO users DO ALSO DELETE FROM notes":                                               "",
		"CREATE TRIGGER t AFTER DELETE OR UPDATE OF nick ON users EXECUTE FUNCTION f()":                                          "",
		"GRANT SELECT, UPDATE, DELETE ON users TO app; REVOKE UPDATE, DELETE ON users FROM app":                                  "",
		"INSERT INTO users SELECT 1 ON CONFLICT DO NOTHING":                                                                      "",
	} {
		script, err := migration.ParseScript(sql)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
		}
		if have := migration.Destroys(script); have != want {
			t.Errorf("%s: %q, want %q", sql, have, want)
		}
	}
}
