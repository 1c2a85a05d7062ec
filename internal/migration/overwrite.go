package migration

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// overwritten names what the backfills of a migration change and the migration has
// not made: its down file does not bring these values back. A SET that cannot be read
// counts as one of everything.
func (m Migration) overwritten(made []string) string {
	for _, f := range m.Fills() {
		if hasAny(made, "table", f.Table, "") {
			continue
		}
		columns := targets(f.Set)
		if len(columns) == 0 {
			return fmt.Sprintf("its backfill in line %d changes values of table %v, which was there before", f.Line, f.Table)
		}
		for _, c := range columns {
			if !hasAny(made, "column", f.Table, "."+c) {
				return fmt.Sprintf("its backfill in line %d changes the values of column %v.%s, which was there before", f.Line, f.Table, c)
			}
		}
	}
	return ""
}

// hasAny looks for a name as PostgreSQL writes it: with its schema, or without one
// that is in the search path.
func hasAny(made []string, kind string, on review.Name, rest string) bool {
	plain := identified(on.Name) + rest
	return slices.Contains(made, kind+" "+plain) || slices.Contains(made, kind+" "+identified(on.Schema)+"."+plain)
}

var bare = regexp.MustCompile(`^[a-z_][a-z0-9_$]*$`)

// identified is a name as PostgreSQL writes it.
func identified(name string) string {
	if bare.MatchString(name) {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// targets are the columns that a SET assigns to; nil when one of them is more than a
// plain column.
func targets(set string) (columns []string) {
	s, depth, begins := scanner{src: set}, 0, true
	for t, ok := s.next(); ok; t, ok = s.next() {
		text := set[t.start:t.end]
		if begins {
			equals, ok := s.next()
			if t.kind != word && t.kind != name || !ok || set[equals.start:equals.end] != "=" {
				return nil
			}
			columns, begins = append(columns, identifier(text)), false
			continue
		}
		switch text {
		case "(", "[":
			depth++
		case ")", "]":
			depth--
		case ",":
			begins = depth == 0
		}
	}
	return columns
}
