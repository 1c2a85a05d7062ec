package connect

import (
	"context"
	"fmt"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/postgres"
	"github.com/bluegreen-actions/bluegreen/internal/queue"
	"github.com/bluegreen-actions/bluegreen/internal/redis"
)

// Depth says how many jobs the queue has.
func Depth(ctx context.Context, job *action.Job) (string, error) {
	if job.Config.Queue.URL == "" {
		return "none is configured", nil
	}
	client, err := redis.Open(job.Config.Queue.URL)
	if err != nil {
		return "", err
	}
	defer client.Close()
	depth, err := job.Config.Queue.Look(ctx, client)
	if err != nil {
		return "unknown", err
	}
	job.Findings.Show("B.6.s2", true, "%s: %s", job.Config.Queue.Name, depth)
	job.Findings.Show("6.2.14", depth.Waiting < queue.Normal, "%s: %s", job.Config.Queue.Name, depth)
	return depth.String(), nil
}

// Look is one thing that was looked at after a rollback.
type Look struct{ What, Saw, Problem string }

// Diagnostics looks at the queue and the database. What cannot be asked is said.
func Diagnostics(ctx context.Context, job *action.Job) []Look {
	var all []Look
	depth, err := Depth(ctx, job)
	all = append(all, Look{"queue", depth, words(err)})
	if job.Config.Database.URL == "" {
		return append(all, Look{"database", "none is configured", ""})
	}
	db, err := postgres.New(job.Config.Database)
	if err != nil {
		return append(all, Look{"database", "", err.Error()})
	}
	d := db.Diagnose(ctx)
	all = append(all, Look{"database", strings.ReplaceAll(fmt.Sprint(d), "\n", "; "), ""})
	return append(all, schema(ctx, job, db, d.Answer > 0))
}

// schema says what a rollback does with the schema: nothing, and why. A database
// that did not answer is not asked again.
func schema(ctx context.Context, job *action.Job, db *postgres.Database, answers bool) Look {
	if job.Release.Schema == nil {
		return Look{"schema", "this release did not get to the database, or its record was not passed", ""}
	}
	files, err := migration.Read(job.Path(job.Config.Database.Folder))
	if err != nil {
		return Look{"schema", "kept as it is", err.Error()}
	}
	var now *migration.State
	if answers {
		var state migration.State
		if state, err = db.State(ctx); err == nil {
			now = &state
		}
	}
	return Look{"schema", migration.Decide(*job.Release.Schema, files, now, job.Findings).Reason, words(err)}
}

func words(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
