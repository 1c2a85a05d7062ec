package migration

import (
	"context"
	"fmt"
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
	// Rest counts the rows that are left of each backfill, and changes nothing.
	Rest(ctx context.Context, fills []Fill) ([]Rest, error)
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
	// Fill begins a backfill, or goes on with it behind its last batch; again makes it
	// begin from the start of its table. Its first batch refuses a key that batches
	// cannot go along. It tells which sessions were terminated for a batch.
	Fill(ctx context.Context, f Fill, again bool, tell func(Event)) (Filling, error)
	// Swept writes down that nothing is left of backfills, and nobody adds to it;
	// Reopen that somebody may.
	Swept(ctx context.Context, fills []Fill) error
	Reopen(ctx context.Context, id FillID) error
	// Close gives the database free.
	Close()
	// Hold writes down that this release was migrated with files in hand.
	Hold(ctx context.Context, files []Held) error
	// Undo runs the down file of the migration once. Settle says what became of it,
	// and compares the schema with the one before; a LockError can be tried again.
	Undo(ctx context.Context, step Step) error
}

// Systems is what a run works on.
type Systems struct {
	Database Database
	Dumper   Dumper
	Vault    Vault       // that backups are copied to; nil for none
	Keeper   Keeper      // of backups that are made without this tool, which then takes none; nil for none
	Progress func(Event) // may be nil
	Counter  Counter     // needed to go back only
	Contract Line        // the contract migrations
	Stage    Stage       // nil where nothing is rehearsed

	// Review judges the pending files and the contract files that may run, before
	// anything changes; may be nil.
	Review func(context.Context, Pending, Contract) error
	// Weigh holds the review against what the rehearsal has seen; may be nil.
	Weigh func(*Rehearsal) error
	// Breaks are the rules by which a file that was reviewed is more than an
	// expansion; nil when it was not reviewed. The function may be nil.
	Breaks func(Migration) []string

	// Ill are the names of the checks that the live version fails before the run; nil
	// when it was not asked. The journal keeps them for the attempts that follow.
	Ill []string

	// Paused says why backfills should not put load on the database now, "" when they
	// may. It is asked every second; may be nil.
	Paused func(context.Context) (string, error)
}

// Run brings the database to the version of the folder: it takes its turn, settles
// what an interrupted run has left, has the pending files reviewed, takes and
// verifies a backup, rehearses the files on a scratch database where there is one,
// applies each pending file with its backfills, compares the versions, and then runs
// the contract files that nobody needs to wait for. Run again, it does what is left,
// and says so when that is nothing. The report tells what was done also beside an
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
	database string // and the system that it is in, for the names of backups
	system   string
	report   Report
	pending  int           // files that there were to apply
	playing  int           // files that there were to rehearse
	started  bool          // one was tried
	invalid  []string      // indexes that were invalid before
	waited   time.Duration // on tries that met a lock
	proofs   []Proof       // of the rehearsal
}

func (r *run) all(ctx context.Context) (err error) {
	if err := r.settings.Backup.Placed(r.on.Keeper); err != nil {
		return err
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
	r.database, r.system = state.Database, state.System
	defer r.leave()
	if state.Dirty {
		r.see(state)
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
	r.invalid, r.report.Ill = state.Invalid, state.ill(r.id)
	r.see(state)
	p, err := plan(r.files, state)
	r.report.Notes, r.pending = p.Notes, len(p.Files)
	if err != nil {
		return err
	}
	c, err := r.contract(ctx, p)
	defer c.close()
	defer c.into(&r.report)
	if err != nil {
		return err
	}
	if err := r.recount(ctx, &p); err != nil {
		return err
	}
	if r.on.Review != nil {
		if err := r.on.Review(ctx, p, c.Contract); err != nil {
			return err
		}
	}
	if err := r.backup(ctx, p, c.Contract); err != nil {
		return err
	}
	if err := r.rehearse(ctx, p, c.Contract); err != nil {
		return err
	}
	if len(p.Files) == 0 {
		r.report.Nothing = nothing(r.files, state)
	}
	if err := r.earlier(ctx, p); err != nil {
		return err
	}
	for _, m := range p.Files {
		if state, err = r.apply(ctx, m, state); err != nil {
			return err
		}
		if err := r.backfill(ctx, state); err != nil {
			return err
		}
	}
	if err := r.verify(ctx, p.Target, state); err != nil {
		return err
	}
	return c.apply(ctx)
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

// tell passes an event on, and keeps in the report which sessions were terminated.
func (r *run) tell(e Event) {
	if e.Kind == Terminated {
		r.report.Terminated = append(r.report.Terminated, e.What)
	}
	r.on.Progress(e)
}

// see keeps in the report what the database says.
func (r *run) see(state State) {
	r.report.Server, r.report.Version, r.report.Schema = state.Server, state.Version, state.of(r.id)
	r.report.Invalid = added(r.invalid, state.Invalid)
}
