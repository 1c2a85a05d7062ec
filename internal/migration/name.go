package migration

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Direction is the way that a file goes: up or down.
type Direction string

// The directions, as file names have them.
const (
	Up   Direction = "up"
	Down Direction = "down"
)

// Name is the name of a migration file, taken apart.
type Name struct {
	Version   Version
	Title     string
	Direction Direction
	Extension string // without the dot
}

// nameForm is golang-migrate's (source/parse.go of v4). What it does not match,
// golang-migrate skips without a word.
var nameForm = regexp.MustCompile(`^([0-9]+)_(.*)\.(down|up)\.(.*)$`)

// ParseName takes a file name apart as golang-migrate does. The second result is
// false for a name that golang-migrate skips, or whose number it cannot hold.
func ParseName(file string) (Name, bool) {
	m := nameForm.FindStringSubmatch(file)
	if m == nil {
		return Name{}, false
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		return Name{}, false
	}
	return Name{Version(n), m[2], Direction(m[3]), m[4]}, true
}

// plainForm is the layout of a folder whose files only go up: a number and a
// title, as in 001_initial_schema.sql.
var plainForm = regexp.MustCompile(`^([0-9]+)_(.*)\.sql$`)

// parsePlain takes a name of the plain layout apart. A title that ends in up goes up
// all the same; one that ends in down is none, since nobody can tell which it does.
func parsePlain(file string) (Name, bool) {
	m := plainForm.FindStringSubmatch(file)
	if m == nil || nameForm.MatchString(file) {
		return Name{}, false
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil || downWord.MatchString(m[2]) {
		return Name{}, false
	}
	return Name{Version(n), m[2], Up, "sql"}, true
}

// isPlain tells whether a folder has the plain layout: all of its SQL files, and
// there is one. golang-migrate itself would skip each of them. A pair such as 1_a_up.sql
// and 1_a_down.sql is another layout.
func isPlain(files []string) bool {
	found := false
	for _, f := range files {
		if !isSQL(f) && !nameForm.MatchString(f) {
			continue
		}
		if !plainForm.MatchString(f) || nameForm.MatchString(f) || slices.Contains(files, counterpart(f)) {
			return false
		}
		found = true
	}
	return found
}

// counterpart is the name of the file that would go down beside one whose title ends
// in up; "" for another one.
func counterpart(file string) string {
	stem := strings.TrimSuffix(file, ".sql")
	if !upWord.MatchString(stem) {
		return ""
	}
	return stem[:len(stem)-len("up")] + "down.sql"
}

// String puts the name together again, with the number as short as it can be.
func (n Name) String() string {
	return fmt.Sprintf("%v_%s.%s.%s", n.Version, n.Title, n.Direction, n.Extension)
}

// looseForm finds what the author may have meant: a number, perhaps after a
// letter, and a title.
var looseForm = regexp.MustCompile(`^[A-Za-z]?([0-9]{1,18})[-_. ]*(.*)$`)

var downWord = regexp.MustCompile(`(?i)[-_.]down$`)
var upWord = regexp.MustCompile(`(?i)[-_.]up$`)

// suggest is a name that golang-migrate reads, made of one that it skips. Without
// a number to start from there is none.
func suggest(file string) (string, bool) {
	m := looseForm.FindStringSubmatch(file[:len(file)-len(".sql")])
	if m == nil {
		return "", false
	}
	title, direction := m[2], Up
	if downWord.MatchString(title) {
		direction = Down
	}
	title = upWord.ReplaceAllString(downWord.ReplaceAllString(title, ""), "")
	return fmt.Sprintf("%s_%s.%s.sql", m[1], title, direction), true
}

// isSQL tells whether a person would take the file for a migration.
func isSQL(file string) bool { return strings.EqualFold(fileExtension(file), ".sql") }

func fileExtension(file string) string {
	i := strings.LastIndexByte(file, '.')
	if i < 0 {
		return ""
	}
	return file[i:]
}
