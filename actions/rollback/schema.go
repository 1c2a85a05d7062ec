package rollback

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Schema says what becomes of the schema.
type Schema string

// The choices.
const (
	Keep Schema = "keep"
	Down Schema = "down" // where database.down allows it, and nothing is lost
)

// UnmarshalText accepts "keep" and "down".
func (s *Schema) UnmarshalText(text []byte) error {
	if *s = Schema(text); *s != Keep && *s != Down {
		return fmt.Errorf("schema %q: want keep or down", text)
	}
	return nil
}

// schemaTime bounds the questions about the schema. Going back has the time of a
// migration besides.
const schemaTime = 2 * time.Minute

// subject is the release that the schema is decided for.
type subject struct {
	id       release.ID
	slot     release.Slot
	recorded *release.Schema
}

// of is the release of the record; without one, as when a person asks, that of the
// last shift, if it is the one that was taken back.
func of(ctx context.Context, job *action.Job, back traffic.Rollback, way *traffic.Way) subject {
	if job.Release.ID != "" {
		return subject{job.Release.ID, job.Release.Candidate, job.Release.Schema}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, claimTime, errors.New("the ledger took too long"))
	defer cancel()
	page, err := back.Balancer.Ledger.Read(ctx)
	if err != nil || page.Shift == nil || way == nil || page.Shift.Candidate != way.Good.Other() {
		return subject{}
	}
	return subject{id: page.Shift.Release, slot: page.Shift.Candidate}
}

// schema decides what becomes of the schema, says so in words, and asks whether the
// version that is live now lives with it. Only a way back that ended in the middle
// fails: what cannot be asked is said, since the schema is kept then.
func schema(asked context.Context, job *action.Job, back traffic.Rollback, in inputs, way *traffic.Way, failed error) error {
	settings, systems, err := connect.Migrations(job, func(e migration.Event) { job.Log.Info(e.String()) })
	if err != nil || systems.Database == nil {
		warn(job, "the schema is kept, and was not looked at", err)
		return nil
	}
	limit := schemaTime
	if in.Schema == Down {
		limit += settings.Wait + settings.LockBudget + settings.StatementTimeout
	}
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(asked), limit, fmt.Errorf("the schema took longer than %v", limit))
	defer cancel()
	of := of(ctx, job, back, way)
	var d migration.Decision
	if in.Schema == Down {
		quiet := func(ctx context.Context) error { return still(ctx, job, back, of) }
		if failed != nil {
			quiet = func(context.Context) error { return fmt.Errorf("the traffic is not proven to be back: %w", failed) }
		}
		d, err = migration.GoBack(ctx, settings, systems, migration.Return{Release: of.id, Recorded: of.recorded, Quiet: quiet}, job.Findings)
	} else {
		known, unknown := migration.Learn(ctx, settings, systems, of.id, of.recorded)
		warn(job, "not all is known about the schema, which is kept", unknown)
		d = migration.Decide(known, job.Findings)
	}
	tellSchema(ctx, job, d, systems)
	live(ctx, job, way)
	return err
}

// tellSchema says what was decided.
func tellSchema(ctx context.Context, job *action.Job, d migration.Decision, on migration.Systems) {
	job.Page.Say("Database: %s.", d.Reason)
	var rows [][]string
	for _, v := range d.Verdicts {
		rows = append(rows, []string{v.Version.String(), string(v.Way), v.Reason})
	}
	job.Page.Table([]string{"migration", "way back", "why"}, rows)
	mismatch(ctx, job, d, on)
}

// still stops what there is of the release, and refuses unless it has no traffic
// and nothing of it runs.
func still(ctx context.Context, job *action.Job, back traffic.Rollback, of subject) error {
	weights, err := back.Balancer.Router.Weights(ctx)
	switch {
	case of.slot == "":
		return errors.New("it is not known which slot the release is in")
	case err != nil:
		return fmt.Errorf("read the weights: %w", err)
	case weights.Of(of.slot) != 0:
		return fmt.Errorf("%s still has %v of the traffic", of.slot, weights.Of(of.slot))
	}
	env, err := connect.Slot(ctx, job, of.slot)
	if err != nil {
		return err
	}
	return env.Still(ctx, of.id)
}
