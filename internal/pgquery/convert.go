package pgquery

import (
	"strconv"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// converter turns the tree of one statement into what it does.
type converter struct {
	parser *reader
	sql    string // the whole file
	text   string // the statement
	at     int    // its line
}

// harmless are statements that only make or describe what nobody uses yet, or that
// take no lock on a table.
var harmless = map[string]bool{
	"CommentStmt": true, "CreateSchemaStmt": true, "CreateExtensionStmt": true,
	"CreateStatsStmt": true, "AlterStatsStmt": true, "CompositeTypeStmt": true, "CreateRangeStmt": true, "CreateCastStmt": true, "CreateOpClassStmt": true,
	"CreateOpFamilyStmt": true, "CreateConversionStmt": true, "DefineStmt": true, "NotifyStmt": true,
	"AlterDefaultPrivilegesStmt": true, "CreateRoleStmt": true, "GrantRoleStmt": true, "CheckPointStmt": true,
	"CreatePublicationStmt": true, "CreateForeignTableStmt": true, "CreateForeignServerStmt": true, "CreateFdwStmt": true, "CreateUserMappingStmt": true,
	"DeallocateStmt": true, "SecLabelStmt": true, "CreatePLangStmt": true, "ConstraintsSetStmt": true,
	"CreateTransformStmt": true, "AlterExtensionStmt": true, "AlterTSDictionaryStmt": true, "AlterTSConfigurationStmt": true,
}

// statement is a node and what it does.
func (c converter) statement(node tree) review.Statement {
	s := review.Statement{Line: c.at, Text: c.text, Acts: c.acts(node)}
	for i := range s.Acts {
		if s.Acts[i].Line == 0 {
			s.Acts[i].Line = s.Line
		}
	}
	s.Strings, s.Names, s.Labels = mentions(node)
	s.Moved = moved(node)
	return s
}

// acts is what a statement does.
func (c converter) acts(stmt tree) []review.Act {
	tag, n := stmt.open()
	for _, convert := range []func(string, tree) []review.Act{c.definition, c.drop, c.rows, c.around, c.session, c.storage, c.server} {
		if all := convert(tag, n); all != nil {
			return append(all, locking(tag, n)...)
		}
	}
	if harmless[tag] {
		return []review.Act{{Op: review.Harmless}}
	}
	return []review.Act{{Op: review.Unknown, To: strings.TrimSuffix(tag, "Stmt")}}
}

func (c converter) definition(tag string, n tree) []review.Act {
	one := func(a review.Act) []review.Act { return []review.Act{a} }
	switch tag {
	case "CreateStmt":
		return c.createTable(n)
	case "CreateTableAsStmt":
		return c.tableAs(n)
	case "AlterTableStmt":
		return c.alterTable(n)
	case "RenameStmt":
		return c.rename(n)
	case "AlterObjectSchemaStmt":
		return one(review.Act{Op: review.SetSchema, On: firstName(relation(n.at("relation")), nameOf(n.strings("object", "List", "items"))), To: n.text("newschema")})
	case "AlterOwnerStmt", "AlterOperatorStmt", "AlterTypeStmt":
		return one(review.Act{Op: review.Harmless})
	case "AlterTableMoveAllStmt":
		return one(review.Act{Op: review.SetTablespace})
	case "IndexStmt":
		a := review.Act{
			Op: review.CreateIndex, On: relation(n.at("relation")), Called: n.text("idxname"), Concurrently: n.flag("concurrent"),
			Lenient: n.flag("if_not_exists"), Unique: n.flag("unique"),
		}
		if n.flag("nulls_not_distinct") {
			a.Needs = 15
		}
		for _, p := range n.list("indexParams") {
			a.Keys = append(a.Keys, p.text("IndexElem", "name"))
		}
		return one(a)
	case "ViewStmt":
		return one(review.Act{Op: review.CreateView, On: relation(n.at("view")), Replace: n.flag("replace"), Temporary: n.text("view", "relpersistence") == "t"})
	case "RefreshMatViewStmt":
		return one(review.Act{Op: review.RefreshMatView, On: relation(n.at("relation")), Concurrently: n.flag("concurrent")})
	case "RuleStmt":
		return one(review.Act{Op: review.CreateRule, On: relation(n.at("relation")), Called: n.text("rulename")})
	}
	return c.program(tag, n)
}

// program converts what makes types, functions and triggers.
func (c converter) program(tag string, n tree) []review.Act {
	one := func(a review.Act) []review.Act { return []review.Act{a} }
	switch tag {
	case "CreateEnumStmt":
		return one(review.Act{Op: review.CreateEnum, On: nameOf(n.strings("typeName"))})
	case "AlterEnumStmt":
		a := review.Act{Op: review.AddEnumValue, On: nameOf(n.strings("typeName")), To: n.text("newVal"), Lenient: n.flag("skipIfNewValExists")}
		if n.text("oldVal") != "" {
			a.Op = review.RenameEnumValue
		}
		return one(a)
	case "CreateDomainStmt":
		a := review.Act{Op: review.CreateDomain, On: nameOf(n.strings("domainname"))}
		for _, k := range n.list("constraints") {
			if kind := k.text("Constraint", "contype"); kind == "CONSTR_CHECK" || kind == "CONSTR_NOTNULL" {
				a.Constraints = append(a.Constraints, review.Constraint{Kind: review.Check})
			}
		}
		return one(a)
	case "AlterDomainStmt":
		a := review.Act{Op: review.AlterDomain, On: nameOf(n.strings("typeName")), To: n.text("subtype")}
		if n.has("def") {
			k := constraint(n.in("def", "Constraint"))
			a.Constraint = &k
		}
		return one(a)
	case "CreateFunctionStmt":
		return one(c.function(n))
	case "CreateTrigStmt":
		a := review.Act{Op: review.CreateTrigger, On: relation(n.at("relation")), Called: n.text("trigname"), Replace: n.flag("replace")}
		if a.Replace {
			a.Needs = 14
		}
		return one(a)
	case "CreateEventTrigStmt", "AlterEventTrigStmt":
		return one(review.Act{Op: review.Unknown, To: "an event trigger"})
	case "CreatePolicyStmt", "AlterPolicyStmt":
		return one(review.Act{Op: review.CreatePolicy, On: relation(n.at("table")), Called: n.text("policy_name")})
	}
	return nil
}

func firstName(names ...review.Name) review.Name {
	for _, n := range names {
		if n.Name != "" {
			return n
		}
	}
	return review.Name{}
}

// tableAs is a table that is made of a query, and what the query does unless it only
// gives the columns.
func (c converter) tableAs(n tree) []review.Act {
	a := review.Act{Op: review.CreateTableAs, On: relation(n.in("into", "rel")), Lenient: n.flag("if_not_exists"), Temporary: n.text("into", "rel", "relpersistence") == "t"}
	if n.text("objtype") == "OBJECT_MATVIEW" {
		a.Op = review.CreateMatView
	}
	if n.flag("into", "skipData") {
		return []review.Act{a}
	}
	return append(c.acts(n.at("query")), a)
}

// session converts what concerns the session and its transaction.
func (c converter) session(tag string, n tree) []review.Act {
	one := func(a review.Act) []review.Act { return []review.Act{a} }
	switch tag {
	case "VariableSetStmt":
		return one(review.Act{Op: review.Set, Called: strings.ToLower(n.text("name")), To: setting(n), Local: n.flag("is_local")})
	case "VariableShowStmt", "DiscardStmt", "ListenStmt", "UnlistenStmt", "FetchStmt", "ClosePortalStmt":
		return one(review.Act{Op: review.Harmless})
	case "TransactionStmt":
		switch kind := n.text("kind"); kind {
		case "TRANS_STMT_BEGIN", "TRANS_STMT_START":
			return one(review.Act{Op: review.Begin})
		case "TRANS_STMT_COMMIT":
			return one(review.Act{Op: review.Commit})
		case "TRANS_STMT_SAVEPOINT", "TRANS_STMT_RELEASE", "TRANS_STMT_ROLLBACK_TO":
			return one(review.Act{Op: review.Harmless})
		default:
			return one(review.Act{Op: review.Rollback})
		}
	case "DoStmt":
		return one(c.do(n))
	case "CallStmt":
		return one(review.Act{Op: review.Call, Called: dotted(n.strings("funccall", "funcname"))})
	case "LockStmt":
		a := review.Act{Op: review.LockTable, To: strconv.Itoa(n.number("mode"))}
		for _, r := range n.list("relations") {
			a.Others = append(a.Others, relation(r.at("RangeVar")))
		}
		return one(a)
	}
	return nil
}

// setting is the value of a parameter, as text.
func setting(n tree) string {
	var parts []string
	for _, arg := range n.list("args") {
		value := arg.at("A_Const")
		switch {
		case value.has("sval"):
			parts = append(parts, value.text("sval", "sval"))
		case value.has("ival"):
			parts = append(parts, strconv.Itoa(value.number("ival", "ival")))
		}
	}
	return strings.Join(parts, ", ")
}

// storage converts what works on whole tables as they are on the disk.
func (c converter) storage(tag string, n tree) []review.Act {
	one := func(a review.Act) []review.Act { return []review.Act{a} }
	switch tag {
	case "ReindexStmt":
		a := review.Act{Op: review.Reindex, On: relation(n.at("relation")), To: strings.ToLower(strings.TrimPrefix(n.text("kind"), "REINDEX_OBJECT_")), Concurrently: option(n, "params", "concurrently")}
		return one(a)
	case "ClusterStmt":
		return one(review.Act{Op: review.Cluster, On: relation(n.at("relation"))})
	case "VacuumStmt":
		a := review.Act{Op: review.Harmless}
		if n.flag("is_vacuumcmd") {
			a.Op = review.Vacuum
			if option(n, "options", "full") {
				a.Op = review.FullVac
			}
		}
		for _, r := range n.list("rels") {
			a.Others = append(a.Others, relation(r.in("VacuumRelation", "relation")))
		}
		return one(a)
	}
	return nil
}

// option tells whether a list of options has this one switched on. The last one counts.
func option(n tree, list, name string) (on bool) {
	for _, item := range n.list(list) {
		def := item.at("DefElem")
		if def.text("defname") == name {
			value := def.at("arg")
			word := strings.ToLower(value.text("String", "sval"))
			on = word != "false" && word != "off" && !(value.has("Integer") && value.number("Integer", "ival") == 0) && !(value.has("Boolean") && !value.flag("Boolean", "boolval"))
		}
	}
	return on
}
