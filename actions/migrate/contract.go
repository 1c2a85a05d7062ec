package migrate

import (
	"context"
	"fmt"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
)

func contracted(job *action.Job, c migration.Contracted) {
	var ran []migration.Migration
	for _, f := range c.Files {
		ran = append(ran, migration.Migration{Up: migration.File{Name: f.File}})
	}
	contract(job, "applied", ran, c.Held, c.Proof)
	if len(c.Earlier) > 0 {
		job.Page.Say("Contract migrations that an earlier attempt of this release has run: %s.", strings.Join(c.Earlier, ", "))
	}
	for _, note := range c.Notes {
		job.Page.Say("Contract migrations: %s", note)
	}
}

// contract shows what is taken away, and what waits and for what.
func contract(job *action.Job, what string, now []migration.Migration, held []migration.Held, proof string) {
	var rows [][]string
	for _, m := range now {
		rows = append(rows, []string{m.Up.Name, what, proof})
	}
	for _, h := range held {
		rows = append(rows, []string{h.Up.Name, "waits", h.Why})
	}
	job.Page.Table([]string{"contract migration", "", "why"}, rows)
}

// ask asks the live version its critical checks before the schema changes, and
// returns what asks it again behind the change: what it could do then it must still
// be able to do. What it could not do is written down with the first file, so that
// another attempt does not take what that file has broken for an old failure.
func ask(ctx context.Context, job *action.Job, systems *migration.Systems) func(migration.Report) error {
	if len(job.Passed) > 0 {
		job.Warn("bluegreen migrate", "the configuration has mistakes in sections that say who is live, and how to ask it; these count as not written:\n"+job.Passed.Error())
	}
	questions, absent := connect.AskLive(job, job.Release.Good)
	if absent != "" {
		return func(migration.Report) error {
			job.Findings.Miss("B.2.v2", "%s", absent)
			return nil
		}
	}
	before := questions.Ask(ctx)
	systems.Ill = before.Failing()
	return func(r migration.Report) error {
		after := questions.Ask(ctx)
		failing, before := before.Failing(), before.String()
		if r.Ill != nil {
			failing, before = r.Ill, fmt.Sprintf("in the first attempt of this release, %d checks failed: %s", len(r.Ill), strings.Join(r.Ill, ", "))
			job.Page.Say("The live version before the migrations: %s.", before)
		}
		err := after.Since(failing, "the migrations")
		job.Findings.Show("B.2.v2", after.Failed() == 0, "%s, which is live, on the schema at version %v: %s; before the migrations: %s", questions.Slot, r.Version, after, before)
		job.Page.Say("The live version, in %s, on the schema at version %v: %s.", questions.Slot, r.Version, after)
		return err
	}
}
