package pgquery

import (
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/review"
)

func (c converter) createTable(n tree) []review.Act {
	a := review.Act{
		Op: review.CreateTable, On: relation(n.at("relation")), Lenient: n.flag("if_not_exists"),
		Temporary: n.text("relation", "relpersistence") == "t",
	}
	for _, item := range n.list("tableElts") {
		switch tag, def := item.open(); tag {
		case "ColumnDef":
			col := c.column(def)
			a.Columns = append(a.Columns, col)
			for _, k := range col.Constraints {
				a.Constraints = append(a.Constraints, k.Behind(col.Name))
			}
		case "Constraint":
			a.Constraints = append(a.Constraints, constraint(def))
		}
	}
	for _, parent := range n.list("inhRelations") {
		a.Others = append(a.Others, relation(parent.at("RangeVar")))
	}
	if n.has("partbound") {
		a.To = "partition"
	}
	return []review.Act{a}
}

// column converts the definition of a column. Its constraints are those that are
// checked; NOT NULL, DEFAULT and such become fields.
func (c converter) column(def tree) review.Column {
	col := review.Column{Name: def.text("colname"), Type: typeOf(def.at("typeName"))}
	for _, item := range def.list("constraints") {
		k := item.at("Constraint")
		switch k.text("contype") {
		case "CONSTR_NOTNULL":
			col.NotNull = true
		case "CONSTR_DEFAULT":
			col.Default = volatility(k.at("raw_expr"))
		case "CONSTR_IDENTITY":
			col.Identity = true
		case "CONSTR_GENERATED":
			col.Stored = true
		case "CONSTR_PRIMARY", "CONSTR_UNIQUE", "CONSTR_CHECK", "CONSTR_FOREIGN":
			col.Constraints = append(col.Constraints, constraint(k))
		}
	}
	return col
}

var kinds = map[string]review.Kind{
	"CONSTR_CHECK": review.Check, "CONSTR_PRIMARY": review.Primary, "CONSTR_UNIQUE": review.Unique,
	"CONSTR_EXCLUSION": review.Exclusion, "CONSTR_FOREIGN": review.Foreign,
}

func constraint(k tree) review.Constraint {
	made := review.Constraint{
		Kind: kinds[k.text("contype")], Name: k.text("conname"), NotValid: k.flag("skip_validation"),
		Index: k.text("indexname"), Columns: k.strings("keys"), Proves: proves(k.at("raw_expr")),
	}
	if made.Kind == review.Foreign {
		made.Ref, made.Columns, made.RefKey = relation(k.at("pktable")), k.strings("fk_attrs"), k.strings("pk_attrs")
	}
	if made.Kind == review.Check {
		made.Columns, made.PassesNull = columns(k.at("raw_expr")), passesNull(k.at("raw_expr"))
	}
	return made
}

// columns are those that an expression names.
func columns(expression tree) []string {
	var all []string
	expression.walk(func(tag string, n tree) {
		if fields := n.strings("fields"); tag == "ColumnRef" && len(fields) > 0 {
			all = append(all, fields[len(fields)-1])
		}
	})
	slices.Sort(all)
	return slices.Compact(all)
}

// strict are functions of which a null makes a null.
var strict = []string{"length", "char_length", "octet_length", "lower", "upper", "btrim", "abs", "cardinality", "jsonb_typeof", "json_typeof"}

// passesNull tells whether a check lets a row through whose columns are all null: each
// of its comparisons has one, and nothing in it makes a value of a null.
func passesNull(expression tree) bool {
	passes := true
	expression.walk(func(tag string, n tree) {
		switch tag {
		case "A_Expr":
			kind := n.text("kind")
			passes = passes && len(columns(n)) > 0 && kind != "AEXPR_DISTINCT" && kind != "AEXPR_NOT_DISTINCT"
		case "FuncCall":
			passes = passes && slices.Contains(strict, dotted(n.strings("funcname")))
		case "NullTest", "BooleanTest", "CoalesceExpr", "CaseExpr", "MinMaxExpr", "SubLink":
			passes = false
		}
	})
	return passes && len(columns(expression)) > 0
}

// proves is the column of a check that is exactly IS NOT NULL.
func proves(expression tree) string {
	test := expression.at("NullTest")
	columns := test.strings("arg", "ColumnRef", "fields")
	if test.text("nulltesttype") != "IS_NOT_NULL" || len(columns) != 1 {
		return ""
	}
	return columns[0]
}

func typeOf(t tree) review.Type {
	made := review.Type{Name: nameOf(t.strings("names")), Array: t.has("arrayBounds")}
	if names := t.strings("names"); len(names) == 2 && names[0] == "pg_catalog" {
		made.Name = review.Name{Name: names[1]}
	}
	made.Name.Name = canonical(made.Name)
	for _, m := range t.list("typmods") {
		made.Mods = append(made.Mods, m.number("A_Const", "ival", "ival"))
	}
	if made.Name.Name == "interval" {
		made.Mods = nil // a mask of fields
	}
	return made
}

// canonical gives the names that are no keywords, and so reach the tree as they
// were written, their short form.
func canonical(n review.Name) string {
	if n.Schema != "" {
		return n.Name
	}
	switch n.Name {
	case "decimal":
		return "numeric"
	case "character":
		return "bpchar"
	}
	return strings.TrimPrefix(n.Name, "pg_catalog.")
}
