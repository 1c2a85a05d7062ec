package migration

import (
	"context"
	"errors"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// Rehearsal is what came of the pending files on a scratch database, in the order
// of the files. It tells what was done also beside an error.
type Rehearsal struct {
	Where  string        `json:"where"`  // the kind of server, without its address
	Server string        `json:"server"` // version of PostgreSQL
	On     string        `json:"on"`     // what the scratch database was filled with, and why not with more
	Data   bool          `json:"data"`   // with the rows of a backup
	Rows   int64         `json:"rows"`   // of the application that were restored
	Tables int           `json:"tables"` // whose rows were counted and are as many as the snapshot of the backup had
	Files  []Rehearsed   `json:"files"`
	Proofs []Proof       `json:"proofs"`
	Ended  string        `json:"ended,omitempty"` // why it ended before the last file, without that being the fault of a file; "" otherwise
	Notes  []string      `json:"notes,omitempty"`
	Took   time.Duration `json:"took"`
}

// ErrRows is the error of a file that a constraint has refused on a scratch database
// without rows: it may refer to rows that the live one has.
var ErrRows = errors.New("there are no rows on the scratch database that it may refer to")

// Rehearsed is one file on the scratch database.
type Rehearsed struct {
	Version       Version       `json:"version"`
	File          string        `json:"file"`
	Path          string        `json:"path"` // as the folder was given
	Contract      bool          `json:"contract,omitempty"`
	Up            Trace         `json:"up"`
	Down          *Trace        `json:"down,omitempty"`
	Additive      bool          `json:"additive"`       // up left everything as it was that the schema had before
	Lost          []review.Loss `json:"lost,omitempty"` // what up took away; on real rows only
	Disagreements []string      `json:"disagreements,omitempty"`
}

// Trace is what a server has shown of one file that went up or down.
type Trace struct {
	Took       time.Duration `json:"took"`
	Exact      bool          `json:"exact"` // read inside of the file's transaction, statement by statement; else watched from beside, so that what was brief may be missing
	Statements []Traced      `json:"statements"`
}

// Traced is what one statement did to tables that were there before the file; of a
// file that is not one transaction, what the whole file did.
type Traced struct {
	Place  int              `json:"place"` // of the statement in the file, from 0
	Line   int              `json:"line"`
	Took   time.Duration    `json:"took"`
	Effect review.Effect    `json:"effect"` // the locks that no statement before it had taken
	Held   time.Duration    `json:"held"`   // the strongest of its locks, to the end of the transaction
	Rows   []review.Touched `json:"rows,omitempty"`
}

// Stage is where scratch databases are made. What a killed rehearsal has left there
// is removed first.
type Stage interface {
	// Size is that of the live database, in bytes.
	Size(context.Context) (release.Size, error)
	// Open makes a scratch database and fills it.
	Open(context.Context, Source, release.ID) (Scratch, error)
}

// Source is what a scratch database is filled from, and the files that run there.
type Source struct {
	Backup string // path of a verified backup; "": the schema of the live database as it is now
	Data   bool   // the rows of the backup as well
	State  State  // of the live database
	Files  Set
}

// Scratch is a database that is migrated to no harm. What it cannot say because its
// server has gone is an error.
type Scratch interface {
	// Where says what server it is on, and what is otherwise there.
	Where() (place, server string, notes []string)
	// Shape is the schema without the tables of golang-migrate and of this tool.
	Shape(context.Context) (Shape, error)
	// Holdings is what all tables hold. Those that are known already are not
	// measured.
	Holdings(ctx context.Context, known Holdings) (Holdings, error)
	// Rows counts the tables that like has, and hashes those that it has a hash of.
	Rows(ctx context.Context, like map[string]Rows) (map[string]Rows, error)
	// Up and Down run one file by the way in which it runs on the live database.
	Up(context.Context, Step) (Trace, error)
	Down(context.Context, Step) (Trace, error)
	// Fill begins a backfill at the start of its table, as on the live database.
	Fill(context.Context, Fill) (Filling, error)
	// Line is the same database for the contract files, which have a table of their own.
	// To close it ends its sessions, and leaves the database.
	Line(context.Context, Source) (Scratch, error)
	// Close removes the database, also when ctx has ended.
	Close(context.Context) error
}

// untouched is what is still known of the tables behind the file: every change of
// rows takes a lock as strong as ROW EXCLUSIVE.
func (t Trace) untouched(before Holdings, change Change) Holdings {
	switch {
	case change.Verb != 0 && change.Verb != Detach:
		return before
	case !t.Exact:
		return nil
	}
	var names []review.Name
	for _, s := range t.Statements {
		for _, l := range s.Effect.Locks {
			if l.Mode >= review.RowExclusive {
				names = append(names, l.On)
			}
		}
	}
	return before.without(names)
}

// changed is how many rows of tables that were there before were updated and deleted.
func (t Trace) changed() (n int64) {
	for _, s := range t.Statements {
		for _, rows := range s.Rows {
			n += rows.Changed
		}
	}
	return n
}

// shorten takes over for how long the same file has held its locks a second time, where
// that was shorter: a pause of the server is not the file's.
func (t *Trace) shorten(again Trace) {
	for i := range min(len(t.Statements), len(again.Statements)) {
		t.Statements[i].Held = min(t.Statements[i].Held, again.Statements[i].Held)
	}
}

// longest is how long a lock was held that keeps the application from writing.
func (t Trace) longest() (held time.Duration) {
	for _, s := range t.Statements {
		if s.Effect.Strongest().Mode.Strong() {
			held = max(held, s.Held)
		}
	}
	return held
}
