package migration_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

var two = map[string]string{"1_a.up.sql": "SELECT 1", "1_a.down.sql": "SELECT 1", "2_b.up.sql": "SELECT 2"}

func TestARunAppliesWhatIsPending(t *testing.T) {
	db, dump, s := newDatabase(t, migration.None), goodDumper(), settings(t, two)
	var seen release.Findings
	var events []string
	on := migration.Systems{Database: db, Dumper: dump, Progress: func(e migration.Event) { events = append(events, string(e.Kind)) }}
	report, err := migration.Run(t.Context(), s, on, "shop-1", &seen)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"lock", "try 1_a.up.sql", "try 2_b.up.sql", "unlock"}; !slices.Equal(db.calls, want) {
		t.Errorf("calls %q", db.calls)
	}
	if want := []string{"waiting", "locked", "settled", "backup started", "backup done", "started", "applied", "started", "applied", "verified"}; !slices.Equal(events, want) {
		t.Errorf("events %q", events)
	}
	if report.Schema.Before != 0 || report.Schema.After != 2 || !slices.Equal(report.Schema.Applied, []uint{1, 2}) || !report.Verified || len(report.Files) != 2 {
		t.Errorf("report %+v", report)
	}
	if report.Files[0].WayBack != "1_a.down.sql, statements: 1" || report.Files[1].WayBack != "no way back: no down file" {
		t.Errorf("ways back %+v", report.Files)
	}
	ids := found(&seen)
	for _, id := range []string{"A.5.s1", "A.5.s2", "A.5.v1", "B.2.s2", "B.2.s3", "B.2.v4", "B.2.v5", "B.2.v6"} {
		if ids[id].Status != release.Passed {
			t.Errorf("%s: %+v", id, ids[id])
		}
	}
	for _, id := range []string{"A.5.s3", "A.5.v2", "A.5.v3", "A.5.v4", "A.5.v5", "B.2.s1", "B.2.v1", "B.2.v2", "B.2.v3", "B.2.r1", "B.2.r2", "B.2.r3", "B.2.r4", "B.2.r5"} {
		if ids[id].Status != release.NotShown || ids[id].Observed == "" {
			t.Errorf("%s: %+v", id, ids[id])
		}
	}
}

func TestARunAgainHasNothingToDo(t *testing.T) {
	db, dump, s := newDatabase(t, migration.None), goodDumper(), settings(t, two)
	on := migration.Systems{Database: db, Dumper: dump}
	if _, err := migration.Run(t.Context(), s, on, "shop-1", new(release.Findings)); err != nil {
		t.Fatal(err)
	}
	var seen release.Findings
	report, err := migration.Run(t.Context(), s, on, "shop-1", &seen)
	if err != nil || dump.calls != 1 {
		t.Fatalf("%d backups, %v", dump.calls, err)
	}
	if report.Nothing != "nothing to apply: the database is at version 2, applied by release shop-1" || !report.Reused || report.Backup == nil || report.Backup.Release != "shop-1" {
		t.Errorf("%q, %+v", report.Nothing, report.Backup)
	}
	if !slices.Equal(report.Schema.Applied, []uint{1, 2}) || report.Schema.Before != 0 {
		t.Errorf("schema %+v: what the release applied in an earlier attempt is missing", report.Schema)
	}
	if ids := found(&seen); ids["B.2.s2"].Status != release.Passed || ids["B.2.v4"].Status != release.NotShown || ids["A.5.s1"].Status != release.Passed {
		t.Errorf("evidence %+v", ids)
	}
	if other, err := migration.Run(t.Context(), s, on, "shop-3", new(release.Findings)); err != nil || other.Backup != nil || !strings.HasPrefix(other.NoBackup, "no backup was taken: nothing was to be applied") {
		t.Errorf("another release's backup is nobody's: %+v, %q, %v", other.Backup, other.NoBackup, err)
	}
	s.Backup.Policy, dump.schema = migration.Always, 2
	if _, err := migration.Run(t.Context(), s, on, "shop-2", new(release.Findings)); err != nil || dump.calls != 2 {
		t.Fatalf("policy always: %d backups, %v", dump.calls, err)
	}
}

func TestNoDatabase(t *testing.T) {
	var seen release.Findings
	report, err := migration.Run(t.Context(), migration.Settings{}, migration.Systems{}, "shop-1", &seen)
	if err != nil || report.Nothing != "no database in this application" {
		t.Fatalf("%+v, %v", report, err)
	}
	for id, e := range found(&seen) {
		if e.Status != release.NotShown || e.Observed != report.Nothing {
			t.Errorf("%s: %+v", id, e)
		}
	}
}

func TestALockIsTriedAgainWithinTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, s := newDatabase(t, migration.None), settings(t, two)
		gone := time.Now().Add(20 * time.Second)
		db.try = func(migration.Step, int) error {
			if time.Sleep(s.LockTimeout); time.Now().Before(gone) {
				return &migration.LockError{Err: errors.New("canceling statement due to lock timeout")}
			}
			return nil
		}
		var pauses []time.Duration
		last := time.Now()
		on := migration.Systems{Database: db, Dumper: goodDumper(), Progress: func(e migration.Event) {
			switch e.Kind {
			case migration.Blocked:
				last = time.Now()
			case migration.Started:
				if e.Tries > 1 {
					pauses = append(pauses, time.Since(last))
				}
			}
		}}
		report, err := migration.Run(t.Context(), s, on, "shop-1", new(release.Findings))
		if err != nil {
			t.Fatal(err)
		}
		first := report.Files[0]
		if first.Tries != first.Locks+1 || first.Locks < 15 || first.Took < 20*time.Second || first.Took > 22*time.Second {
			t.Errorf("%+v", first)
		}
		for i, p := range pauses {
			if p > time.Second || i > 3 && p < time.Second/2 || i == 0 && p > 250*time.Millisecond {
				t.Errorf("pause %d is %v", i, p)
			}
		}
	})
}

func TestALockThatStaysIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, s := newDatabase(t, migration.None), settings(t, two)
		db.try = func(migration.Step, int) error {
			time.Sleep(s.LockTimeout)
			return &migration.LockError{Err: errors.New("canceling statement due to lock timeout"), Blockers: []migration.Blocker{
				{PID: 42, Application: "report", State: "idle in transaction", Age: 90 * time.Second, Query: "SELECT ?"}}}
		}
		var seen release.Findings
		began := time.Now()
		_, err := migration.Run(t.Context(), s, migration.Systems{Database: db, Dumper: goodDumper()}, "shop-1", &seen)
		if took := time.Since(began); took < s.LockBudget-2*time.Second || took > s.LockBudget+time.Second {
			t.Errorf("it took %v", took)
		}
		if err == nil || !strings.Contains(err.Error(), "blocked by pid 42 of report, idle in transaction, in a transaction for 1m30s: SELECT ?") || release.ExitStatus(err) != 1 {
			t.Fatalf("%v", err)
		}
		if ids := found(&seen); ids["B.2.v6"].Status != release.Failed || ids["B.2.s2"].Status != release.Failed || ids["A.5.s1"].Status != release.Passed {
			t.Errorf("evidence %+v", ids)
		}
	})
}

func TestTryThatFails(t *testing.T) {
	cause := errors.New("line 1: relation does not exist")
	for name, c := range map[string]struct {
		try  func(*database) func(migration.Step, int) error
		want string // "" is success
		exit int
		file int // in the report
	}{
		"nothing of the file is left": {
			try: func(*database) func(migration.Step, int) error {
				return func(migration.Step, int) error { return cause }
			},
			want: "1_a.up.sql: line 1: relation does not exist", exit: 1},
		"the second fails and the first is reported": {
			try: func(*database) func(migration.Step, int) error {
				return func(_ migration.Step, n int) error { return map[int]error{2: cause}[n] }
			},
			want: "2_b.up.sql: line 1: relation does not exist", exit: 1, file: 1},
		"the connection broke when it was applied": {
			try: func(d *database) func(migration.Step, int) error {
				return func(s migration.Step, n int) error { d.apply(s); return errors.New("connection reset") }
			}, file: 2},
		"nobody can tell what is left": {
			try: func(d *database) func(migration.Step, int) error {
				return func(s migration.Step, n int) error {
					d.state.Version, d.state.Dirty = 1, true
					return &migration.LockError{Err: cause}
				}
			},
			want: "the database is dirty at version 1", exit: 1},
		"the database cannot be asked any more": {
			try: func(d *database) func(migration.Step, int) error {
				return func(migration.Step, int) error { d.settle = errors.New("connection refused"); return cause }
			},
			want: "what became of it is not known yet: connection refused", exit: 3},
	} {
		t.Run(name, func(t *testing.T) {
			db := newDatabase(t, migration.None)
			db.try = c.try(db)
			report, err := migration.Run(t.Context(), settings(t, two), migration.Systems{Database: db, Dumper: goodDumper()}, "shop-1", new(release.Findings))
			if len(report.Files) != c.file || release.ExitStatus(err) != c.exit || c.want != "" && !strings.Contains(fmt.Sprint(err), c.want) {
				t.Fatalf("%d files, exit status %d: %v", len(report.Files), release.ExitStatus(err), err)
			}
			if db.calls[len(db.calls)-1] != "unlock" {
				t.Fatalf("calls %q", db.calls)
			}
			if err != nil && release.HintOf(err) == "" {
				t.Fatalf("no hint: %v", err)
			}
		})
	}
}

func TestACancelledRunLeavesADefinedState(t *testing.T) {
	db := newDatabase(t, migration.None)
	ctx, cancel := context.WithCancelCause(t.Context())
	db.try = func(_ migration.Step, n int) error {
		if n == 1 {
			cancel(errors.New("the job was cancelled"))
		}
		return nil
	}
	report, err := migration.Run(ctx, settings(t, two), migration.Systems{Database: db, Dumper: goodDumper()}, "shop-1", new(release.Findings))
	if err == nil || !strings.Contains(err.Error(), "the job was cancelled") || len(report.Files) != 1 || report.Version != 1 {
		t.Fatalf("%+v, %v", report, err)
	}
}

func TestADirtyDatabaseStopsBeforeTheBackup(t *testing.T) {
	db, dump := newDatabase(t, 1), goodDumper()
	db.state.Dirty = true
	_, err := migration.Run(t.Context(), settings(t, two), migration.Systems{Database: db, Dumper: dump}, "shop-1", new(release.Findings))
	if err == nil || !strings.Contains(err.Error(), "the database is dirty at version 1") || dump.calls != 0 {
		t.Fatalf("%d backups, %v", dump.calls, err)
	}
}

func TestNewInvalidIndexesFailTheRun(t *testing.T) {
	db := newDatabase(t, migration.None)
	db.state.Invalid = []string{"old_i"}
	db.try = func(migration.Step, int) error { db.state.Invalid = []string{"new_i", "old_i"}; return nil }
	_, err := migration.Run(t.Context(), settings(t, two), migration.Systems{Database: db, Dumper: goodDumper()}, "shop-1", new(release.Findings))
	if err == nil || !strings.Contains(err.Error(), "invalid indexes: new_i") || strings.Contains(err.Error(), "old_i") {
		t.Fatalf("%v", err)
	}
}
