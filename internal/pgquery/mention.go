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

// calm are the functions that give the same value to every row of a statement, of
// those that defaults use. PostgreSQL takes every other for volatile unless its
// declaration says otherwise.
var calm = []string{
	"now", "transaction_timestamp", "statement_timestamp", "timezone", "date_trunc", "date_part", "age", "to_char", "to_date", "to_timestamp",
	"make_date", "make_interval", "make_time", "make_timestamp", "make_timestamptz", "justify_days",
	"lower", "upper", "initcap", "concat", "concat_ws", "md5", "sha256", "encode", "decode", "convert_to", "convert_from", "length", "char_length", "octet_length",
	"substr", "substring", "replace", "trim", "btrim", "ltrim", "rtrim", "lpad", "rpad", "left", "right", "repeat", "reverse", "split_part", "format", "quote_ident",
	"abs", "ceil", "ceiling", "floor", "round", "trunc", "power", "sqrt", "mod", "sign",
	"array_fill", "array_append", "array_cat", "cardinality", "array_length", "string_to_array", "array_to_string",
	"json_build_object", "jsonb_build_object", "json_build_array", "jsonb_build_array", "to_json", "to_jsonb", "json_object", "jsonb_object", "jsonb_set",
	"current_setting", "current_database", "current_schema", "session_user", "txid_current", "pg_backend_pid", "inet_client_addr",
	"uuid_nil", "uuid_ns_dns", "uuid_ns_url", "to_tsvector", "int4range", "int8range", "numrange", "tsrange", "tstzrange", "daterange", "row_to_json", "hstore", "coalesce", "nullif", "greatest", "least",
}

// volatility is what a default is made of. A default that is the constant NULL is
// none.
func volatility(expression tree) review.Volatility {
	if expression.v == nil || expression.flag("A_Const", "isnull") {
		return review.None
	}
	v := review.Stable
	expression.walk(func(tag string, n tree) {
		if tag == "FuncCall" && !slices.Contains(calm, dotted(n.strings("funcname"))) {
			v = review.Volatile
		}
	})
	return v
}
