package migration

import (
	"context"
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Keeper makes backups without this tool.
type Keeper interface {
	// Newest finds the backup of the settings, or the newest one that can be
	// restored. One that is damaged, unfinished or of another database is an error.
	Newest(ctx context.Context, of State) (Snapshot, error)
}

// Snapshot is a backup that was made without this tool.
type Snapshot struct {
	Kind      string // such as RDS snapshot
	ID        string
	At        time.Time // what it holds ends here
	Bytes     int64     // 0 when it is not known
	Encrypted bool
	Status    string // in the words of who keeps it
}

// SnapshotLevel is what is known of a backup that was made without this tool.
const SnapshotLevel Level = "verified by id and age, by the word of who keeps it"

// Handle is the backup as the record has it.
func (s Snapshot) Handle() *release.Backup {
	return &release.Backup{Name: s.ID, Bytes: s.Bytes, Level: s.Kind + ": " + string(SnapshotLevel)}
}

// String is what an operator has to know of it.
func (s Snapshot) String() string {
	return fmt.Sprintf("%s %s of %s, %s", s.Kind, s.ID, s.At.UTC().Format(time.RFC3339), s.Status)
}

// skew is how far two clocks may be apart.
const skew = 5 * time.Minute

// fresh refuses a backup that is too old to go back to, and one that is not over yet.
func (s Snapshot) fresh(limit time.Duration, now time.Time) error {
	age := now.Sub(s.At)
	switch {
	case age < -skew:
		return release.CannotTell("set the clock of this runner", "find backup: %s %s is of %s, which is in the future", s.Kind, s.ID, s.At.UTC().Format(time.RFC3339))
	case age > limit:
		return release.Refuse("make a new one, or set database.backup.external.max-age",
			"find backup: %s %s is %v old: want at most %v", s.Kind, s.ID, age.Round(time.Second), limit)
	}
	return nil
}

// external finds the backup that was made without this tool.
func (r *run) external(ctx context.Context, state State) error {
	r.on.Progress(Event{Kind: BackupStarted, What: "a backup made without this tool"})
	began := time.Now()
	found, err := r.on.Keeper.Newest(ctx, state)
	if err != nil {
		return fmt.Errorf("find backup: %w", because(ctx, err))
	}
	if err := found.fresh(r.settings.Backup.External.MaxAge, time.Now()); err != nil {
		return err
	}
	r.report.External, r.report.BackupTook = &found, time.Since(began)
	r.on.Progress(Event{Kind: BackupDone, What: found.Kind + " " + found.ID, Took: r.report.BackupTook})
	return nil
}
