package postgres_test

import (
	"strings"
	"testing"
)

// TestABackfillIsDoneAgainBehindTheWayDown applies a file, takes it back, by the
// rollback or by a person, and applies it again.
func TestABackfillIsDoneAgainBehindTheWayDown(t *testing.T) {
	t.Parallel()
	files := nicks(20, bare)
	files["2_nick.up.sql"] = strings.Replace(files["2_nick.up.sql"], ", times = times + 1", "", 1) // what was there before would be lost
	files["1_users.down.sql"], files["2_nick.down.sql"] = "DROP TABLE users", "ALTER TABLE users DROP COLUMN nick"
	for name, back := range map[string]func(*house, client){
		"by the rollback": func(h *house, c client) {
			c.exec(`UPDATE users SET nick = NULL`) // else going back would lose what was filled
			if d, err := h.goBack(still); err != nil || !d.Gone {
				t.Fatalf("%+v, %v", d, err)
			}
			if n := c.number(`SELECT count(*) FROM bluegreen_backfills`); n != 0 {
				t.Errorf("%d checkpoints are left", n)
			}
		},
		"by a person, seen behind it": func(h *house, c client) {
			c.exec(`ALTER TABLE users DROP COLUMN nick; UPDATE schema_migrations SET version = 1`)
		},
		"by a person, and its line, too": func(h *house, c client) {
			c.exec(`ALTER TABLE users DROP COLUMN nick; UPDATE schema_migrations SET version = 1; DELETE FROM bluegreen_migrations WHERE version = 2`)
		},
	} {
		h := rehearsed(t, files)
		c := connect(t, h.s)
		back(h, c)
		r := h.release("shop-3")
		if n := c.number(`SELECT count(*) FROM users WHERE nick IS NULL`); n != 0 || len(r.Fills) != 1 {
			t.Errorf("%s: %d rows are not filled, %+v", name, n, r.Fills)
		}
	}
}
