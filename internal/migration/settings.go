package migration

import (
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// Settings is the section `database` of the configuration.
type Settings struct {
	URL              release.Secret    `yaml:"url" help:"postgres:// URL of a direct connection to the database, not through PgBouncer; empty when the application has none."`
	Folder           string            `yaml:"migrations" default:"migrations" help:"Folder of the golang-migrate files."`
	Table            string            `yaml:"table" default:"schema_migrations" help:"golang-migrate's table of the version."`
	LockTimeout      time.Duration     `yaml:"lock-timeout" default:"100ms" help:"How long a statement may wait for a lock, and so how long the application may have to wait behind it."`
	LockBudget       time.Duration     `yaml:"lock-budget" default:"5m" help:"How long a run may spend on repeating tries that met a lock."`
	StatementTimeout time.Duration     `yaml:"statement-timeout" default:"15m" help:"How long a file may run."`
	IndexTimeout     time.Duration     `yaml:"index-timeout" default:"2h" help:"How long a statement that runs concurrently may run, such as create index concurrently, which blocks nobody."`
	TerminateIdle    time.Duration     `yaml:"terminate-idle-blockers" default:"0s" help:"End sessions that block a file and have been idle in their transaction for longer than this, never those of a superuser or a replication; 0s ends none. For sessions of other users it needs pg_signal_backend and pg_read_all_stats."`
	Wait             time.Duration     `yaml:"wait" default:"30m" help:"How long to wait while another run migrates the same database."`
	Counts           map[string]string `yaml:"counts" help:"Queries that return one number each, by name, for the diagnostics of a rollback."`
	Allow            []string          `yaml:"allow" help:"Ids of unsafe rules for which an acknowledgement in the migration is enough, see docs/rules.md."`
	Contract         Contracting       `yaml:"contract" help:"Migrations that take away what the version before still uses."`
	Down             Downs             `yaml:"down" default:"never" help:"Whether a rollback that is asked to, by its input schema, may run down files: never, or proven: when a rehearsal has shown of each migration of the release that nothing is lost, and nothing was written since that would be."`
	Backup           Backups           `yaml:"backup" help:"The backup before the migrations."`
	Rehearsal        Rehearsals        `yaml:"rehearsal" help:"The rehearsal of the migrations on a scratch database."`
	Backfill         Batches           `yaml:"backfill" help:"The backfills, which change rows in batches."`
}

// Batches is the section `database.backfill`.
type Batches struct {
	Target  time.Duration `yaml:"target" default:"100ms" help:"How long a batch should take: its rows are adapted to that, up to those of the directive."`
	Timeout time.Duration `yaml:"timeout" default:"10s" help:"How long a batch may run before it is rolled back and tried with fewer rows."`
	MaxLag  time.Duration `yaml:"max-lag" default:"10s" help:"No batch is started while a standby is further behind; 0s does not look."`

	PauseWhile string `yaml:"pause-while" help:"PromQL: no batch is started while it returns anything, such as a latency that is too high; empty never pauses."`
}

// Check refuses values that would never do a batch.
func (b Batches) Check() error {
	return errors.Join(
		between("target", b.Target, 10*time.Millisecond, b.Timeout),
		between("timeout", b.Timeout, 100*time.Millisecond, time.Hour),
		between("max-lag", b.MaxLag, 0, time.Hour),
	)
}

// tableForm has no quotes, dots or capitals, so that the name means the same to
// golang-migrate, which quotes it, and to people, who do not.
var tableForm = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

func ours(table string) bool { return table == Journal || table == Holds || table == Fills }

// Below returns the settings with their paths made absolute.
func (s Settings) Below(absolute func(string) string) Settings {
	s.Folder, s.Contract.Folder, s.Backup.Directory = absolute(s.Folder), absolute(s.Contract.Folder), absolute(s.Backup.Directory)
	return s
}

// Check refuses values that cannot work together.
func (s Settings) Check() error {
	return errors.Join(
		want(tableForm.MatchString(s.Table), "table %q: want a plain name of lower-case letters, digits and underscores", s.Table),
		want(!ours(s.Table), "table %q: that is the name of a table of bluegreen's own: choose another", s.Table),
		want(tableForm.MatchString(s.Contract.Table) && !ours(s.Contract.Table) && s.Contract.Table != s.Table,
			"contract.table %q: want a plain name of lower-case letters, digits and underscores that no other table has", s.Contract.Table),
		between("lock-timeout", s.LockTimeout, time.Millisecond, s.StatementTimeout),
		between("lock-budget", s.LockBudget, s.LockTimeout, 24*time.Hour),
		between("statement-timeout", s.StatementTimeout, time.Second, 24*time.Hour),
		between("index-timeout", s.IndexTimeout, time.Second, 7*24*time.Hour),
		want(s.TerminateIdle == 0 || s.TerminateIdle >= time.Second && s.TerminateIdle <= 24*time.Hour, "terminate-idle-blockers %v: want 0s, or 1s to 24h", s.TerminateIdle),
		between("wait", s.Wait, time.Second, 24*time.Hour),
		review.Policy(s.Allow),
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
