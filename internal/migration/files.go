package migration

import (
	"fmt"
	"slices"
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
	Plain   bool  // of a folder whose files only go up
}

// WayBack says whether there is a file to go back with, in words.
func (m Migration) WayBack() string {
	switch {
	case m.Plain:
		return "no way back: the folder has only files that go up"
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
	Plain  bool // the layout of names without a direction, which golang-migrate skips
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

// Replace returns the set with another down file of a version.
func (s Set) Replace(v Version, down File) Set {
	s.List = slices.Clone(s.List)
	for i := range s.List {
		if s.List[i].Version == v {
			s.List[i].Down = &down
		}
	}
	return s
}
