package migration_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// filling is a table in memory, of which a row takes a while.
type filling struct {
	left   int
	each   time.Duration         // a row
	fail   func(batch int) error // of a batch, before it is committed; may be nil
	lag    func() time.Duration  // may be nil
	hidden int
	writes int // rows that the application adds behind the backfill
	asked  []int
	closed bool
	done   func()
}

func (f *filling) Batch(_ context.Context, rows int) (migration.Batch, error) {
	f.asked = append(f.asked, rows)
	n := min(rows, f.left)
	time.Sleep(time.Duration(n) * f.each)
	if f.fail != nil {
		if err := f.fail(len(f.asked)); err != nil {
			return migration.Batch{}, err
		}
	}
	if f.left -= n; f.left == 0 {
		f.done()
	}
	return migration.Batch{Seen: int64(n), Changed: int64(n), Rows: 10_000, Passed: int64(10_000 - f.left), Ended: f.left == 0}, nil
}

func (f *filling) Lag(context.Context) (time.Duration, int, error) {
	if f.lag == nil {
		return 0, f.hidden, nil
	}
	return f.lag(), f.hidden, nil
}

func (f *filling) Remainder(context.Context) (int64, error) { return int64(f.left + f.writes), nil }

func (f *filling) Close() { f.closed = true }

// backfilled is a run with one backfill of 10,000 rows.
func backfilled(t *testing.T, rows *filling, change func(*migration.Settings, *migration.Systems)) (report migration.Report, events []string, seen map[string]release.Evidence, err error) {
	t.Helper()
	s := settings(t, map[string]string{"1_a.up.sql": "SELECT 1;\n-- bluegreen: backfill a key=id pause=1ms\n-- UPDATE a SET b = 1 WHERE b IS NULL;"})
	db := newDatabase(t, migration.None)
	db.rows, rows.left = rows, 10_000
	on := migration.Systems{Database: db, Dumper: goodDumper(), Progress: func(e migration.Event) { events = append(events, e.String()) }}
	if change != nil {
		change(&s, &on)
	}
	var findings release.Findings
	synctest.Test(t, func(t *testing.T) {
		report, err = migration.Run(t.Context(), s, on, "shop-1", &findings)
	})
	if !rows.closed {
		t.Error("the backfill was not closed")
	}
	return report, events, found(&findings), err
}

func TestABatchIsAdaptedToTheTimeThatItTakes(t *testing.T) {
	t.Parallel()
	for each, want := range map[time.Duration]int{time.Microsecond: 1000, 500 * time.Microsecond: 200, 20 * time.Millisecond: 5, 3 * time.Second: 1} {
		rows := &filling{each: each}
		report, _, seen, err := backfilled(t, rows, nil)
		if last := rows.asked[len(rows.asked)-1]; err != nil || last != want || report.Fills[0].Changed != 10_000 {
			t.Errorf("%v a row: batches of %d, %+v, %v", each, last, report.Fills, err)
		}
		if e := seen["3.1.1b"]; e.Status != release.Passed || !strings.Contains(e.Observed, "10000 rows in ") {
			t.Errorf("%+v", e)
		}
	}
}

func TestABackfillSaysHowFarItIs(t *testing.T) {
	t.Parallel()
	_, events, _, _ := backfilled(t, &filling{each: time.Millisecond}, nil)
	text := strings.Join(events, "\n")
	for _, want := range []string{"backfill: 1_a.up.sql:2, table a", "looked at of about 10000, about ", "s to go", "10000 rows changed, 0 left"} {
		if !strings.Contains(text, want) {
			t.Errorf("not in the events: %q\n%s", want, text)
		}
	}
}

