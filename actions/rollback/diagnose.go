package rollback

import (
	"context"
	"errors"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/diagnosis"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// bundle is the folder of the diagnostics, below that of the reports.
const bundle = "diagnostics/"

// look begins to look at everything, beside what else there is to do. The function
// that it returns waits for it.
func look(ctx context.Context, job *action.Job, back traffic.Rollback, way *traffic.Way) (wait func() []diagnosis.Seen) {
	balancers, err := connect.Rescue(job)
	if err != nil {
		balancers = nil
	}
	candidate := job.Release.Candidate
	if way != nil {
		candidate = way.Good.Other()
	}
	done := make(chan []diagnosis.Seen, 1)
	go func() {
		done <- diagnosis.Collect(ctx, connect.Looks(job, balancers, back.Lease, candidate))
	}()
	return func() []diagnosis.Seen { return <-done }
}

// keep writes the bundle and its index for the artifact, and what was seen on the
// page.
func keep(job *action.Job, seen []diagnosis.Seen) error {
	var rows [][]string
	var problems []error
	for _, s := range seen {
		rows = append(rows, []string{s.Name, s.Says, s.Problem})
		for _, f := range s.Files {
			problems = append(problems, job.ReportText(bundle+f.Name, f.Text))
		}
	}
	index := diagnosis.Index("Diagnostics after the rollback", time.Now(), seen)
	problems = append(problems, job.ReportText(bundle+"index.md", index), job.Report(bundle+"index.json", seen))
	job.Page.Section("What both slots and the stores say")
	job.Page.Table([]string{"what", "state", "trouble"}, rows)
	job.Page.Say("The files are in the folder of the report, which a job uploads as its artifact, below %sindex.md.", bundle)
	return errors.Join(problems...)
}
