package migration

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// Holdings is what tables hold.
type Holdings map[review.Name]Holding

// Holding is what one table holds.
type Holding struct {
	Rows    int64
	Columns map[string]Values
}

// Values are those of one column.
type Values struct {
	Count int64  // that are not null
	Sum   string // a checksum of all, whatever the order of the rows
}

// lost names what was there before and is not now. With exact, other values in the
// same number are a loss as well.
func (h Holdings) lost(before Holdings, exact bool) []review.Loss {
	var list []review.Loss
	for _, name := range sortedNames(before) {
		was, is := before[name], h[name]
		if _, there := h[name]; !there && was.Rows > 0 {
			list = append(list, review.Loss{On: name, Rows: was.Rows, Gone: true, Text: fmt.Sprintf("table %v, %d rows", name, was.Rows)})
			continue
		}
		if n := was.Rows - is.Rows; n > 0 {
			list = append(list, review.Loss{On: name, Rows: n, Text: fmt.Sprintf("table %v, %d of %d rows", name, n, was.Rows)})
		}
		list = append(list, is.values(name, was, exact && is.Rows == was.Rows)...)
	}
	return list
}

func (h Holding) values(table review.Name, before Holding, exact bool) []review.Loss {
	var list []review.Loss
	for _, column := range slices.Sorted(maps.Keys(before.Columns)) {
		was := before.Columns[column]
		is, there := h.Columns[column]
		switch n := was.Count - is.Count; {
		case n > max(0, before.Rows-h.Rows): // beyond those of rows that are gone
			list = append(list, review.Loss{On: table, Rows: n, Gone: !there, Text: fmt.Sprintf("column %v.%s, %d values", table, column, n)})
		case exact && n == 0 && is.Sum != was.Sum:
			list = append(list, review.Loss{On: table, Rows: was.Count, Text: fmt.Sprintf("column %v.%s, which has other values than before", table, column)})
		}
	}
	return list
}

func texts(losses []review.Loss) []string {
	var list []string
	for _, l := range losses {
		list = append(list, l.Text)
	}
	return list
}

// more names a table that has more rows than before.
func (h Holdings) more(before Holdings) string {
	for _, name := range sortedNames(before) {
		if n := h[name].Rows - before[name].Rows; n > 0 {
			return fmt.Sprintf("table %v has %d rows more", name, n)
		}
	}
	return ""
}

func (h Holdings) rows() (n int64) {
	for _, one := range h {
		n += one.Rows
	}
	return n
}

// without is h without some tables.
func (h Holdings) without(names []review.Name) Holdings {
	rest := maps.Clone(h)
	for _, name := range names {
		delete(rest, name)
	}
	return rest
}

func sortedNames(h Holdings) []review.Name {
	return slices.SortedFunc(maps.Keys(h), func(a, b review.Name) int {
		return strings.Compare(a.String(), b.String())
	})
}
