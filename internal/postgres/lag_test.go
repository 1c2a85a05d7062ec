package postgres_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// TestABackfillIsHeldWhileAStandbyIsBehind stops a standby in its tracks, which then
// reports the lag that it had before.
func TestABackfillIsHeldWhileAStandbyIsBehind(t *testing.T) {
	t.Parallel()
	primary, standby := lab.Replicated(t)
	s := settings(t, map[string]string{"1_users.up.sql": nicks(3000, "")["1_users.up.sql"]})
	s.URL, s.Backfill.MaxLag = release.Secret(primary), time.Second
	must(t, s, "shop-1")
	at := s
	at.URL = release.Secret(standby)
	behind, c := connect(t, at), connect(t, s)
	behind.until(`SELECT to_regclass('users') IS NOT NULL`)
	c.until(`SELECT count(*) > 0 FROM pg_stat_replication WHERE state = 'streaming' AND replay_lsn = pg_current_wal_lsn()`)
	behind.exec(`SELECT pg_wal_replay_pause()`)
	behind.until(`SELECT pg_get_wal_replay_pause_state() = 'paused'`)
	write(t, s.Folder, map[string]string{"2_nick.up.sql": nicks(3000, "-- bluegreen: backfill users key=id batch=100 pause=100ms")["2_nick.up.sql"]})
	held := ""
	report, err := migrate(t.Context(), t, s, "shop-2", func(e migration.Event) {
		if e.Kind == migration.FillHeld && held == "" {
			held = e.What
			if n := c.number(`SELECT count(*) FROM users WHERE nick IS NOT NULL`); n == 3000 {
				t.Errorf("held behind %d rows", n)
			}
			behind.exec(`SELECT pg_wal_replay_resume()`)
		}
	})
	if err != nil || !strings.Contains(held, "a standby is more than ") || report.Fills[0].Held == 0 {
		t.Errorf("%v, %q, %+v", err, held, report.Fills)
	}
	c.filled(3000)
	behind.until(`SELECT count(*) = 3000 FROM users WHERE nick IS NOT NULL`)
}

func TestAStandbyThatMayNotBeSeen(t *testing.T) {
	t.Parallel()
	primary, _ := lab.Replicated(t)
	s := settings(t, nicks(10, bare))
	s.URL, s.Backfill.MaxLag = release.Secret(primary), time.Second
	said := ""
	if _, err := migrate(t.Context(), t, as(t, s, ""), "shop-1", func(e migration.Event) {
		if e.Kind == migration.FillGoesOn {
			said = e.What
		}
	}); err != nil || !strings.Contains(said, "the lag of 1 standbys cannot be seen: grant pg_monitor") {
		t.Errorf("%v, %q", err, said)
	}
}
