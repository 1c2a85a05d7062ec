package connect

import (
	"context"
	"errors"
	"fmt"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Pause is what a backfill asks before its batches: whether the metrics say that
// the application has enough to do. It is nil where no query says so. A source that
// cannot be asked is no leave to go on.
func Pause(job *action.Job) (func(context.Context) (string, error), error) {
	query := job.Config.Database.Backfill.PauseWhile
	if query == "" {
		return nil, nil
	}
	source, err := Metrics(job)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (string, error) {
		answer, err := source.Query(ctx, query)
		switch {
		case errors.Is(err, gate.ErrQuery):
			return "", release.Reject("correct database.backfill.pause-while", "database.backfill.pause-while: %w", err)
		case err != nil:
			return fmt.Sprintf("the metrics cannot be asked: %v", err), nil
		case len(answer.Series) > 0:
			return fmt.Sprintf("database.backfill.pause-while, %s: %v", query, answer.Series[0].Value), nil
		}
		return "", nil
	}, nil
}
