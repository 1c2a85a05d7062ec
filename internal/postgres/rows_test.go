package postgres_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func TestTheRowsOfTheSnapshotAreCounted(t *testing.T) {
	t.Parallel()
	s := always(t)
	connect(t, s).exec(`CREATE SCHEMA "Other"; CREATE TABLE "Other"."b c" AS SELECT 1 AS n; CREATE TABLE parts (id int) PARTITION BY RANGE (id);
		CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10); INSERT INTO parts VALUES (1), (2)`)
	s.Backup.Hash = []string{"public.a", `"Other"."b c"`}
	m := must(t, s, "shop-2").Backup
	for table, count := range map[string]int64{"a": 20000, `"Other"."b c"`: 1, "parts_1": 2, "schema_migrations": 1, "bluegreen_migrations": 1} {
		if have, ok := m.Rows[table]; !ok || have.Count != count || (have.Hash != "") != (table == "a" || table == `"Other"."b c"`) {
			t.Errorf("%s: %+v, want %d", table, m.Rows[table], count)
		}
	}
	if len(m.Rows) != 5 {
		t.Errorf("rows of %v", m.Rows)
	}
	same, err := open(t, s).Rows(t.Context(), m.Rows, soon)
	if err != nil || !maps.Equal(same, m.Rows) {
		t.Errorf("again: %v, %v", same, err)
	}
	connect(t, s).exec(`UPDATE a SET md5 = 'x' WHERE n = 7; INSERT INTO parts VALUES (3)`)
	other, err := open(t, s).Rows(t.Context(), m.Rows, soon)
	if err != nil || other["a"].Count != 20000 || other["a"].Hash == m.Rows["a"].Hash || other["parts_1"].Count != 3 {
		t.Errorf("after a change: %v, %v", other, err)
	}
	if _, err := open(t, s).Rows(t.Context(), map[string]migration.Rows{"gone": {}}, soon); err == nil || !strings.Contains(err.Error(), "count rows of gone: ") {
		t.Errorf("a table that is not there: %v", err)
	}
}

func TestCountingEndsWithItsTime(t *testing.T) {
	t.Parallel()
	s := always(t)
	holder := connect(t, s)
	holder.exec(`BEGIN; LOCK TABLE a IN ACCESS EXCLUSIVE MODE`)
	s.Backup.CountTimeout = 5 * time.Second // in which the count is seen
	done := make(chan migration.Report)
	go func() {
		report, err := migrate(t.Context(), t, s, "shop-2", nil)
		if err != nil {
			t.Error(err)
		}
		done <- report
	}()
	db := connect(t, s)
	db.until(`SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'bluegreen count'`)
	db.until(`SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'bluegreen count'`)
	holder.exec(`COMMIT`)
	if m := (<-done).Backup; m == nil || len(m.Rows) != 0 {
		t.Errorf("%+v", m)
	}
}

func TestATableToHashThatIsNotThere(t *testing.T) {
	t.Parallel()
	s := always(t)
	s.Backup.Hash = []string{"nobody"}
	_, err := migrate(t.Context(), t, s, "shop-2", nil)
	if release.ExitStatus(err) != 2 || !strings.Contains(err.Error(), "there is no table nobody") || len(backups(t, s)) != 0 {
		t.Errorf("%v", err)
	}
}
