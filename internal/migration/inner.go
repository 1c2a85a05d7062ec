package migration

import (
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// changes tells whether the statement runs another one inside of it that changes rows
// which are there: in a WITH, behind EXPLAIN ANALYZE, in what COPY or a new table reads.
// What is kept for later, as the body of a function, has not run.
func (s Statement) changes() bool {
	words := s.Words
	switch {
	case s.begins("CREATE"):
		words = s.reads()
	case s.begins("EXPLAIN") && !s.has("ANALYZE") && !s.has("ANALYSE"):
		return false
	}
	for i := 1; i < len(words)-1; i++ {
		switch now, next := words[i], words[i+1]; {
		case now == "DELETE" && next == "FROM", now == "MERGE" && next == "INTO":
			return true
		case now == "UPDATE" && slices.Contains(opening, words[i-1]) && slices.Contains(words[i+1:], "SET"):
			return true
		}
	}
	return false
}

// opening are the words behind which UPDATE begins a statement.
var opening = []string{"(", ")", "AS", "ANALYZE", "ANALYSE", "VERBOSE"}

// modifiers stand between CREATE and what is made.
var modifiers = []string{"GLOBAL", "LOCAL", "TEMPORARY", "TEMP", "UNLOGGED"}

// reads is the query that a new table or materialized view is filled from, behind its
// AS; nil where there is none.
func (s Statement) reads() []string {
	kind := s.Words[1:]
	for len(kind) > 0 && slices.Contains(modifiers, kind[0]) {
		kind = kind[1:]
	}
	if len(kind) == 0 || kind[0] != "TABLE" && kind[0] != "MATERIALIZED" {
		return nil
	}
	depth := 0
	for i, w := range kind {
		if depth += bracket(w); depth == 0 && w == "AS" {
			return kind[i:]
		}
	}
	return nil
}

// syntax are words that may stand before a bracket and are no function.
var syntax = []string{
	"ALL", "AND", "ANY", "ARRAY", "AS", "BY", "CASE", "CONFLICT", "DISTINCT", "ELSE", "EXCEPT", "EXISTS", "FILTER", "FROM", "HAVING", "IN", "INTERSECT", "JOIN",
	"LATERAL", "LIMIT", "MATERIALIZED", "NOT", "OFFSET", "ON", "OR", "OVER", "ROW", "SELECT", "SOME", "THEN", "UNION", "USING", "VALUES", "WHEN", "WHERE", "WITH",
}

// calls tells whether a function is called that is not PostgreSQL's own by its name, or
// is not known to change nothing.
func calls(words []string) bool {
	for i := 1; i < len(words); i++ {
		of := words[i-1]
		switch {
		case words[i] != "(", slices.Contains(syntax, of), strings.HasPrefix(of, "PG_"), review.Calm(strings.ToLower(of)):
		case of[0] == '"', isWord(of[0]):
			return true
		}
	}
	return false
}
