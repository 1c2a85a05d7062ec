package migration

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// Verb is what a file does concurrently.
type Verb int

// The verbs.
const (
	Make    Verb = iota + 1 // an index
	Drop                    // an index
	Rebuild                 // an index, or all of a table or a schema
	Detach                  // a partition
)

// Change is what a file does concurrently, in the only statement that it has. Names
// are as the catalog has them, without quotes; without a schema they are found along
// the search path, and the index to make is in the schema of its table.
type Change struct {
	Verb     Verb
	Kind     string      // of what has its indexes rebuilt: INDEX, TABLE or SCHEMA
	On       review.Name // the table of an index to make, or that the partition leaves
	Name     review.Name // of the index, the partition, or of what has its indexes rebuilt
	Tolerant bool        // IF NOT EXISTS, or IF EXISTS
}

// String is the name for people.
func (c Change) String() string { return c.Name.String() }

// Done is what the catalog has from it, for people.
func (c Change) Done() string {
	switch c.Verb {
	case Make:
		return fmt.Sprintf("valid index %v", c)
	case Drop:
		return fmt.Sprintf("no index %v", c)
	case Rebuild:
		return fmt.Sprintf("%s %v, built again", strings.ToLower(c.Kind), c)
	}
	return fmt.Sprintf("table %v, no partition of %v", c, c.On)
}

// changeOf reads the statement. It returns the zero Change of one that does not run
// concurrently, or that does more than the catalog tells: REINDEX DATABASE.
//
//	CREATE [UNIQUE] INDEX CONCURRENTLY [IF NOT EXISTS] name ON [ONLY] [schema.]table
//	DROP INDEX CONCURRENTLY [IF EXISTS] [schema.]name
//	REINDEX [(options)] {INDEX | TABLE | SCHEMA} [CONCURRENTLY] [schema.]name
//	ALTER TABLE [IF EXISTS] [ONLY] [schema.]table DETACH PARTITION [schema.]name CONCURRENTLY
func changeOf(s Statement) (Change, error) {
	switch {
	case s.begins("REINDEX"):
		return rebuildOf(s.Words[1:]), nil
	case !s.concurrent():
		return Change{}, nil
	case s.begins("ALTER"):
		return detachOf(s.Words[2:]), nil
	}
	c := Change{Verb: Make}
	words := s.Words[slices.Index(s.Words, "CONCURRENTLY")+1:]
	c.Tolerant, words = optional(words, "IF", "NOT", "EXISTS")
	if s.begins("DROP") {
		c.Verb = Drop
		c.Tolerant, words = optional(words, "IF", "EXISTS")
		c.Name, _ = named(words)
	} else if len(words) > 2 && words[1] == "ON" {
		c.On, _ = named(after(words[2:], "ONLY"))
		c.Name = review.Name{Schema: c.On.Schema, Name: identifier(words[0])}
	}
	if c.Name.Name == "" || c.Verb == Make && c.On.Name == "" {
		return Change{}, fmt.Errorf("line %d: the index has no plain name, so that it could not be looked at afterwards: write CREATE INDEX CONCURRENTLY name ON table", s.Line)
	}
	return c, nil
}

// rebuildOf reads what is behind REINDEX.
func rebuildOf(words []string) Change {
	var concurrently, word bool
	if len(words) > 0 && words[0] == "(" {
		end := max(0, slices.Index(words, ")"))
		concurrently, words = switchedOn(words[:end+1], "CONCURRENTLY"), words[end+1:]
	}
	if len(words) == 0 || !slices.Contains([]string{"INDEX", "TABLE", "SCHEMA"}, words[0]) {
		return Change{}
	}
	c := Change{Verb: Rebuild, Kind: words[0]}
	word, words = optional(words[1:], "CONCURRENTLY")
	c.Name, words = named(words)
	if !concurrently && !word || c.Name.Name == "" || len(words) > 0 {
		return Change{}
	}
	return c
}

// switchedOn tells whether an option between brackets is on; not also when it is only
// by a number.
func switchedOn(options []string, name string) bool {
	i := slices.Index(options, name)
	return i > 0 && i+1 < len(options) && slices.Contains([]string{",", ")", "ON", "TRUE"}, options[i+1])
}

// detachOf reads what is behind ALTER TABLE.
func detachOf(words []string) Change {
	c := Change{Verb: Detach}
	c.Tolerant, words = optional(words, "IF", "EXISTS")
	c.On, words = named(after(words, "ONLY"))
	there, words := optional(words, "DETACH", "PARTITION")
	c.Name, words = named(words)
	if !there || c.On.Name == "" || c.Name.Name == "" || !slices.Equal(words, []string{"CONCURRENTLY"}) {
		return Change{}
	}
	return c
}

