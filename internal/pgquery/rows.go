package pgquery

import (
	"slices"

	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// rows converts what reads and writes rows.
func (c converter) rows(tag string, n tree) []review.Act {
	var a review.Act
	switch tag {
	case "UpdateStmt":
		a = changed(review.Update, n)
		a.Keys, a.Plain = assigned(n), !n.has("withClause") && !n.has("fromClause") && !n.has("returningList")
	case "DeleteStmt":
		a = changed(review.Delete, n)
		a.Removes = true
	case "MergeStmt":
		a = review.Act{Op: review.Merge, On: relation(n.at("relation")), Filtered: true, Removes: removes(n), Needs: 15}
	case "InsertStmt":
		a = review.Act{Op: review.Insert, On: relation(n.at("relation")), Valued: valued(n.in("selectStmt", "SelectStmt"))}
	case "SelectStmt", "ReturnStmt":
		a = review.Act{Op: review.Select}
	default:
		return nil
	}
	a.Reads = reads(n)
	all := append(c.inner(n), a)
	if set := settingCall(n); set != nil {
		all = append(all, *set)
	}
	if into := n.in("intoClause", "rel"); into.v != nil {
		all = append(all, review.Act{Op: review.CreateTableAs, On: relation(into), Temporary: into.text("relpersistence") == "t"})
	}
	return all
}

// removes tells whether a MERGE deletes rows.
func removes(n tree) bool {
	return slices.ContainsFunc(n.list("mergeWhenClauses"), func(when tree) bool {
		return when.text("MergeWhenClause", "commandType") == "CMD_DELETE"
	})
}

// assigned lists the columns that an UPDATE sets.
func assigned(n tree) []string {
	var all []string
	for _, item := range n.list("targetList") {
		all = append(all, item.text("ResTarget", "name"))
	}
	return all
}

func changed(op review.Op, n tree) review.Act {
	table := targetOf(n.at("relation"))
	a := review.Act{Op: op, On: relation(n.at("relation")), Filtered: table.among(n.at("whereClause")), Bounded: table.bounded(n.at("whereClause"))}
	if !n.has("fromClause") && !n.has("usingClause") {
		a.Keyed = keyed(n.at("whereClause"))
	}
	return a
}

// settingCall reads SELECT set_config('name', 'value', local), as pg_dump writes it.
func settingCall(n tree) *review.Act {
	targets := n.list("targetList")
	if len(targets) != 1 {
		return nil
	}
	call := targets[0].in("ResTarget", "val", "FuncCall")
	args := call.list("args")
	if dotted(call.strings("funcname")) != "set_config" || len(args) != 3 {
		return nil
	}
	return &review.Act{
		Op: review.Set, Called: args[0].text("A_Const", "sval", "sval"), To: args[1].text("A_Const", "sval", "sval"),
		Local: args[2].flag("A_Const", "boolval", "boolval"),
	}
}

func valued(query tree) bool {
	return query.v == nil || query.has("valuesLists") || !query.has("fromClause") && !query.has("op")
}

// batch is how many rows one has at most.
const batch = 1000

// target is the table that a statement changes, by the name that it has there.
type target struct{ called string }

func targetOf(relation tree) target {
	if alias := relation.text("alias", "aliasname"); alias != "" {
		return target{alias}
	}
	return target{relation.text("relname")}
}

// column is the name of a column that is the table's as far as its text tells, or "".
func (t target) column(ref tree) string {
	fields := ref.strings("fields")
	n := len(fields)
	if n == 0 || n > 1 && fields[n-2] != t.called {
		return ""
	}
	return fields[n-1]
}

// among tells whether a condition looks at a column of the table: one that does not is
// the same for all rows.
func (t target) among(where tree) (found bool) {
	where.walk(func(tag string, n tree) {
		found = found || tag == "ColumnRef" && t.column(n) != "" || tag == "CurrentOfExpr"
	})
	return found
}

// bounded is the column of which a condition lets at most a thousand whole numbers
// through, by BETWEEN with two constants; "" when there is none.
func (t target) bounded(where tree) string {
	if where.text("BoolExpr", "boolop") == "AND_EXPR" {
		for _, arg := range where.list("BoolExpr", "args") {
			if column := t.bounded(arg); column != "" {
				return column
			}
		}
		return ""
	}
	expression := where.at("A_Expr")
	ends := expression.list("rexpr", "List", "items")
	if expression.text("kind") != "AEXPR_BETWEEN" || len(ends) != 2 || !whole(ends[0]) || !whole(ends[1]) || value(ends[1])-value(ends[0]) >= batch {
		return ""
	}
	return t.column(expression.in("lexpr", "ColumnRef"))
}

func whole(t tree) bool { return t.in("A_Const", "ival").v != nil }

func value(t tree) int { return t.number("A_Const", "ival", "ival") }
