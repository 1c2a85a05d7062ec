package connect

import (
	"context"
	"os"
	"path/filepath"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/pgquery"
	"github.com/bluegreen-actions/bluegreen/internal/postgres"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/review"
	"github.com/bluegreen-actions/bluegreen/internal/runner"
)

// Annotations are the findings of a review on their lines. GitHub shows ten of each
// level, so what is open comes first.
func Annotations(r review.Review, policy []string) []runner.Annotation {
	levels := map[review.Level]runner.Level{review.Risky: runner.Warning, review.Unsafe: runner.Error}
	var open, rest []runner.Annotation
	for _, p := range r.Findings() {
		a := runner.Annotation{Level: runner.Notice, Title: p.Rule.ID, Text: p.Text(), File: p.Path, Line: p.Line}
		if p.Open(policy) {
			a.Level, a.Text = levels[p.Rule.Level], p.Text()+": "+p.Rule.Breaks+"\n→ "+p.Remedy()
			open = append(open, a)
			continue
		}
		if p.Waited != "" {
			a.Text += "\nwaited: " + p.Waited
		} else if p.Reason != "" {
			a.Text += "\nallowed: " + p.Reason
		}
		rest = append(rest, a)
	}
	return append(open, rest...)
}

// Judge reviews the pending files, and the contract files that may run, with the
// catalog of the database.
func Judge(ctx context.Context, s migration.Settings, p migration.Pending, c migration.Contract) (review.Review, error) {
	db, err := postgres.New(s)
	if err != nil {
		return review.Review{}, err
	}
	schema, err := db.Catalogue(ctx)
	if err != nil {
		return review.Review{}, err
	}
	version, err := review.Version(p.State.Server)
	if err != nil {
		return review.Review{}, err
	}
	var files []review.File
	for _, m := range p.Files {
		files = append(files, review.File{Path: Shown(m.Up.Path), SQL: m.Up.Script.Text, Backfills: m.Up.Script.Backfills})
		if m.Down != nil {
			files = append(files, review.File{Path: Shown(m.Down.Path), SQL: m.Down.Script.Text, Down: true})
		}
	}
	for _, f := range p.Fills {
		if f.Version <= p.State.Version && !p.State.Adopted(f.Version) { // its file is applied, and the backfill is not done
			path := Shown(filepath.Join(s.Folder, f.File))
			files = append(files, review.File{Path: path, Backfills: []review.Backfill{f.Backfill}})
		}
	}
	for _, m := range c.Files {
		files = append(files, review.File{Path: Shown(m.Up.Path), SQL: m.Up.Script.Text, Waited: c.Proof})
	}
	result, err := review.Run(&pgquery.Parser{}, files, schema, review.Options{
		Version: version, LockTimeout: s.LockTimeout, Contract: Shown(s.Contracts().Folder),
	})
	if err != nil {
		return review.Review{}, release.CannotTell("report this as a fault of bluegreen, with the file", "review migrations: %w", err)
	}
	return result, nil
}

// Shown is a path as GitHub wants it in an annotation: from the workspace on, in
// which a step is started.
func Shown(path string) string {
	if here, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(here, path); err == nil && filepath.IsLocal(rel) {
			return filepath.ToSlash(rel)
		}
	}
	return filepath.ToSlash(path)
}
