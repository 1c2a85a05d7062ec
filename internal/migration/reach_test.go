package migration_test

import (
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// TestWhatReachesOutOfItsDatabaseIsNotRehearsed has what a scratch database would
// do to the whole server, and what it would not.
func TestWhatReachesOutOfItsDatabaseIsNotRehearsed(t *testing.T) {
	t.Parallel()
	for sql, kind := range map[string]string{
		"CREATE ROLE app": "server", "alter user app PASSWORD 'x'": "server", "DROP ROLE IF EXISTS app": "server", "DROP OWNED BY app": "server",
		"GRANT readers TO app": "server", "REVOKE readers FROM app": "server", "ALTER SYSTEM SET work_mem = '1GB'": "server", "COMMENT ON ROLE app IS 'x'": "server",
		"DO $$ BEGIN IF true THEN CREATE ROLE app; END IF; END $$": "server",
		"ALTER DATABASE shop SET timezone = 'UTC'":                 "always", "GRANT CONNECT ON DATABASE shop TO app": "always",
		"CREATE SUBSCRIPTION s CONNECTION 'host=a' PUBLICATION p": "always", "COMMENT ON DATABASE shop IS 'x'": "always",
		"GRANT SELECT ON users TO app": "", "CREATE USER MAPPING FOR app SERVER far": "", "CREATE TABLE role (id int)": "", "COMMENT ON TABLE users IS 'role'": "",
		"ALTER TABLE users ADD COLUMN role text": "", "DO $$ BEGIN GRANT SELECT ON users TO app; END $$": "", "ALTER TABLE users OWNER TO app": "",
	} {
		for _, image := range []string{"", "postgres:15"} {
			s := settings(t, map[string]string{"1_a.up.sql": "SELECT 1;\n" + sql})
			s.Rehearsal = migration.Rehearsals{Image: image, URL: "postgres://a/b", Where: migration.OtherServer, Data: migration.Backup, MaxSize: 1e9, Jobs: 1, Timeout: 1e9}
			if image != "" {
				s.Rehearsal.Where = migration.InContainer
			}
			if strings.HasPrefix(sql, "ALTER SYSTEM") || strings.HasPrefix(sql, "CREATE SUBSC") {
				s = alone(t, s, sql)
			}
			p, err := migration.Look(t.Context(), s, newDatabase(t, migration.None))
			if err != nil {
				t.Fatal(err)
			}
			stage := &theatre{}
			_, err = migration.Rehearse(t.Context(), s, migration.Systems{Stage: stage}, p, migration.Contract{}, nil, "shop-1")
			refused := kind == "always" || kind == "server" && image == ""
			if refused != (err != nil) || refused && (len(stage.calls) != 0 || release.HintOf(err) == "" || !strings.Contains(err.Error(), "reaches out of its database")) {
				t.Errorf("%s, image %q: %v, %q", sql, image, err, stage.calls)
			}
		}
	}
}

// alone is for a statement that shares a file with no other.
func alone(t *testing.T, s migration.Settings, sql string) migration.Settings {
	t.Helper()
	s.Folder = folder(t, map[string]string{"1_a.up.sql": sql})
	return s
}
