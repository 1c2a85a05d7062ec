package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Undo runs the down file of one migration once, which has to be one transaction:
// its mark is in it, so that Settle can tell after any interruption.
func (s *session) Undo(ctx context.Context, step migration.Step) error {
	if step.Down == nil || step.Down.Script.Nature != migration.Atomic || step.Down.Script.Empty() {
		return fmt.Errorf("version %v has no down file that is one transaction", step.Version)
	}
	if err := s.undoing(ctx, step.Version); err != nil {
		return release.CannotTell("run the rollback again", "the connection that holds the lock of the migrations is lost: %w", err)
	}
	step.Files = step.Files.Replace(step.Version, s.marked(step))
	step.Up = *step.Down // by whose nature the time limits are
	return s.timed(ctx, step, func(_ context.Context, m *migrator) error { return m.Steps(-1) })
}

// undoing writes that a down file is about to be run.
func (s *session) undoing(ctx context.Context, v migration.Version) error {
	return s.exec(ctx, `UPDATE `+s.journal()+` SET undo = $3 WHERE versions = $1 AND version = $2`, s.db.settings.Table, v, string(migration.Undoing))
}

// marked is the down file with its mark.
func (s *session) marked(step migration.Step) migration.File {
	down := *step.Down
	down.Script.Text = down.Script.Marked(fmt.Sprintf(`UPDATE %s SET undo = '%s' WHERE versions = '%s' AND version = %v`,
		s.journal(), migration.Undone, s.db.settings.Table, step.Version))
	return down
}

// countTime bounds the count of one table or column.
const countTime = 20 * time.Second
