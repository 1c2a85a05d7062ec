package migration

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Read reads a folder: golang-migrate's names, or plain ones such as
// 001_initial_schema.sql throughout, which only go up. Folders in it and files that
// are not SQL are left alone. It refuses, all at once and each with its path and
// remedy, what golang-migrate would skip, take for something else, or stumble over
// halfway.
func Read(folder string) (Set, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return Set{}, release.Reject("set database.migrations to the folder of the migration files", "read migrations: %w", err)
	}
	r := reader{folder: folder, found: map[Version]*pair{}}
	var names []string
	for _, entry := range entries {
		if !entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	r.plain = isPlain(names)
	for _, name := range names {
		r.entry(name)
	}
	set := r.set()
	if len(r.problems) > 0 {
		return Set{}, release.Refuse("correct these files; nothing was changed", "read migrations: %w", errors.Join(r.problems...))
	}
	return set, nil
}

// Named is a file that goes up, by its name.
type Named struct {
	Version Version
	Name    string
	Path    string
	Down    string // path of the file that goes back; "" without one
}

// Ups lists the files of a folder that go up, in the order of their versions, as
// far as their names can be read. What Read would refuse is not looked at.
func Ups(folder string) ([]Named, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, release.Reject("give the folder of the migration files", "read migrations: %w", err)
	}
	parse, names := ParseName, []string{}
	for _, entry := range entries {
		if !entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	if isPlain(names) {
		parse = parsePlain
	}
	var list []Named
	downs := map[Version]string{}
	for _, name := range names {
		n, ok := parse(name)
		switch path := filepath.Join(folder, name); {
		case !ok || !strings.EqualFold(n.Extension, "sql"):
		case n.Direction == Up:
			list = append(list, Named{Version: n.Version, Name: name, Path: path})
		default:
			downs[n.Version] = path
		}
	}
	for i := range list {
		list[i].Down = downs[list[i].Version]
	}
	slices.SortStableFunc(list, func(a, b Named) int { return compare(a.Version, b.Version) })
	return list, nil
}

// Problems are the files that an error of Read is about.
func Problems(err error) []*FileProblem {
	switch e := err.(type) {
	case *FileProblem:
		return []*FileProblem{e}
	case interface{ Unwrap() error }:
		return Problems(e.Unwrap())
	case interface{ Unwrap() []error }:
		var all []*FileProblem
		for _, one := range e.Unwrap() {
			all = append(all, Problems(one)...)
		}
		return all
	}
	return nil
}

type pair struct{ up, down *File }

type reader struct {
	folder   string
	plain    bool
	found    map[Version]*pair
	problems []error
}

func (r *reader) entry(file string) {
	parse := ParseName
	if r.plain {
		parse = parsePlain
	}
	name, ok := parse(file)
	switch {
	case ok && strings.EqualFold(name.Extension, "sql"):
		r.file(file, name)
	case ok:
		r.refuse(file, "golang-migrate would run it as SQL: end its name in .sql, or move it out of the folder")
	case r.plain && downWord.MatchString(strings.TrimSuffix(file, ".sql")):
		r.refuse(file, "it would run as a file that goes up, and its title ends in down: give it another title, or move it out of the folder")
	case isSQL(file):
		r.refuse(file, "golang-migrate would skip it without a word: %s", remedy(file))
	}
}

func remedy(file string) string {
	if better, ok := suggest(file); ok {
		return "rename it to " + better
	}
	return "name it <number>_<title>.up.sql, or move it out of the folder"
}

func (r *reader) file(base string, n Name) {
	f, err := read(filepath.Join(r.folder, base))
	if err != nil {
		r.refuse(base, "%w", err)
		return
	}
	if n.Direction == Down && len(f.Script.Backfills) > 0 {
		r.refuse(base, "line %d: a backfill in a file that goes down, which nobody would run: remove it", f.Script.Backfills[0].Line)
	}
	p := r.found[n.Version]
	if p == nil {
		p = &pair{}
		r.found[n.Version] = p
	}
	place := &p.up
	if n.Direction == Down {
		place = &p.down
	}
	if *place != nil {
		r.refuse(base, "version %v is also that of %s: give it the next free number", n.Version, (*place).Name)
		return
	}
	*place = &f
}

func read(path string) (File, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return File{}, err
	}
	sum := sha256.Sum256(text)
	script, err := ParseScript(string(text))
	return File{Name: filepath.Base(path), Path: path, SHA256: hex.EncodeToString(sum[:]), Script: script}, err
}

// set puts the pairs in order and refuses those that cannot go up.
func (r *reader) set() Set {
	set := Set{Folder: r.folder, Plain: r.plain}
	for v, p := range r.found {
		switch {
		case p.up == nil:
			r.refuse(p.down.Name, "there is no up file of version %v: add it, or remove this one", v)
		case p.up.Script.Empty():
			r.refuse(p.up.Name, "it has no statement: write one, or remove the file")
		default:
			set.List = append(set.List, Migration{v, *p.up, p.down, r.plain})
		}
	}
	slices.SortFunc(set.List, func(a, b Migration) int { return compare(a.Version, b.Version) })
	slices.SortFunc(r.problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return set
}

func (r *reader) refuse(base, format string, args ...any) {
	r.problems = append(r.problems, &FileProblem{filepath.Join(r.folder, base), fmt.Errorf(format, args...)})
}

// FileProblem is what is wrong with a file of the folder.
type FileProblem struct {
	Path string
	Err  error // with the remedy
}

func (p *FileProblem) Error() string { return p.Path + ": " + p.Err.Error() }

// Unwrap returns the cause.
func (p *FileProblem) Unwrap() error { return p.Err }
