package pgquery

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// do converts a DO block: what its static statements do is done at once.
func (c converter) do(n tree) review.Act {
	a := review.Act{Op: review.Do}
	text, language := source(n.list("args"))
	if language != "" && language != "plpgsql" {
		a.Opaque = "its language is " + language
		return a
	}
	a.Body, a.Opaque = c.plpgsql(c.text, text)
	return a
}

// function converts the definition of a function. Its body runs when it is called.
func (c converter) function(n tree) review.Act {
	a := review.Act{Op: review.CreateFunction, On: nameOf(n.strings("funcname")), Replace: n.flag("replace"), To: arguments(n), Calm: calm(n)}
	text, language := source(n.list("options"))
	switch {
	case n.has("sql_body"):
		a.Body = c.atomic(n.at("sql_body"))
	case language == "plpgsql":
		a.Body, a.Opaque = c.plpgsql(c.text, text)
	case language == "sql" && text != "":
		a.Body, a.Opaque = c.sqlBody(text)
	case language == "internal" || language == "c":
		a.Compiled = true
	default:
		a.Opaque = "its language is " + language
	}
	return a
}

// arguments are the types that tell a function from others of its name.
func arguments(n tree) string {
	var types []string
	for _, item := range n.list("parameters") {
		p := item.at("FunctionParameter")
		switch p.text("mode") {
		case "FUNC_PARAM_OUT", "FUNC_PARAM_TABLE":
		default:
			t := typeOf(p.at("argType"))
			t.Mods = nil // a function has none
			types = append(types, t.String())
		}
	}
	return strings.Join(types, ", ")
}

// calm tells whether a function is declared to change nothing.
func calm(n tree) bool {
	for _, item := range n.list("options") {
		if def := item.at("DefElem"); def.text("defname") == "volatility" {
			return def.text("arg", "String", "sval") != "volatile"
		}
	}
	return false
}

// atomic are the statements of a body that is written as SQL, not as text.
func (c converter) atomic(body tree) []review.Statement {
	if !body.has("List") {
		return []review.Statement{c.statement(body)}
	}
	var all []review.Statement
	for _, item := range body.list("List", "items") {
		all = append(all, c.atomic(item)...)
	}
	return all
}

// source is the body and the language among options.
func source(options []tree) (text, language string) {
	for _, item := range options {
		def := item.at("DefElem")
		switch def.text("defname") {
		case "as":
			text = def.text("arg", "String", "sval")
			if parts := def.strings("arg", "List", "items"); len(parts) > 0 {
				text = parts[0]
			}
		case "language":
			language = strings.ToLower(def.text("arg", "String", "sval"))
		}
	}
	return text, language
}

func (c converter) sqlBody(text string) ([]review.Statement, string) {
	all, err := c.parser.file(text)
	if err != nil {
		return nil, "its body cannot be read: " + err.Error()
	}
	return c.shifted(all, c.bodyLine(text)), ""
}

// plpgsql returns the static statements of a body, and why they are not all.
func (c converter) plpgsql(statement, code string) ([]review.Statement, string) {
	if !strings.Contains(statement, code) {
		return nil, "its body is not written in one piece"
	}
	if !strings.HasPrefix(strings.ToUpper(statement), "CREATE") && !strings.HasPrefix(strings.ToUpper(statement), "DO") {
		return nil, "its body cannot be read"
	}
	root, err := c.parser.tree(parsePlpgsql, statement)
	if err != nil {
		if syntax, ok := errors.AsType[*Error](err); ok {
			return nil, "its body cannot be read: " + syntax.Message
		}
		return nil, "its body cannot be read"
	}
	b := body{converter: c, first: c.bodyLine(code)}
	b.visit(root, place{line: 1})
	slices.Sort(b.unread)
	return b.found, strings.Join(slices.Compact(b.unread), ", ")
}

