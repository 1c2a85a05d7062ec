package pgquery

import (
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// server converts what changes things that the live version uses without being a
// table: its keys, its functions, its role and its settings.
func (c converter) server(tag string, n tree) []review.Act {
	one := func(a review.Act) []review.Act { return []review.Act{a} }
	switch tag {
	case "CreateSeqStmt":
		return one(review.Act{Op: review.CreateSequence, On: relation(n.at("sequence")), Lenient: n.flag("if_not_exists")})
	case "AlterSeqStmt":
		return one(noticed(review.ChangeSequence, relation(n.at("sequence")), n.list("options"), ofSequence))
	case "AlterFunctionStmt":
		return one(noticed(review.AlterFunction, nameOf(n.strings("func", "objname")), n.list("actions"), ofFunction))
	case "AlterRoleStmt":
		return role(n)
	case "AlterDatabaseStmt":
		if a := noticed(review.ShutOut, review.Name{Name: n.text("dbname")}, n.list("options"), ofDoor); a.Op == review.ShutOut {
			return one(a)
		}
	case "AlterRoleSetStmt":
		return one(sessions(n, n.text("role", "rolename")))
	case "AlterDatabaseSetStmt":
		return one(sessions(n, n.text("dbname")))
	case "GrantRoleStmt":
		if !n.flag("is_grant") {
			return one(review.Act{Op: review.Revoke})
		}
	}
	return nil
}

// role is what ALTER ROLE and ALTER GROUP take from somebody who may be the live
// version: the way in, or rights.
func role(n tree) []review.Act {
	on := review.Name{Name: n.text("role", "rolename")}
	door, rights := noticed(review.ShutOut, on, n.list("options"), ofDoor), noticed(review.Revoke, on, n.list("options"), ofRight)
	if n.number("action") < 0 { // ALTER GROUP … DROP USER
		rights.Op = review.Revoke
	}
	switch {
	case rights.Op != review.Revoke:
		return []review.Act{door}
	case door.Op != review.ShutOut:
		return []review.Act{rights}
	}
	return []review.Act{door, rights}
}

// sessions is a setting of all sessions that begin from now on.
func sessions(n tree, on string) review.Act {
	set := n.at("setstmt")
	return review.Act{Op: review.SetSessions, On: review.Name{Name: on}, Called: strings.ToLower(set.text("name")), To: setting(set)}
}

// notices tells for each option of a statement whether the live version meets a
// difference. An option that is not listed makes none.
type notices map[string]func(value tree) bool

func yes(tree) bool             { return true }
func something(value tree) bool { return value.v != nil }
func off(value tree) bool {
	return value.text("String", "sval") == "false" || value.has("Boolean") && !value.flag("Boolean", "boolval")
}

var (
	// Without a value, a limit is that of the type.
	ofSequence = notices{"restart": yes, "increment": yes, "cycle": yes, "minvalue": something, "maxvalue": something,
		"as": func(value tree) bool { return typeOf(value.at("TypeName")).Name.Name != "int8" }}
	ofFunction = notices{"strict": yes, "security": yes, "set": yes}
	ofDoor     = notices{"password": yes, "validUntil": yes, "connectionlimit": yes, "connection_limit": yes, "canlogin": off, "allow_connections": off}
	ofRight    = notices{"superuser": off, "bypassrls": off, "inherit": off, "createrole": off, "createdb": off, "isreplication": off}
)

// noticed is the act when the live version notices one of the options, and names
// them; else it is harmless.
func noticed(op review.Op, on review.Name, options []tree, by notices) review.Act {
	a := review.Act{Op: review.Harmless, On: on}
	var names []string
	for _, item := range options {
		def := item.at("DefElem")
		if meets := by[def.text("defname")]; meets != nil && meets(def.at("arg")) {
			a.Op, names = op, append(names, strings.ToUpper(def.text("defname")))
		}
	}
	a.To = strings.Join(names, ", ")
	return a
}

// locking is what SELECT … FOR UPDATE and its like lock row by row, wherever in a
// statement they stand.
func locking(tag string, n tree) []review.Act {
	var all []review.Act
	visit := func(tag string, n tree) {
		if tag != "SelectStmt" || !n.has("lockingClause") || few(n) {
			return
		}
		for _, on := range locked(n) {
			a := changed(review.LockRows, n)
			a.On, a.Keyed = on, keyed(n.at("whereClause"))
			all = append(all, a)
		}
	}
	switch tag {
	case "SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt":
		visit(tag, n)
		n.walk(visit)
	}
	return all
}

// few tells whether a query takes no more rows than a batch has.
func few(query tree) bool {
	limit := query.at("limitCount")
	return whole(limit) && value(limit) <= batch
}

// locked are the tables that a query locks rows of: those that it names, or all that
// it takes rows from.
func locked(query tree) []review.Name {
	aliases := map[string]bool{}
	for _, clause := range query.list("lockingClause") {
		for _, r := range clause.list("LockingClause", "lockedRels") {
			aliases[r.text("RangeVar", "relname")] = true
		}
	}
	var from []any
	query.at("fromClause").walk(func(tag string, n tree) {
		if alias := n.text("alias", "aliasname"); tag == "RangeVar" && (len(aliases) == 0 || aliases[alias] || alias == "" && aliases[n.text("relname")]) {
			from = append(from, map[string]any{tag: n.v})
		}
	})
	for _, item := range query.list("withClause", "ctes") { // which are no tables
		from = append(from, map[string]any{"CommonTableExpr": map[string]any{"ctename": item.text("CommonTableExpr", "ctename")}})
	}
	return reads(tree{from})
}

// moved are the sequences whose next value a statement sets by setval: one that
// cannot be told has no name.
func moved(node tree) []review.Name {
	var all []review.Name
	node.walk(func(tag string, n tree) {
		if args := n.list("args"); tag == "FuncCall" && dotted(n.strings("funcname")) == "setval" && len(args) > 0 {
			all = append(all, sequence(args[0]))
		}
	})
	return all
}

// sequence is what the first argument of setval names. Source: pg_get_serial_sequence
// finds what a serial or identity column has made, whose name is that of both.
func sequence(arg tree) review.Name {
	if cast := arg.in("TypeCast", "arg"); cast.v != nil {
		return sequence(cast)
	}
	args := arg.list("FuncCall", "args")
	if dotted(arg.strings("FuncCall", "funcname")) == "pg_get_serial_sequence" && len(args) == 2 {
		name := relationOf(args[0].text("A_Const", "sval", "sval"))
		name.Name += "_" + args[1].text("A_Const", "sval", "sval") + "_seq"
		return name
	}
	return relationOf(arg.text("A_Const", "sval", "sval"))
}

// relationOf is a name as regclass reads it from text.
func relationOf(text string) review.Name {
	var parts []string
	for part := range strings.SplitSeq(text, ".") {
		if plain := strings.Trim(part, `"`); plain == part {
			parts = append(parts, strings.ToLower(part))
		} else {
			parts = append(parts, plain)
		}
	}
	return nameOf(parts)
}
