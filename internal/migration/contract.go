package migration

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// A contract migration takes away what an earlier version of the application used.
// It waits in a folder of its own, and runs in the first release at which
//
//   - every release that serves, or that a rollback would go back to, was migrated
//     with this very file in hand: its author has promised, by adding the file, that
//     the code of that commit lives without what the file takes away;
//   - the backfills before it have nothing left to do.
//
// What cannot be told holds it: a file that waits for another release harms nobody.
// golang-migrate knows one number, so the files have a table of their own; they run
// behind all others.

// Contracting is the section `database.contract`.
type Contracting struct {
	Folder string `yaml:"migrations" help:"Folder of the contract migrations, which take away what the version before still uses, and wait until nobody does; by default the folder contract in that of the migrations."`
	Table  string `yaml:"table" default:"bluegreen_contract" help:"golang-migrate's table of the version of the contract migrations."`
}

// Contracts is the settings of the contract migrations: those of the others, with
// their own folder and table.
func (s Settings) Contracts() Settings {
	s.Folder, s.Table = s.Contract.folder(s.Folder), s.Contract.Table
	return s
}

func (c Contracting) folder(expand string) string {
	if c.Folder != "" {
		return c.Folder
	}
	return filepath.Join(expand, "contract")
}

// Line is the contract migrations of a database. Without a Database there are none.
type Line struct {
	Database Database // of the settings of Contracts

	// Serving lists the releases whose code uses the database, or would after a
	// rollback. None at all means that no slot serves; on a database that had a version
	// before, an application may run elsewhere.
	Serving func(context.Context) ([]Serving, error)

	// Left lists, in words, the backfills up to a version that have rows left to do;
	// nil when there are no backfills.
	Left func(ctx context.Context, until Version) ([]string, error)
}

// Serving is a release in a slot.
type Serving struct {
	Release release.ID // "" for what no release has deployed
	As      string     // such as "live in blue"
}

func (s Serving) String() string {
	if s.Release == "" {
		return "what is " + s.As
	}
	return fmt.Sprintf("release %s, %s", s.Release, s.As)
}

// Hold is a file that a release was migrated with and that it did not run: a contract
// file that waits, or one with a backfill that is not swept, which an earlier release ran.
type Hold struct {
	Version Version
	SHA256  string
	Release release.ID
	At      time.Time
}

// Contract is what a run would do about the contract files.
type Contract struct {
	State State
	All   Set         // the whole folder
	Files []Migration // that may run now, in order
	Proof string      // why they may
	Held  []Held      // that have to wait
	Notes []string
}

// Held is a contract file that waits.
type Held struct {
	Migration
	Why string
}

// Contract says what a run would do about the contract files, when it brings the
// others to where main says. It changes nothing, and refuses what the run would
// refuse.
func (l Line) Contract(ctx context.Context, s Settings, main Pending) (Contract, error) {
	if l.Database == nil {
		return Contract{}, nil
	}
	state, err := l.Database.State(ctx)
	if err != nil {
		return Contract{}, err
	}
	files, err := readContract(s)
	if err != nil {
		return Contract{}, err
	}
	if !state.Dirty {
		return l.plan(ctx, files, state, main)
	}
	if state.explain(files) != "" {
		return Contract{State: state}, state.stuck(files, s.Contract.Table)
	}
	return l.plan(ctx, files, state.assumed(state.entry()), main)
}

// readContract reads the folder, which need not be there unless the configuration
// names it.
func readContract(s Settings) (Set, error) {
	folder := s.Contract.folder(s.Folder)
	if _, err := os.Stat(folder); s.Contract.Folder == "" && errors.Is(err, fs.ErrNotExist) {
		return Set{Folder: folder}, nil
	}
	return Read(folder)
}

func (l Line) plan(ctx context.Context, files Set, state State, main Pending) (Contract, error) {
	p, err := plan(files, state)
	c := Contract{State: state, All: files, Notes: p.Notes}
	if err == nil {
		err = complete(p.Files, main)
	}
	if err != nil || len(p.Files) == 0 {
		return c, err
	}
	c.ask(ctx, l, p.Files, main.State.Version)
	return c, nil
}

// ask sorts files into those that may run and those that have to wait. Before is the
// version that the others were at before this run.
func (c *Contract) ask(ctx context.Context, l Line, files []Migration, before Version) {
	c.Files = nil
	serving, unknown := l.serving(ctx)
	c.Proof = proven(serving)
	for i, m := range files {
		why := l.wait(ctx, m, c.State, serving, unknown)
		if why == "" && len(serving) == 0 && before != None {
			why = fmt.Sprintf("no slot serves, and the database was at version %v: an application that runs elsewhere may use it", before)
		}
		if why == "" {
			c.Files = append(c.Files, m)
			continue
		}
		c.Held = append(c.Held, Held{m, why})
		for _, behind := range files[i+1:] {
			c.Held = append(c.Held, Held{behind, "it comes behind " + m.Up.Name + ", which waits"})
		}
		return
	}
}

// wait says why a file has to wait, or "".
func (l Line) wait(ctx context.Context, m Migration, state State, serving []Serving, unknown string) string {
	if unknown != "" {
		return unknown
	}
	if who := state.lacks(m, serving); who != "" {
		return who + ", so its code may still use what the file takes away"
	}
	if l.Left == nil {
		return ""
	}
	after, _ := m.completes() // is checked before
	left, err := l.Left(ctx, after)
	switch {
	case err != nil:
		return fmt.Sprintf("it is not known whether the backfills are done: %v", err)
	case len(left) > 0:
		return "backfills are not done: " + strings.Join(left, ", ")
	}
	return ""
}

// serving lists the releases that serve, and says why they are not known, or "".
func (l Line) serving(ctx context.Context) (all []Serving, unknown string) {
	if l.Serving == nil {
		return nil, "it is not known which releases serve"
	}
	all, err := l.Serving(ctx)
	if err != nil {
		unknown = fmt.Sprintf("it is not known which releases serve: %v", err)
	}
	return all, unknown
}

// lacks names a release that serves and was not migrated with this very file in hand,
// or "".
func (s State) lacks(m Migration, serving []Serving) string {
	for _, one := range serving {
		if !s.held(m, one.Release) {
			return fmt.Sprintf("%v, was not migrated with this file in hand", one)
		}
	}
	return ""
}

// held tells whether a release ran this very file, or was migrated with it in hand.
func (s State) held(m Migration, id release.ID) bool {
	if e := s.Journal[m.Version]; id != "" && e.Applied && e.Release == id && e.SHA256 == m.Up.SHA256 {
		return true
	}
	return id != "" && slices.ContainsFunc(s.Holds, func(h Hold) bool {
		return h.Release == id && h.Version == m.Version && h.SHA256 == m.Up.SHA256
	})
}

func proven(serving []Serving) string {
	if len(serving) == 0 {
		return "the database was empty and nobody serves yet, so nobody uses what it takes away"
	}
	var all []string
	for _, s := range serving {
		all = append(all, s.String())
	}
	return "migrated with this very file in hand, so that it lives without what the file takes away: " + strings.Join(all, "; ")
}
