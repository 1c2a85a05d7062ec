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
		"ALTER TABLE users ALTER COLUMN old_name TYPE varchar(1) USING left(old_name, 1)": "ALTER TABLE USERS in line 1",
		"ALTER TABLE accounts DROP COLUMN nick":                                           "ALTER TABLE ACCOUNTS in line 1",
		`ALTER TABLE users DROP COLUMN U&"old"`:                                           "ALTER TABLE USERS in line 1",
		"ALTER TYPE point DROP ATTRIBUTE x":                                               "ALTER TYPE POINT in line 1",
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
