package migration

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Database is what a run asks of a database.
type Database interface {
	Reader
	// Lock waits until no other run migrates this database, and calls waiting now
	// and then with whom it waits for. The session ends when it is closed, or when
	// this process does.
	Lock(ctx context.Context, as release.ID, waiting func(holder string)) (Session, error)
}

// Session is a database that nobody else migrates.
type Session interface {
	// Settle finds out what an interrupted file has left, writes that down, and
	// returns what the database then says. It waits for what a killed run has left
	// running on the server. A state that is still dirty is for a person.
	Settle(ctx context.Context, files Set) (State, error)
	// Try runs one file once and returns what the catalog has from it. After an
	// error, Settle says what became of it; a LockError can be tried again.
	Try(ctx context.Context, step Step) ([]string, error)
	// Close gives the database free.
	Close()
}

// Step is one migration, for one release.
type Step struct {
	Migration
	Files    Set
	Previous Version
	Release  release.ID
}

// Systems is what a run works on.
type Systems struct {
	Database Database
	Dumper   Dumper
	Progress func(Event) // may be nil
}

// Run brings the database to the version of the folder: it takes its turn, settles
// what an interrupted run has left, takes and verifies a backup, applies each
// pending file, and compares the versions. Run again, it does what is left, and
// says so when that is nothing. The report tells what was done also beside an
// error. Ending ctx cancels the statement that is running.
func Run(ctx context.Context, s Settings, on Systems, id release.ID, seen *release.Findings) (Report, error) {
	if s.URL == "" {
		none(seen, "no database in this application")
		return Report{Nothing: "no database in this application"}, nil
	}
	if on.Progress == nil {
		on.Progress = func(Event) {}
	}
	r := &run{settings: s, on: on, id: id, report: Report{Folder: s.Folder}}
	began := time.Now()
	err := r.all(ctx)
	r.report.Took = time.Since(began)
	r.evidence(seen, err)
	return r.report, err
}

type run struct {
	settings Settings
	on       Systems
	id       release.ID
	files    Set
	session  Session
	report   Report
	pending  int           // files that there were to apply
	started  bool          // one was tried
	invalid  []string      // indexes that were invalid before
	waited   time.Duration // on tries that met a lock
}

func (r *run) all(ctx context.Context) (err error) {
	if r.settings.Backup.Directory == "" {
		return release.Reject("set it to a folder on a disk that outlives the job", "database.backup.directory is missing")
	}
	if r.files, err = Read(r.settings.Folder); err != nil {
		return err
	}
	state, err := r.turn(ctx)
	if r.session != nil {
		defer r.session.Close()
	}
	if err != nil {
		return err
	}
	if state.Dirty {
		return state.stuck(r.files, r.settings.Table)
	}
	r.on.Progress(Event{Kind: Settled, What: "version " + state.Version.String()})
	return r.migrate(ctx, state)
}

// turn waits until no other run migrates, and until what a killed one has left on
// the server has ended.
func (r *run) turn(ctx context.Context) (State, error) {
	s, began := r.settings, time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, s.Wait, fmt.Errorf("it took longer than database.wait, %v", s.Wait))
	defer cancel()
	session, err := r.on.Database.Lock(ctx, r.id, func(holder string) {
		r.on.Progress(Event{Kind: Waiting, What: holder, Took: time.Since(began)})
	})
	if err != nil {
		return State{}, fmt.Errorf("lock database: %w", because(ctx, err))
	}
	r.session, r.report.Waited = session, time.Since(began)
	r.on.Progress(Event{Kind: Locked, What: s.Table})
	state, err := session.Settle(ctx, r.files)
	if err != nil {
		return State{}, fmt.Errorf("settle database: %w", because(ctx, err))
	}
	return state, nil
}

func (r *run) migrate(ctx context.Context, state State) error {
	r.invalid = state.Invalid
	r.see(state)
	p, err := plan(r.files, state)
	r.report.Notes, r.pending = p.Notes, len(p.Files)
	if err != nil {
		return err
	}
	if err := r.backup(ctx, p); err != nil {
		return err
	}
	if len(p.Files) == 0 {
		r.report.Nothing = nothing(r.files, state)
	}
	for _, m := range p.Files {
		if state, err = r.apply(ctx, m, state); err != nil {
			return err
		}
	}
	return r.verify(ctx, p.Target, state)
}

// nothing says why nothing was applied.
func nothing(files Set, state State) string {
	if len(files.List) == 0 {
		return fmt.Sprintf("nothing to apply: %s has no migration", files.Folder)
	}
	text := fmt.Sprintf("nothing to apply: the database is at version %v", state.Version)
	if e := state.Journal[state.Version]; e.Release != "" {
		text += ", applied by release " + string(e.Release)
	}
	return text
}

// backup makes sure that there is a verified backup of the state that the files
// are applied to, and clears the folder of old ones.
func (r *run) backup(ctx context.Context, p Pending) error {
	s := r.settings.Backup
	if s.Policy == WhenPending && len(p.Files) == 0 {
		r.report.NoBackup = "no backup was taken: nothing was to be applied, and database.backup.policy is when-pending"
		return nil
	}
	shelf := shelf{s.Directory}
	if err := os.MkdirAll(s.Directory, 0o700); err != nil {
		return fmt.Errorf("make backup folder: %w", err)
	}
	if err := shelf.sweep(); err != nil {
		return err
	}
	began := time.Now()
	r.on.Progress(Event{Kind: BackupStarted, What: s.Directory})
	m, reused, err := shelf.reusable(p.State, r.id)
	if err == nil && !reused {
		m, err = backup(ctx, s, r.on.Dumper, p.State, r.id)
	}
	if err != nil {
		return err
	}
	r.report.Backup, r.report.Reused, r.report.BackupTook = &m, reused, time.Since(began)
	r.on.Progress(Event{Kind: BackupDone, What: m.Name, Took: r.report.BackupTook})
	return r.retain(shelf, p.State)
}

func (r *run) retain(on shelf, state State) error {
	list, err := on.list(state.Database, state.System)
	if err != nil {
		return err
	}
	r.report.Removed, err = on.prune(list, r.settings.Backup.Keep)
	for _, m := range list[len(r.report.Removed):] {
		r.report.Kept = append(r.report.Kept, m.Name)
	}
	return err
}

// verify compares the database with the files, once all are applied.
func (r *run) verify(ctx context.Context, target Version, was State) error {
	state, err := r.on.Database.State(ctx)
	if err != nil {
		return fmt.Errorf("verify migrations: %w", err)
	}
	r.see(state)
	switch {
	case state.Dirty || state.Version != target || was.Version != target:
		return release.Refuse("find out who else changes the schema, then run the job again",
			"verify migrations: the database is at version %v, dirty %t; want %v", state.Version, state.Dirty, target)
	case len(r.report.Invalid) > 0:
		return release.Refuse("drop the invalid indexes concurrently, then make them again",
			"verify migrations: invalid indexes: %s", strings.Join(r.report.Invalid, ", "))
	}
	r.report.Verified = true
	r.on.Progress(Event{Kind: Verified, What: "version " + target.String()})
	return nil
}

// see keeps in the report what the database says.
func (r *run) see(state State) {
	r.report.Server, r.report.Version, r.report.Schema = state.Server, state.Version, state.of(r.id)
	r.report.Invalid = added(r.invalid, state.Invalid)
}
