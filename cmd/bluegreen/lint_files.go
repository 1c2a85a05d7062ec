package main

import (
	"os"
	"path/filepath"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// answered is what the review goes by in a contract migration: whether nobody uses any
// more what it takes away is seen by migrate.
const answered = "it runs when nobody uses any more what it takes away"

// files are those to review, in the order in which a new database gets them: those that
// go up, each with its way back, and the contract migrations behind them.
func (l *linting) files() ([]review.File, error) {
	info, err := os.Stat(l.path)
	if err != nil {
		return nil, release.Reject("give the path of a folder of migrations, or of one", "lint: %w", err)
	}
	folder, only := l.path, ""
	if !info.IsDir() {
		folder, only = filepath.Split(l.path)
	}
	folder = filepath.Clean(folder)
	list, err := migration.Ups(folder)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, release.Reject("give the folder of the migrations", "lint: %s has no SQL file", l.path)
	}
	if err := l.ahead(list, only); err != nil {
		return nil, err
	}
	if !l.waited {
		l.options.Contract = filepath.ToSlash(l.contract(folder))
	}
	files, err := l.read(list, only, l.waited, l.after)
	if err == nil && only != "" && files[len(files)-1].Applied {
		err = release.Reject("give a file that goes up", "lint: %s is no migration that goes up", l.path)
	}
	if err != nil {
		return nil, err
	}
	l.look(folder, only)
	contracts, err := l.contracts(folder, only)
	return append(files, contracts...), err
}

// read reads migrations up to the only one that is asked for, or all. Those that are
// not asked for, or that the database has, are there to learn from.
func (l *linting) read(list []migration.Named, only string, waited bool, after int64) ([]review.File, error) {
	var files []review.File
	for _, f := range list {
		mine := only == "" || f.Name == only
		up := review.File{Applied: !mine || after >= 0 && int64(f.Version) <= after}
		if waited {
			up.Waited = answered
		}
		if err := load(&up, f.Path); err != nil {
			return nil, err
		}
		files = append(files, up)
		if f.Down != "" && !up.Applied {
			down := review.File{Down: true}
			if err := load(&down, f.Down); err != nil {
				return nil, err
			}
			files = append(files, down)
		}
		if waited && mine {
			l.completes(f.Path, up.SQL)
		}
		if only != "" && mine {
			break
		}
	}
	return files, nil
}

func load(f *review.File, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return release.Reject("let this user read it", "lint: %w", err)
	}
	f.Path, f.SQL = filepath.ToSlash(path), string(text)
	f.Backfills, _ = migration.Backfills(f.SQL) // migration.Read says what is wrong with them
	return nil
}

// look notes what is wrong with the names of files, and with files on their own, and
// what a person should know of them.
func (l *linting) look(folder, only string) {
	set, err := migration.Read(folder)
	for _, p := range migration.Problems(err) {
		if only == "" || filepath.Base(p.Path) == only {
			l.broken = append(l.broken, p)
		}
	}
	switch {
	case err != nil || l.waited: // a contract migration has no way back
	case only == "":
		l.notes = set.Notes(migration.Version(l.after))
	default:
		for _, m := range set.List {
			if m.Up.Name == only {
				l.notes = migration.Set{List: []migration.Migration{m}}.Notes(migration.None)
			}
		}
	}
}

// contracts are the contract migrations that belong to a folder.
func (l *linting) contracts(folder, only string) ([]review.File, error) {
	contract := l.contract(folder)
	if info, err := os.Stat(contract); only != "" || l.waited || err != nil || !info.IsDir() {
		return nil, nil
	}
	list, err := migration.Ups(contract)
	if err != nil {
		return nil, err
	}
	_, problems := migration.Read(contract)
	l.broken = append(l.broken, migration.Problems(problems)...)
	return l.read(list, "", true, -1)
}

// contract is the folder of the contract migrations that belong to a folder.
func (l *linting) contract(folder string) string {
	if l.database.Folder != "" && filepath.Clean(l.database.Folder) == folder {
		return filepath.Clean(l.database.Contracts().Folder)
	}
	return filepath.Join(folder, "contract")
}

// isContract tells whether the path is the folder of the contract migrations of another
// one, or a file in it.
func (l *linting) isContract() bool {
	folder := filepath.Clean(l.path)
	if info, err := os.Stat(folder); err == nil && !info.IsDir() {
		folder = filepath.Dir(folder)
	}
	for _, of := range []string{filepath.Dir(folder), filepath.Clean(l.database.Folder)} {
		if list, err := migration.Ups(of); err == nil && len(list) > 0 && l.contract(of) == folder {
			return true
		}
	}
	return false
}

// completes notes a contract file that does not say which migration it completes,
// which migrate refuses. What cannot be read at all, migration.Read says.
func (l *linting) completes(path, text string) {
	script, err := migration.ParseScript(text)
	if err != nil {
		return
	}
	if _, err = migration.Completes(script); err != nil {
		l.broken = append(l.broken, &migration.FileProblem{Path: path, Err: err})
	}
}