// optional tells whether the words begin with a phrase, and returns those behind it.
func optional(words []string, phrase ...string) (bool, []string) {
	if len(words) >= len(phrase) && slices.Equal(words[:len(phrase)], phrase) {
		return true, words[len(phrase):]
	}
	return false, words
}

// after leaves a phrase out that may be there.
func after(words []string, phrase ...string) []string {
	_, words = optional(words, phrase...)
	return words
}

// named is qualified, with the name in one.
func named(words []string) (review.Name, []string) {
	schema, name, rest := qualified(words)
	return review.Name{Schema: schema, Name: name}, rest
}

// qualified reads name or schema.name.
func qualified(words []string) (schema, name string, rest []string) {
	if len(words) == 0 {
		return "", "", nil
	}
	first := identifier(words[0])
	if len(words) >= 3 && words[1] == "." {
		return first, identifier(words[2]), words[3:]
	}
	return "", first, words[1:]
}

// identifier is the name that the catalog has, or "" for what is none.
func identifier(text string) string {
	switch {
	case text[0] == '"':
		return strings.ReplaceAll(text[1:len(text)-1], `""`, `"`)
	case isWord(text[0]) && !isDigit(text[0]):
		return strings.Map(lowerASCII, text)
	}
	return ""
}

func lowerASCII(r rune) rune {
	if r >= 'A' && r <= 'Z' {
		return r - 'A' + 'a'
	}
	return r
}

// Found is what the catalog has of a change.
type Found string

// What can be found.
const (
	Missing Found = "missing" // there is no such index, table or schema
	Former  Found = "former"  // as before the change: an index that was not rebuilt, or a partition
	Broken  Found = "broken"  // a try that did not end has left something, such as an invalid index
	Whole   Found = "whole"   // as it is to be; the index to drop is there
	Foreign Found = "foreign" // something else has the name
)

// outcome is what became of the change, after what is broken was repaired: a detach
// that is pending can only be ended.
func (c Change) outcome(found Found) Outcome {
	switch {
	case found == Foreign, found == Missing && c.Verb >= Rebuild:
		return Unclear
	case found == Whole && c.Verb != Drop, found == Missing && c.Verb == Drop, found == Broken && c.Verb == Detach:
		return Applied
	}
	return Untouched
}

// Fits tells whether the catalog is as it has to be behind a statement that did not
// fail. REINDEX leaves out some indexes, such as that of an exclusion constraint.
func (c Change) Fits(found Found) bool {
	switch {
	case c.Tolerant && c.Verb == Detach && found == Missing:
		return true
	case found == Broken:
		return false
	}
	return c.outcome(found) == Applied || c.Verb == Rebuild && found == Former
}

// Clash says why the change cannot be made as the catalog is now, or "". It is asked
// before anything is marked, so that whatever is found after an interruption is the
// run's own.
func (c Change) Clash(found Found) string {
	if found == Foreign {
		return fmt.Sprintf("the name %v is taken by something else", c)
	}
	switch c.Verb {
	case Make:
		return c.clashOfMade(found)
	case Drop:
		return clash(found == Missing && !c.Tolerant, "there is no index %v to drop", c)
	case Rebuild:
		if found == Missing {
			return fmt.Sprintf("there is no %s %v", strings.ToLower(c.Kind), c)
		}
		return clash(found == Broken, "an index whose name ends with _ccnew or _ccold, and which is invalid, is there already in %v", c)
	}
	return c.clashOfDetached(found)
}

func (c Change) clashOfMade(found Found) string {
	if found == Broken {
		return fmt.Sprintf("an invalid index %v is there already", c)
	}
	return clash(found == Whole && !c.Tolerant, "the index %v is there already", c)
}

func (c Change) clashOfDetached(found Found) string {
	switch {
	case found == Broken:
		return fmt.Sprintf("somebody else has begun to detach %v from %v: end that with DETACH PARTITION … FINALIZE", c, c.On)
	case found == Whole, found == Missing && !c.Tolerant:
		return fmt.Sprintf("%v is no partition of %v", c, c.On)
	}
	return ""
}

func clash(holds bool, format string, args ...any) string {
	if !holds {
		return ""
	}
	return fmt.Sprintf(format, args...)
}
