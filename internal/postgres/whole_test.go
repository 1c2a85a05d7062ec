package postgres_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// TestABackupThatIsNotTheWholeDatabase lets pg_dump end with status 0 and write
// something else than was asked for.
func TestABackupThatIsNotTheWholeDatabase(t *testing.T) {
	t.Parallel()
	database := always(t) // whose runs take turns
	for name, c := range map[string]struct{ script, want string }{
		"nothing":          {`exit 0`, "verify backup: decode: run pg_restore"},
		"plain text":       {`exec /usr/bin/env pg_dump "$@" --format=plain --compress=0`, "verify backup: decode: run pg_restore"},
		"compressed text":  {`/usr/bin/env pg_dump "$@" --format=plain --compress=0 | gzip; exit 0`, "verify backup: decode: run pg_restore"},
		"the first half":   {`/usr/bin/env pg_dump "$@" | head -c 100000; exit 0`, "verify backup: decode: run pg_restore"},
		"the schema only":  {`exec /usr/bin/env pg_dump "$@" --schema-only`, "verify backup: it lacks rows of a, rows of bluegreen_migrations"},
		"not every table":  {`exec /usr/bin/env pg_dump "$@" --exclude-table=a`, "verify backup: it lacks a"},
		"the rows of some": {`exec /usr/bin/env pg_dump "$@" --exclude-table-data=a`, "verify backup: it lacks rows of a"},
		"one schema":       {`exec /usr/bin/env pg_dump "$@" --schema=pg_toast`, "verify backup: it lacks a"},
		"another database": {`export PGDATABASE=postgres`, "back up database: run pg_dump"},
	} {
		t.Run(name, func(t *testing.T) {
			s := database
			tools(t, &s, c.script)
			report, err := migrate(t.Context(), t, s, "shop-2", nil)
			if err == nil || !strings.Contains(err.Error(), c.want) || report.Backup != nil || len(backups(t, s)) != 0 {
				t.Errorf("%v, want %q; the folder has %q", err, c.want, backups(t, s))
			}
		})
	}
}

func TestABackupByWhoMayNotReadATable(t *testing.T) {
	t.Parallel()
	s := always(t)
	role, db := lab.Name(t), connect(t, s)
	db.exec(`CREATE ROLE "` + role + `" LOGIN PASSWORD 'nobody'; GRANT ALL ON SCHEMA public TO "` + role + `"; GRANT ALL ON schema_migrations, bluegreen_migrations TO "` + role + `"`)
	t.Cleanup(func() { db.exec(`DROP OWNED BY "` + role + `"; DROP ROLE "` + role + `"`) })
	at, err := url.Parse(s.URL.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	at.User = url.UserPassword(role, "nobody")
	s.URL = release.Secret(at.String())
	_, err = migrate(t.Context(), t, s, "shop-2", nil)
	if err == nil || !strings.Contains(err.Error(), "permission denied for table a") || len(backups(t, s)) != 0 {
		t.Errorf("%v", err)
	}
	db.exec(`GRANT ALL ON a TO "` + role + `"; ALTER TABLE a ENABLE ROW LEVEL SECURITY`)
	_, err = migrate(t.Context(), t, s, "shop-2", nil)
	if err == nil || !strings.Contains(err.Error(), "row-level security policy for table") || len(backups(t, s)) != 0 {
		t.Errorf("rows that a policy hides: %v", err)
	}
}
