package postgres_test

import (
	"context"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
)

// TestWhatIsWrittenWhileTheReleaseStopsIsNotLost writes the last rows of a release
// while its slot is being stopped, behind the first count.
func TestWhatIsWrittenWhileTheReleaseStopsIsNotLost(t *testing.T) {
	t.Parallel()
	h := rehearsed(t, sessions)
	c := connect(t, h.s)
	d, err := h.goBack(func(context.Context) error {
		c.exec(`INSERT INTO sessions SELECT i, 1 FROM generate_series(1, 5) i`)
		return nil
	})
	if err != nil || d.Gone || d.Possible || !strings.Contains(d.Verdicts[1].Reason, "written since: table sessions, 5 rows") {
		t.Fatalf("%+v, %v", d, err)
	}
	at(t, h.s, 3)
}

// TestRowsOfALaterPartitionAreSeen is a partitioned table of the release, whose
// partition came by itself.
func TestRowsOfALaterPartitionAreSeen(t *testing.T) {
	t.Parallel()
	h := rehearsed(t, map[string]string{"1_users.up.sql": usersTable, "1_users.down.sql": "DROP TABLE users",
		"2_events.up.sql": "CREATE TABLE events (at date) PARTITION BY RANGE (at)", "2_events.down.sql": "DROP TABLE events"})
	connect(t, h.s).exec(`CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01'); INSERT INTO events VALUES ('2026-05-05')`)
	d, err := h.goBack(still)
	if err != nil || d.Gone || !strings.Contains(d.Verdicts[0].Reason, "written since: table events, 1 rows") {
		t.Fatalf("%+v, %v", d, err)
	}
}

// TestADownFileThatDeletesRowsIsNotRun has one that leads back to the same schema.
func TestADownFileThatDeletesRowsIsNotRun(t *testing.T) {
	t.Parallel()
	h := rehearsed(t, map[string]string{"1_users.up.sql": usersTable, "1_users.down.sql": "DROP TABLE users",
		"2_nick.up.sql": "ALTER TABLE users ADD COLUMN nick text", "2_nick.down.sql": "DELETE FROM users WHERE id > 1;\nALTER TABLE users DROP COLUMN nick"})
	c := connect(t, h.s)
	c.exec(`INSERT INTO users VALUES (2, 'b')`)
	d, err := h.goBack(still)
	if err != nil || d.Gone || d.Verdicts[0].Way != migration.Unproven || !strings.Contains(d.Verdicts[0].Reason, "DELETE FROM USERS in line 1") || c.number(`SELECT count(*) FROM users`) != 2 {
		t.Fatalf("%+v, %v", d, err)
	}
}
