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
	case "CopyStmt":
		a = review.Act{Op: review.Insert, On: relation(n.at("relation")), Valued: true}
	case "SelectStmt":
		if into := n.in("intoClause", "rel"); into.v != nil {
			a = review.Act{Op: review.CreateTableAs, On: relation(into), Temporary: into.text("relpersistence") == "t"}
			break
		}
		a = review.Act{Op: review.Select}
		if set := settingCall(n); set != nil {
			a = *set
		}
	default:
		return nil
	}
	a.Reads = reads(n)
	return append(c.with(n), a)
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
	a := review.Act{Op: op, On: relation(n.at("relation")), Filtered: n.has("whereClause"), Bounded: bounded(n.at("whereClause"))}
	if !n.has("fromClause") && !n.has("usingClause") {
		a.Keyed = keyed(n.at("whereClause"))
	}
	return a
}

// with is what data-modifying parts of a WITH do.
func (c converter) with(n tree) []review.Act {
	var all []review.Act
	for _, item := range n.list("withClause", "ctes") {
		tag, query := item.in("CommonTableExpr", "ctequery").open()
		for _, a := range c.rows(tag, query) {
			if a.Op != review.Select {
				all = append(all, a)
			}
		}
	}
	return all
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

// bounded tells whether a condition has a part that lets at most a thousand rows
// of a key through: BETWEEN or a pair of comparisons with constants, and a list.
func bounded(where tree) bool {
	expression := where.at("A_Expr")
	switch {
	case where.text("BoolExpr", "boolop") == "AND_EXPR":
		for _, arg := range where.list("BoolExpr", "args") {
			if bounded(arg) {
				return true
			}
		}
	case expression.text("kind") == "AEXPR_BETWEEN":
		ends := expression.list("rexpr", "List", "items")
		if len(ends) == 2 && whole(ends[0]) && whole(ends[1]) {
			return value(ends[1])-value(ends[0]) < batch
		}
	}
	return false
}

func whole(t tree) bool { return t.in("A_Const", "ival").v != nil }

func value(t tree) int { return t.number("A_Const", "ival", "ival") }
