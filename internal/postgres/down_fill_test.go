package postgres_test

import (
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
)

// filledUsers is a release whose backfill writes with SET into users, which has a row.
func filledUsers(set string) map[string]string {
	return map[string]string{
		"1_users.up.sql": usersTable, "1_users.down.sql": "DROP TABLE users;",
		"2_nick.up.sql":   "ALTER TABLE users ADD COLUMN nick text;\n-- bluegreen: backfill users key=id\n-- UPDATE users SET " + set + ";\n",
		"2_nick.down.sql": "ALTER TABLE users DROP COLUMN nick;",
	}
}

func TestABackfillThatOverwroteIsNotTakenBack(t *testing.T) {
	t.Parallel()
	h := rehearsed(t, filledUsers("old_name = upper(old_name) WHERE old_name <> upper(old_name)"))
	d, err := h.goBack(still)
	if err != nil || d.Gone || d.Verdicts[0].Way != migration.Lossy || !strings.Contains(d.Verdicts[0].Reason, "its backfill in line 2 changes the values of column users.old_name, which was there before") {
		t.Fatalf("%+v, %v", d, err)
	}
	at(t, h.s, 2)
}