func TestABackfillMeetsLocksAndTimeouts(t *testing.T) {
	t.Parallel()
	lock := &migration.LockError{Blockers: []migration.Blocker{{PID: 7, State: "idle in transaction"}}, Err: errors.New("lock timeout")}
	rows := &filling{fail: func(batch int) error {
		return map[int]error{2: lock, 3: migration.ErrSlow, 4: migration.ErrSlow}[batch]
	}}
	report, events, _, err := backfilled(t, rows, nil)
	if err != nil || report.Fills[0].Locks != 1 || fmt.Sprint(rows.asked[:5]) != "[1000 1000 1000 250 62]" {
		t.Errorf("%+v, %v, %v", report.Fills, rows.asked[:5], err)
	}
	if text := strings.Join(events, "\n"); !strings.Contains(text, "blocked by pid 7, idle in transaction") {
		t.Error(text)
	}
	_, _, seen, err := backfilled(t, &filling{fail: func(int) error { return lock }}, nil)
	if err == nil || !strings.Contains(err.Error(), "no lock within database.lock-budget, 5m0s: blocked by pid 7") || seen["3.1.1b"].Status != release.NotShown {
		t.Errorf("%v, %+v", err, seen["3.1.1b"])
	}
	rows = &filling{fail: func(batch int) error {
		if batch == 1 {
			return lock
		}
		return &migration.LockError{Err: errors.New("lock timeout")} // whose wait was over before anybody was seen
	}}
	if _, _, _, err = backfilled(t, rows, nil); err == nil || !strings.Contains(err.Error(), "blocked by pid 7") {
		t.Errorf("who was seen in the way is forgotten: %v", err)
	}
	rows = &filling{fail: func(int) error { return migration.ErrSlow }}
	if _, _, _, err = backfilled(t, rows, nil); !errors.Is(err, migration.ErrSlow) || rows.asked[len(rows.asked)-1] != 1 {
		t.Errorf("%v, %v", err, rows.asked)
	}
}

func TestABackfillWaitsForStandbys(t *testing.T) {
	t.Parallel()
	began := time.Time{}
	behind := func() time.Duration {
		if began.IsZero() {
			began = time.Now()
		}
		return 30*time.Second - time.Since(began)
	}
	report, events, _, err := backfilled(t, &filling{lag: behind, hidden: 2}, nil)
	text := strings.Join(events, "\n")
	if err != nil || report.Fills[0].Held != 20*time.Second || !strings.Contains(text, "a standby is more than 30s behind") || !strings.Contains(text, "the lag of 2 standbys cannot be seen") {
		t.Errorf("%+v, %v\n%s", report.Fills, err, text)
	}
	_, _, _, err = backfilled(t, &filling{lag: func() time.Duration { return time.Hour }}, nil)
	if err == nil || !strings.Contains(err.Error(), "held for longer than database.wait, 30m0s: a standby is more than 1h0m0s behind") {
		t.Errorf("%v", err)
	}
	if _, _, _, err = backfilled(t, &filling{lag: func() time.Duration { return time.Hour }}, func(s *migration.Settings, _ *migration.Systems) { s.Backfill.MaxLag = 0 }); err != nil {
		t.Error(err)
	}
}

func TestABackfillStopsWhenNobodyCanSayWhetherItMayGoOn(t *testing.T) {
	t.Parallel()
	_, _, _, err := backfilled(t, &filling{}, func(_ *migration.Settings, on *migration.Systems) {
		on.Paused = func(context.Context) (string, error) { return "", errors.New("no answer from the gates") }
	})
	if err == nil || !strings.Contains(err.Error(), "backfill 1_a.up.sql:2, table a: no answer from the gates") {
		t.Errorf("%v", err)
	}
}

func TestRowsThatTheLiveVersionWritesMeanwhileFailNothing(t *testing.T) {
	t.Parallel()
	report, _, seen, err := backfilled(t, &filling{writes: 3}, nil)
	if e := seen["3.1.1b"]; err != nil || e.Status != release.NotShown || report.Fills[0].Remainder != 3 || !strings.Contains(e.Observed, "finalize changes them") {
		t.Errorf("%+v, %+v, %v", report.Fills, e, err)
	}
}
