package pgquery

import (
	"slices"

	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// mentions are the constants of a statement, the functions that it calls, and the
// labels that it gives.
func mentions(node tree) (constants, functions, labels []string) {
	node.walk(func(tag string, n tree) {
		switch tag {
		case "A_Const":
			if s := n.text("sval", "sval"); s != "" {
				constants = append(constants, s)
			}
		case "FuncCall":
			functions = append(functions, dotted(n.strings("funcname")))
		case "IndexStmt":
			labels = append(labels, n.text("idxname"))
		case "Constraint":
			labels = append(labels, n.text("conname"))
		case "ColumnDef":
			labels = append(labels, n.text("colname"))
		case "CreateStmt":
			labels = append(labels, n.text("relation", "relname"))
		}
	})
	for _, l := range [][]string{constants, functions, labels} {
		slices.Sort(l)
	}
	return slices.Compact(constants), slices.Compact(functions), slices.Compact(labels)
}

func dotted(parts []string) string { return nameOf(parts).String() }

// nameOf is the name that a list of its parts makes.
func nameOf(parts []string) review.Name {
	switch n := len(parts); {
	case n == 0:
		return review.Name{}
	case n == 1:
		return review.Name{Name: parts[0]}
	default:
		return named(parts[n-2], parts[n-1])
	}
}

// named leaves out the schemas that everybody means.
func named(schema, name string) review.Name {
	if schema == "public" || schema == "pg_catalog" {
		schema = ""
	}
	return review.Name{Schema: schema, Name: name}
}

func relation(t tree) review.Name { return named(t.text("schemaname"), t.text("relname")) }

// volatility is what a default is made of. A default that is the constant NULL is
// none. PostgreSQL takes a function for volatile unless its declaration says otherwise.
func volatility(expression tree) review.Volatility {
	if expression.v == nil || expression.flag("A_Const", "isnull") {
		return review.None
	}
	v := review.Stable
	expression.walk(func(tag string, n tree) {
		if tag == "FuncCall" && !review.Calm(dotted(n.strings("funcname"))) {
			v = review.Volatile
		}
	})
	return v
}
