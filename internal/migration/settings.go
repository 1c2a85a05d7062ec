package migration

import (
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Settings is the section `database` of the configuration.
type Settings struct {
	URL              release.Secret    `yaml:"url" help:"postgres:// URL of a direct connection to the database, not through PgBouncer; empty when the application has none"`
	Folder           string            `yaml:"migrations" default:"migrations" help:"folder of the golang-migrate files"`
	Table            string            `yaml:"table" default:"schema_migrations" help:"golang-migrate's table of the version"`
	LockTimeout      time.Duration     `yaml:"lock-timeout" default:"100ms" help:"how long a statement may wait for a lock, and so how long the application may have to wait behind it"`
	LockBudget       time.Duration     `yaml:"lock-budget" default:"5m" help:"how long a run may spend on repeating tries that met a lock"`
	StatementTimeout time.Duration     `yaml:"statement-timeout" default:"15m" help:"how long a file may run"`
	IndexTimeout     time.Duration     `yaml:"index-timeout" default:"2h" help:"how long create index concurrently may run, which blocks nobody"`
	Wait             time.Duration     `yaml:"wait" default:"30m" help:"how long to wait while another run migrates the same database"`
	Counts           map[string]string `yaml:"counts" help:"queries that return one number each, by name, for the diagnostics of a rollback"`
	Backup           Backups           `yaml:"backup" help:"the backup before the migrations"`
}

// Backups is the section `database.backup`.
type Backups struct {
	Directory    string        `yaml:"directory" help:"folder for the backups, on a disk that outlives the job"`
	Keep         int           `yaml:"keep" default:"7" help:"how many backups of this database stay in the folder"`
	Policy       Policy        `yaml:"policy" default:"when-pending" help:"always, or when-pending: only when there is something to apply"`
	MinimumRatio float64       `yaml:"minimum-ratio" default:"0.5" help:"smallest size relative to the last backup, 0 to 1"`
	Timeout      time.Duration `yaml:"timeout" default:"1h" help:"how long taking and verifying a backup may take"`
	Tools        string        `yaml:"tools" help:"folder of pg_dump and pg_restore; empty looks in PATH and where Debian and Ubuntu put them"`
}

// Policy says when a backup is taken.
type Policy string

// The policies.
const (
	Always      Policy = "always"
	WhenPending Policy = "when-pending" // without pending migrations none is taken, and the report says so
)

// UnmarshalText refuses every other word: there is no policy without backups.
func (p *Policy) UnmarshalText(text []byte) error {
	switch v := Policy(text); v {
	case Always, WhenPending:
		*p = v
		return nil
	}
	return fmt.Errorf("policy %q: want always or when-pending", text)
}

// tableForm has no quotes, dots or capitals, so that the name means the same to
// golang-migrate, which quotes it, and to people, who do not.
var tableForm = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

// Check refuses values that cannot work together.
func (s Settings) Check() error {
	return errors.Join(
		want(tableForm.MatchString(s.Table), "table %q: want a plain name of lower-case letters, digits and underscores", s.Table),
		want(s.Table != Journal, "table %q: that is the name of the journal: choose another", s.Table),
		between("lock-timeout", s.LockTimeout, time.Millisecond, s.StatementTimeout),
		between("lock-budget", s.LockBudget, s.LockTimeout, 24*time.Hour),
		between("statement-timeout", s.StatementTimeout, time.Second, 24*time.Hour),
		between("index-timeout", s.IndexTimeout, time.Second, 7*24*time.Hour),
		between("wait", s.Wait, time.Second, 24*time.Hour),
	)
}

// Check refuses values that would keep or accept nothing.
func (b Backups) Check() error {
	return errors.Join(
		want(b.Keep >= 1, "keep %d: want at least 1", b.Keep),
		want(b.MinimumRatio >= 0 && b.MinimumRatio <= 1, "minimum-ratio %v: want 0 to 1", b.MinimumRatio),
		between("timeout", b.Timeout, time.Second, 7*24*time.Hour),
	)
}

func between(key string, have, least, most time.Duration) error {
	return want(least <= have && have <= most, "%s %v: want %v to %v", key, have, least, most)
}

func want(holds bool, format string, args ...any) error {
	if holds {
		return nil
	}
	return fmt.Errorf(format, args...)
}
