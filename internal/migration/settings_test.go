package migration_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
)

func TestSettingsThatCannotWork(t *testing.T) {
	for want, change := range map[string]func(*migration.Settings){
		`table "public.x"`:                   func(s *migration.Settings) { s.Table = "public.x" },
		"a table of bluegreen's own":         func(s *migration.Settings) { s.Table = migration.Journal },
		`contract.table "schema_migrations"`: func(s *migration.Settings) { s.Contract.Table = s.Table },
		`contract.table "bluegreen_held"`:    func(s *migration.Settings) { s.Contract.Table = migration.Holds },
		"lock-timeout 0s":                    func(s *migration.Settings) { s.LockTimeout = 0 },
		"lock-timeout 1h0m0s":                func(s *migration.Settings) { s.LockTimeout = time.Hour },
		"lock-budget 1ms":                    func(s *migration.Settings) { s.LockBudget = time.Millisecond },
		"keep 0":                             func(s *migration.Settings) { s.Backup.Keep = 0 },
		"minimum-ratio 1.5":                  func(s *migration.Settings) { s.Backup.MinimumRatio = 1.5 },
		"timeout 0s":                         func(s *migration.Settings) { s.Backup.Timeout = 0 },
		"terminate-idle-blockers 10ms":       func(s *migration.Settings) { s.TerminateIdle = 10 * time.Millisecond },
		"target 1ms":                         func(s *migration.Settings) { s.Backfill.Target = time.Millisecond },
		"target 1h0m0s":                      func(s *migration.Settings) { s.Backfill.Target = time.Hour },
		"timeout 2h0m0s":                     func(s *migration.Settings) { s.Backfill.Timeout = 2 * time.Hour },
		"max-lag -1s":                        func(s *migration.Settings) { s.Backfill.MaxLag = -time.Second },
	} {
		s := settings(t, nil)
		change(&s)
		if err := errors.Join(s.Check(), s.Backup.Check(), s.Backfill.Check()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	var p migration.Policy
	if err := p.UnmarshalText([]byte("never")); err == nil {
		t.Error("policy never was accepted")
	}
}
