package migration

import (
	"fmt"
	"regexp"
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
