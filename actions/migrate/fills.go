package migrate

import (
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
)

// fills shows what was done of the backfills.
func fills(job *action.Job, r migration.Report) {
	var rows [][]string
	for _, f := range r.Fills {
		rows = append(rows, []string{f.String(), fmt.Sprint(f.Changed), fmt.Sprint(f.Batches), fmt.Sprint(f.Locks), fmt.Sprint(f.Remainder), f.Took.Round(time.Millisecond).String()})
	}
	job.Page.Table([]string{"backfill", "rows changed", "batches", "locks met", "rows left", "took"}, rows)
}
