package migrate

import (
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
)

// filled says that rows were changed though no file was applied, or "".
func filled(r migration.Report) string {
	var rows int64
	for _, f := range r.Fills {
		rows += f.Changed
	}
	if rows == 0 {
		return ""
	}
	return fmt.Sprintf("; rows changed by backfills of its files: %d", rows)
}

// fills shows what was done of the backfills.
func fills(job *action.Job, r migration.Report) {
	var rows [][]string
	for _, f := range r.Fills {
		rows = append(rows, []string{f.String(), fmt.Sprint(f.Changed), fmt.Sprint(f.Batches), fmt.Sprint(f.Locks), fmt.Sprint(f.Remainder), f.Took.Round(time.Millisecond).String()})
	}
	job.Page.Table([]string{"backfill", "rows changed", "batches", "locks met", "rows left", "took"}, rows)
}
