package rollback

import (
	"context"
	"fmt"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// mismatch writes down how the schema differs from the one that the good slot was
// released with.
func mismatch(ctx context.Context, job *action.Job, d migration.Decision, on migration.Systems) {
	var now *migration.State
	if state, err := on.Database.State(ctx); err == nil {
		now = &state
	}
	text := d.Mismatch(now)
	job.Findings.Show("4.2.5", now != nil, "%s", strings.ReplaceAll(strings.TrimSpace(text), "\n", " "))
	warn(job, "what is known about the schema was not written", job.ReportText(bundle+"schema.md", text))
}

// live asks the version that has the traffic now whether it lives with the schema.
func live(ctx context.Context, job *action.Job, way *traffic.Way) {
	at := job.Release.Good
	if way != nil {
		at = way.Good
	}
	questions, absent := connect.AskLive(job, at)
	if way == nil && job.Release.Superseded != "" {
		absent = "this release was superseded before it changed anything: another one is live, and was left alone"
	}
	ids := []string{"4.2.4", "4.2.s2b"}
	if absent != "" {
		for _, id := range ids {
			job.Findings.Miss(id, "%s", absent)
		}
		return
	}
	report := questions.Ask(ctx)
	for _, id := range ids {
		job.Findings.Show(id, report.Failed() == 0, "%s, which is live, on the schema as it is: %s", at, report)
	}
	job.Page.Say("The live version, in %s, on the schema as it is: %s.", at, report)
	if report.Failed() > 0 {
		job.Warn("bluegreen rollback", fmt.Sprintf("the live version, in %s, fails its critical checks on the schema as it is: %s", at, report))
	}
}