// bodyLine is the line of the file in which a body begins.
func (c converter) bodyLine(body string) int {
	before, _, _ := strings.Cut(c.text, body)
	return c.at + strings.Count(before, "\n")
}

func (c converter) shifted(all []review.Statement, first int) []review.Statement {
	for i := range all {
		all[i].Line += first - 1
		for j := range all[i].Acts {
			all[i].Acts[j].Line += first - 1
		}
	}
	return all
}

// body collects the statements of a PL/pgSQL body in their order.
type body struct {
	converter
	first  int // line of the file in which the body begins
	found  []review.Statement
	unread []string
}

// place is where in a body something stands.
type place struct {
	line    int  // of its statement, from 1
	dynamic bool // the statement's query is an expression that makes SQL
}

// visit goes through the tree. The maps of a tree have no order, but a statement's
// list has.
func (b *body) visit(t tree, at place) {
	switch v := t.v.(type) {
	case []any:
		for _, item := range v {
			b.visit(tree{item}, at)
		}
	case map[string]any:
		at.line = max(at.line, t.number("lineno"))
		for _, key := range sortedKeys(v) {
			b.node(key, tree{v[key]}, at)
		}
	}
}

// node takes what runs SQL: statements, and the expressions that PL/pgSQL leaves to it.
func (b *body) node(tag string, n tree, at place) {
	switch {
	case tag == "dynquery", tag == "query" && at.dynamic:
		b.dynamic(n.text("PLpgSQL_expr", "query"), at.line)
		return
	case tag == "PLpgSQL_expr":
		b.expression(n, at.line)
		return
	case tag == "PLpgSQL_stmt_commit", tag == "PLpgSQL_stmt_rollback":
		b.unread = append(b.unread, "it ends transactions")
	case strings.HasPrefix(tag, "PLpgSQL_stmt_"):
		at.dynamic = tag == "PLpgSQL_stmt_dynexecute" || tag == "PLpgSQL_stmt_dynfors"
	}
	b.visit(n, at)
}

// How the text of an expression is to be read, as libpg_query numbers it. All others
// are assignments. Source: RawParseMode.
const (
	wholeStatement = 0
	oneValue       = 2
)

// expression reads what has a value, as the SELECT that PostgreSQL makes of it. One
// without brackets calls no function and asks no table.
func (b *body) expression(n tree, line int) {
	query := n.text("query")
	switch mode := n.number("parseMode"); {
	case mode == wholeStatement:
		b.read(query, line)
	case !strings.Contains(query, "("):
	case mode == oneValue:
		b.read("SELECT "+query, line)
	default:
		target, value, found := strings.Cut(query, ":=")
		if !found {
			target, value, _ = strings.Cut(query, "=")
		}
		b.read("SELECT "+target+", "+value, line)
	}
}

func (b *body) read(query string, lineno int) {
	all, err := b.parser.file(query)
	if err != nil {
		b.unread = append(b.unread, "a statement that cannot be read")
		return
	}
	b.found = append(b.found, b.shifted(all, b.first+lineno-1)...)
}

// dynamic reads EXECUTE of a constant like any other statement.
func (b *body) dynamic(query string, lineno int) {
	root, err := b.parser.tree(parseSQL, "SELECT "+query)
	if err == nil {
		if list := root.list("stmts"); len(list) == 1 {
			targets := list[0].list("stmt", "SelectStmt", "targetList")
			if len(targets) == 1 && targets[0].in("ResTarget", "val", "A_Const", "sval").v != nil {
				b.read(targets[0].text("ResTarget", "val", "A_Const", "sval", "sval"), lineno)
				return
			}
		}
	}
	b.unread = append(b.unread, "it runs SQL that it puts together")
}

// sortedKeys orders the keys of a node so that what is declared and asked comes before
// the bodies of PL/pgSQL, and those before the handlers of their errors.
func sortedKeys(m map[string]any) []string {
	return slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
	})
}

func rank(key string) int { return slices.Index([]string{"action", "body", "exceptions"}, key) }
