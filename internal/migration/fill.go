package migration

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// Fills is the table in which backfills keep how far they have come, beside the
// journal.
const Fills = "bluegreen_backfills"

// Fill is a backfill of a migration.
type Fill struct {
	FillID
	File   string
	SHA256 string // of what it does; another one begins from the start
	review.Backfill
}

// FillID is the place of a backfill.
type FillID struct {
	Version Version
	Item    int // in its file, from 1
}

// String names it for people.
func (f Fill) String() string { return fmt.Sprintf("%s:%d, table %v", f.File, f.Line, f.Table) }

// Filled is what the database says about a backfill.
type Filled struct {
	File    string
	SHA256  string
	Changed int64 // rows, by all runs
	Done    bool  // its last pass came to the end of the table
	Swept   bool  // nothing was left, and no release that could serve writes the old form
}

// Fills are the backfills of a migration.
func (m Migration) Fills() []Fill {
	var all []Fill
	for i, b := range m.Up.Script.Backfills {
		sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q", b.Table, b.Key, b.Statement))
		all = append(all, Fill{FillID{m.Version, i + 1}, m.Up.Name, hex.EncodeToString(sum[:]), b})
	}
	return all
}

// Fills are the backfills of the files that the database has.
func (s State) Fills(files Set) []Fill {
	var all []Fill
	for _, m := range files.List {
		if m.Version <= s.Version {
			all = append(all, m.Fills()...)
		}
	}
	return all
}

// Unfilled are those of them that have not come to their end.
func (s State) Unfilled(files Set) []Fill {
	return slices.DeleteFunc(s.Fills(files), func(f Fill) bool { return s.filled(f).Done })
}

// Unswept are those of which rows in the old form may come up yet.
func (s State) Unswept(files Set) []Fill {
	return slices.DeleteFunc(s.Fills(files), func(f Fill) bool { return s.filled(f).Swept })
}

// Ended are those of them that have come to their end all the same.
func (s State) Ended(files Set) []Fill {
	return slices.DeleteFunc(s.Unswept(files), func(f Fill) bool { return !s.filled(f).Done })
}

// filled is what the database says about a backfill: nothing about one that was
// edited, which begins anew.
func (s State) filled(f Fill) Filled {
	if now := s.Filled[f.FillID]; now.SHA256 == f.SHA256 {
		return now
	}
	return Filled{}
}

// Filling is a backfill that is under way. Its checkpoint is in the database, so
// whoever goes on begins behind the last batch that was committed.
type Filling interface {
	// Batch changes at most this many rows, and writes the checkpoint in the same
	// transaction. A LockError can be tried again, ErrSlow with fewer rows.
	Batch(ctx context.Context, rows int) (Batch, error)
	// Lag is how far the standby that is furthest behind is, and how many standbys
	// the user of the database may not look at.
	Lag(context.Context) (lag time.Duration, hidden int, err error)
	// Remainder counts the rows that are still to be changed. It may meet a lock, too.
	Remainder(context.Context) (int64, error)
	Close()
}

// Batch is what a batch has done.
type Batch struct {
	Seen    int64 // rows that it went past
	Changed int64
	Rows    float64 // of the table, estimated; below 0 when it is not known
	Passed  int64   // rows that this pass went past, with those of earlier runs
	Ended   bool    // there is nothing behind it
}

// Rest is what is left of a backfill.
type Rest struct {
	Fill
	Rows int64
	Gone string // why there is nothing to count: its table or a column is no more; "" otherwise
}

// FillResult is what a run has done of a backfill.
type FillResult struct {
	Fill
	Again     bool // it had come to its end before
	Changed   int64
	Batches   int
	Largest   int64 // most rows in one transaction
	Locks     int   // batches that met a lock, and were repeated
	Remainder int64 // rows that were still to be changed afterwards
	Held      time.Duration
	Took      time.Duration
}
