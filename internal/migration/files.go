package migration

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// File is one file of the folder.
type File struct {
	Name   string
	Path   string // with the folder, as it was given
	SHA256 string
	Script Script
}

// Migration is one version: the file that goes up, and the one that goes down.
type Migration struct {
	Version Version
	Up      File
	Down    *File // nil when there is none
}

// WayBack says whether there is a file to go back with, in words.
func (m Migration) WayBack() string {
	switch {
	case m.Down == nil:
		return "no way back: no down file"
	case m.Down.Script.Empty():
		return "no way back: " + m.Down.Name + " has no statement"
	}
	return fmt.Sprintf("%s, statements: %d", m.Down.Name, len(m.Down.Script.Statements))
}

// Set is the migrations of a folder, in the order of their versions.
type Set struct {
	Folder string
	List   []Migration
}

// Of returns the migration of a version.
func (s Set) Of(v Version) (Migration, bool) {
	i, found := slices.BinarySearchFunc(s.List, v, func(m Migration, v Version) int { return compare(m.Version, v) })
	if !found {
		return Migration{}, false
	}
	return s.List[i], true
}

// After returns the migrations behind a version.
func (s Set) After(v Version) []Migration {
	i, found := slices.BinarySearchFunc(s.List, v, func(m Migration, v Version) int { return compare(m.Version, v) })
	if found {
		i++
	}
	return s.List[i:]
}

// Last is the highest version, or None.
func (s Set) Last() Version {
	if len(s.List) == 0 {
		return None
	}
	return s.List[len(s.List)-1].Version
}

func compare(a, b Version) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Read reads a folder. Folders in it and files that are not SQL are left alone.
// It refuses, all at once and each with its path and remedy, what golang-migrate
// would skip, take for something else, or stumble over halfway.
func Read(folder string) (Set, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return Set{}, release.Reject("set database.migrations to the folder of the migration files", "read migrations: %w", err)
	}
	r := reader{folder: folder, found: map[Version]*pair{}}
	for _, entry := range entries {
		if !entry.IsDir() {
			r.entry(entry)
		}
	}
	set := r.set()
	if len(r.problems) > 0 {
		return Set{}, release.Refuse("correct these files; nothing was changed", "read migrations: %w", errors.Join(r.problems...))
	}
	return set, nil
}

type pair struct{ up, down *File }

type reader struct {
	folder   string
	found    map[Version]*pair
	problems []error
}

func (r *reader) entry(entry fs.DirEntry) {
	name, ok := ParseName(entry.Name())
	switch {
	case ok && strings.EqualFold(name.Extension, "sql"):
		r.file(entry.Name(), name)
	case ok:
		r.refuse(entry.Name(), "golang-migrate would run it as SQL: end its name in .sql, or move it out of the folder")
	case isSQL(entry.Name()):
		r.refuse(entry.Name(), "golang-migrate would skip it without a word: %s", remedy(entry.Name()))
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
	set := Set{Folder: r.folder}
	for v, p := range r.found {
		switch {
		case p.up == nil:
			r.refuse(p.down.Name, "there is no up file of version %v: add it, or remove this one", v)
		case p.up.Script.Empty():
			r.refuse(p.up.Name, "it has no statement: write one, or remove the file")
		default:
			set.List = append(set.List, Migration{v, *p.up, p.down})
		}
	}
	slices.SortFunc(set.List, func(a, b Migration) int { return compare(a.Version, b.Version) })
	slices.SortFunc(r.problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return set
}

func (r *reader) refuse(base, format string, args ...any) {
	r.problems = append(r.problems, fmt.Errorf("%s: %w", filepath.Join(r.folder, base), fmt.Errorf(format, args...)))
}
