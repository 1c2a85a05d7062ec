package migration

import (
	"fmt"
	"slices"
	"strings"
)

// Index is an index that a file makes or drops concurrently. Names are as the
// catalog has them, without quotes.
type Index struct {
	Schema   string // of the table, or of the index to drop; "" is the search path's
	Table    string // "" for an index to drop
	Name     string
	Drop     bool
	Tolerant bool // IF NOT EXISTS, or IF EXISTS
}

// String is the name for people.
func (i Index) String() string { return strings.TrimPrefix(i.Schema+"."+i.Name, ".") }

// indexOf reads
//
//	CREATE [UNIQUE] INDEX CONCURRENTLY [IF NOT EXISTS] name ON [ONLY] [schema.]table
//	DROP INDEX CONCURRENTLY [IF EXISTS] [schema.]name
func indexOf(s Statement) (Index, error) {
	i := Index{Drop: s.begins("DROP")}
	words := s.Words[slices.Index(s.Words, "CONCURRENTLY")+1:]
	for _, phrase := range [][]string{{"IF", "NOT", "EXISTS"}, {"IF", "EXISTS"}} {
		if len(words) >= len(phrase) && slices.Equal(words[:len(phrase)], phrase) {
			i.Tolerant, words = true, words[len(phrase):]
		}
	}
	if i.Drop {
		i.Schema, i.Name, _ = qualified(words)
	} else if len(words) > 2 && words[1] == "ON" {
		i.Name = identifier(words[0])
		i.Schema, i.Table, _ = qualified(after(words[2:], "ONLY"))
	}
	if i.Name == "" || !i.Drop && i.Table == "" {
		return Index{}, fmt.Errorf("line %d: the index has no plain name, so that it could not be looked at afterwards: write CREATE INDEX CONCURRENTLY name ON table", s.Line)
	}
	return i, nil
}

func after(words []string, optional string) []string {
	if len(words) > 0 && words[0] == optional {
		return words[1:]
	}
	return words
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
