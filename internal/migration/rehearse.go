package migration

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// closeTime bounds how long a scratch database may take to be removed.
const closeTime = time.Minute

// Rehearse runs the pending files on a scratch database, and behind them the contract
// files that may run: each up, down and up again, behind the ones before it. The source is the backup m, where there is one
// on this machine. A file that does not go up is an error; one that does not come
// back is not, and its proof says so.
//
// Without rows, a file that a constraint refuses may be right: it ends the rehearsal,
// and is no error.
//
// Where a file cannot be brought back to what up has left, the files behind it are
// rehearsed on a new scratch database. Backfills run as on the live database: those that
// are not done before the first file, the others behind theirs, without a pause.
func Rehearse(ctx context.Context, s Settings, on Systems, p Pending, c Contract, m *Manifest, id release.ID) (rehearsal Rehearsal, err error) {
	began := time.Now()
	defer func() { rehearsal.Took = time.Since(began) }()
	ctx, cancel := context.WithTimeoutCause(ctx, s.Rehearsal.Timeout, fmt.Errorf("it took longer than database.rehearsal.timeout, %v", s.Rehearsal.Timeout))
	defer cancel()
	r := &rehearsing{settings: s, stage: on.Stage, progress: on.Progress, id: id, pending: p, contract: c}
	if r.progress == nil {
		r.progress = func(Event) {}
	}
	if err = contained(slices.Concat(p.Files, c.Files), s.Rehearsal.Place()); err == nil {
		err = r.source(ctx, m)
	}
	if err == nil {
		err = r.all(ctx)
	}
	if err != nil {
		err = fmt.Errorf("rehearse migrations: %w", because(ctx, err))
	}
	return r.report, err
}

type rehearsing struct {
	settings Settings
	stage    Stage
	progress func(Event)
	id       release.ID
	pending  Pending
	contract Contract
	from     Source
	counts   map[string]Rows // of the snapshot of the backup
	report   Rehearsal

	scratch Scratch
	line    Scratch  // the same for the contract files; nil until the first one
	shape   Shape    // as it is now
	have    Holdings // likewise; nil without rows
}

// source decides what the scratch database is filled with, and says why not with
// more.
func (r *rehearsing) source(ctx context.Context, m *Manifest) error {
	r.from = Source{State: r.pending.State, Files: r.pending.All}
	size, err := r.stage.Size(ctx)
	if err != nil {
		return err
	}
	if r.settings.Rehearsal.Place() == Production && r.settings.Rehearsal.Free < 2*size {
		return release.Refuse("make room, or rehearse on another server: set database.rehearsal.url or image",
			"the live server would need %v free, twice the size of the database; database.rehearsal.free says %v", 2*size, r.settings.Rehearsal.Free)
	}
	if m != nil {
		r.from.Backup = m.Path
	}
	switch s := r.settings.Rehearsal; {
	case m == nil:
		r.report.On = "the schema alone: there is no backup on this machine"
	case s.Data == Schema:
		r.report.On = "the schema alone, of backup " + m.Name + ": database.rehearsal.data is schema"
	case size > s.MaxSize:
		r.report.On = fmt.Sprintf("the schema alone, of backup %s: the database has %v, more than database.rehearsal.max-size", m.Name, size)
	default:
		r.report.On, r.report.Data, r.from.Data = "the restored backup "+m.Name, true, true
		r.counts = m.Rows
	}
	return nil
}

func (r *rehearsing) all(ctx context.Context) error {
	defer func() { r.close(ctx) }()
	acts := r.acts()
	for i, a := range acts {
		if r.scratch == nil {
			if err := r.open(ctx, acts[:i]); err != nil {
				return err
			}
		}
		err := r.file(ctx, a)
		if errors.Is(err, ErrRows) {
			r.report.Ended = fmt.Sprintf("not rehearsed from %s on: %v", a.Up.Name, err)
			r.report.Notes = append(r.report.Notes, r.report.Ended)
			break
		}
		if err != nil {
			return err
		}
	}
	return r.end(ctx)
}

