package pgquery

import (
	"slices"

	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// reads are the relations that a statement takes rows from, without those that it
// names itself by WITH.
func reads(n tree) []review.Name {
	var r reading
	r.visit(n)
	slices.SortFunc(r.all, func(a, b review.Name) int {
		return slices.Compare([]string{a.Schema, a.Name}, []string{b.Schema, b.Name})
	})
	return slices.DeleteFunc(slices.Compact(r.all), func(name review.Name) bool { return slices.Contains(r.own, name) })
}

type reading struct{ all, own []review.Name }

// visit goes through a tree, but not into queries that take some rows, whichever.
func (r *reading) visit(t tree) {
	switch v := t.v.(type) {
	case []any:
		for _, item := range v {
			r.visit(tree{item})
		}
	case map[string]any:
		for key, value := range v {
			n := tree{value}
			switch {
			case key == "RangeVar":
				r.all = append(r.all, relation(n))
			case key == "lockingClause": // which names tables by their aliases
				continue
			case key == "CommonTableExpr":
				r.own = append(r.own, review.Name{Name: n.text("ctename")})
			case key == "SelectStmt" && n.has("limitCount") && !n.has("whereClause") && !n.has("sortClause") && !n.has("groupClause"):
				continue
			}
			r.visit(n)
		}
	}
}

// keyed are the columns of a condition that must be equal to constants, of which
// there are at most a thousand.
func keyed(where tree) []string {
	if where.text("BoolExpr", "boolop") == "AND_EXPR" {
		var all []string
		for _, arg := range where.list("BoolExpr", "args") {
			all = append(all, keyed(arg)...)
		}
		return all
	}
	expression := where.at("A_Expr")
	column := expression.strings("lexpr", "ColumnRef", "fields")
	if len(column) != 1 || !slices.Equal(expression.strings("name"), []string{"="}) {
		return nil
	}
	switch items := expression.list("rexpr", "List", "items"); {
	case expression.text("kind") == "AEXPR_OP" && constant(expression.at("rexpr")):
	case expression.text("kind") == "AEXPR_IN" && len(items) <= batch && !slices.ContainsFunc(items, func(t tree) bool { return !constant(t) }):
	default:
		return nil
	}
	return column
}

func constant(t tree) bool { return t.has("A_Const") || t.in("TypeCast", "arg").has("A_Const") }
