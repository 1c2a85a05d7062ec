package migration

import (
	"fmt"
	"slices"
	"strings"
)

// Statement is one statement of a migration file.
type Statement struct {
	Line  int      // where its first word is, from 1
	Text  string   // as written, without the semicolon
	Words []string // upper-case words, "quoted" names as written, ? for constants, and symbols

	start  int      // in the file, in bytes
	bodies []string // its constants, without their quotes
}

// split cuts SQL into its statements. It knows quotes, comments, brackets and
// the bodies of BEGIN ATOMIC functions, in which a semicolon ends nothing.
func split(sql string) ([]Statement, error) {
	s := &scanner{src: sql}
	var list []Statement
	var now building
	for t, ok := s.next(); ok; t, ok = s.next() {
		if t.kind == symbol && sql[t.start] == ';' && now.complete() {
			list = now.finish(list, sql)
			now = building{}
			continue
		}
		now.add(sql, t)
	}
	if s.err == nil && !now.complete() {
		return nil, fmt.Errorf("line %d: a bracket or BEGIN that is not closed", now.Line)
	}
	return now.finish(list, sql), s.err
}

// building is a statement that is being read.
type building struct {
	Statement
	end      int // of its last token
	brackets int
	blocks   int // BEGIN and CASE in the body of a function
}

func (b *building) complete() bool { return b.brackets <= 0 && b.blocks == 0 }

func (b *building) add(sql string, t token) {
	text := sql[t.start:t.end]
	if len(b.Words) == 0 {
		b.start, b.Line = t.start, lineOf(sql, t.start)
	}
	b.end = t.end
	switch t.kind {
	case word:
		text = upper(text)
		b.count(text)
	case constant:
		b.bodies = append(b.bodies, body(text))
		text = "?"
	case symbol:
		b.brackets += bracket(text)
	}
	b.Words = append(b.Words, text)
}

// count follows the blocks of CREATE FUNCTION … BEGIN ATOMIC … END, as psql does.
func (b *building) count(text string) {
	switch {
	case !b.makesRoutine():
	case text == "BEGIN", text == "CASE" && b.blocks > 0:
		b.blocks++
	case text == "END" && b.blocks > 0:
		b.blocks--
	}
}

func (b *building) makesRoutine() bool {
	w := b.Words
	if len(w) >= 3 && w[0] == "CREATE" && w[1] == "OR" && w[2] == "REPLACE" {
		w = w[2:]
	}
	return len(w) >= 2 && (w[0] == "CREATE" || w[0] == "REPLACE") && (w[1] == "FUNCTION" || w[1] == "PROCEDURE")
}

func (b *building) finish(list []Statement, sql string) []Statement {
	if len(b.Words) == 0 {
		return list
	}
	b.Text = sql[b.start:b.end]
	return append(list, b.Statement)
}

func bracket(text string) int {
	switch text {
	case "(", "[":
		return 1
	case ")", "]":
		return -1
	}
	return 0
}

// body is what a constant holds between its quotes or dollar tags.
func body(text string) string {
	if text[0] == '$' {
		tag := len("$$") + strings.IndexByte(text[1:], '$')
		return text[tag : len(text)-tag]
	}
	return text[strings.IndexByte(text, '\'')+1 : len(text)-1]
}

// upper folds ASCII letters only, as PostgreSQL does with identifiers.
func upper(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r - 'a' + 'A'
		}
		return r
	}, text)
}

// begins tells whether the statement starts with these words.
func (s Statement) begins(words ...string) bool {
	return len(s.Words) >= len(words) && slices.Equal(s.Words[:len(words)], words)
}

func (s Statement) has(word string) bool { return slices.Contains(s.Words, word) }

// head is the first words, for people.
func (s Statement) head() string { return strings.Join(s.Words[:min(3, len(s.Words))], " ") }

// Lines are those in which the statements of SQL begin.
func Lines(sql string) ([]int, error) {
	list, err := split(sql)
	var lines []int
	for _, s := range list {
		lines = append(lines, s.Line)
	}
	return lines, err
}