// act is one file to rehearse.
type act struct {
	Step
	contract bool
}

func (r *rehearsing) acts() (all []act) {
	add := func(files []Migration, set Set, previous Version, contract bool) {
		for _, m := range files {
			all = append(all, act{Step{Migration: m, Files: set, Previous: previous, Release: r.id}, contract})
			previous = m.Version
		}
	}
	add(r.pending.Files, r.pending.All, r.pending.State.Version, false)
	add(r.contract.Files, r.contract.All, r.contract.State.Version, true)
	return all
}

// on is the scratch database for the file.
func (r *rehearsing) on(ctx context.Context, a act) (_ Scratch, err error) {
	if !a.contract {
		return r.scratch, nil
	}
	if r.line == nil {
		from := r.from
		from.State, from.Files = r.contract.State, r.contract.All
		r.line, err = r.scratch.Line(ctx, from)
	}
	return r.line, err
}

// end removes the scratch database, if there is one.
func (r *rehearsing) end(ctx context.Context) (err error) {
	for _, on := range []Scratch{r.line, r.scratch} {
		if on != nil {
			err = errors.Join(err, on.Close(ctx))
		}
	}
	r.line, r.scratch = nil, nil
	return err
}

// close removes a scratch database that a failure has left. What made it fail is
// the error that counts; the next rehearsal removes what this one cannot.
func (r *rehearsing) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	if err := r.end(ctx); err != nil {
		r.report.Notes = append(r.report.Notes, fmt.Sprintf("the scratch database was not removed, the next rehearsal does it: %v", err))
	}
}

// open makes a scratch database and brings it to where the files before have been.
func (r *rehearsing) open(ctx context.Context, before []act) (err error) {
	r.progress(Event{Kind: ScratchFilling, What: r.report.On})
	if r.scratch, err = r.stage.Open(ctx, r.from, r.id); err != nil {
		return err
	}
	var notes []string
	r.report.Where, r.report.Server, notes = r.scratch.Where()
	if r.from.Data {
		if r.have, err = r.scratch.Holdings(ctx, nil); err != nil {
			return err
		}
		r.report.Rows = r.have.rows()
	}
	if len(before) == 0 {
		r.report.Notes = append(r.report.Notes, notes...)
		if err := r.compare(ctx); err != nil {
			return err
		}
	}
	if err := r.unfilled(ctx); err != nil {
		return err
	}
	for _, a := range before {
		if err := r.replay(ctx, a); err != nil {
			return fmt.Errorf("%s, again on a new scratch database: %w", a.Up.Path, err)
		}
	}
	r.shape, err = r.scratch.Shape(ctx)
	return err
}

func (r *rehearsing) replay(ctx context.Context, a act) error {
	on, err := r.on(ctx, a)
	if err != nil {
		return err
	}
	trace, err := on.Up(ctx, a.Step)
	if err != nil {
		return err
	}
	return r.behind(ctx, a, trace)
}

// compare holds the rows that were restored against those of the snapshot.
func (r *rehearsing) compare(ctx context.Context) error {
	if len(r.counts) == 0 {
		return nil
	}
	have, err := r.scratch.Rows(ctx, r.counts)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(r.counts)) {
		if want := r.counts[name]; have[name] != want {
			return release.Refuse("do not rely on this backup: look at the disk of the backup folder, and run the job again",
				"verify backup: restored, table %s has %s, and had %s in the snapshot", name, have[name].words(), want.words())
		}
	}
	r.report.Tables = len(r.counts)
	return nil
}

// measure looks at the rows that a file can have changed.
func (r *rehearsing) measure(ctx context.Context, t Trace, c Change) (err error) {
	if r.from.Data {
		r.have, err = r.scratch.Holdings(ctx, t.untouched(r.have, c))
	}
	return err
}
