package pgquery

import (
	"errors"
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
	a := review.Act{Op: review.CreateFunction, On: nameOf(n.strings("funcname")), Replace: n.flag("replace")}
	text, language := source(n.list("options"))
	switch {
	case language == "plpgsql":
		a.Body, a.Opaque = c.plpgsql(c.text, text)
	case language == "sql" && text != "":
		a.Body, a.Opaque = c.sqlBody(text)
	case n.has("sql_body") || language == "internal" || language == "c":
	default:
		a.Opaque = "its language is " + language
	}
	return a
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
	b.visit(root)
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

// visit goes through the tree. The maps of a tree have no order, but a statement's
// list has.
func (b *body) visit(t tree) {
	switch v := t.v.(type) {
	case []any:
		for _, item := range v {
			b.visit(tree{item})
		}
	case map[string]any:
		for _, key := range sortedKeys(v) {
			if !b.statement(key, tree{v[key]}) {
				b.visit(tree{v[key]})
			}
		}
	}
}

// statement takes what runs SQL, and says whether there is nothing more to visit.
func (b *body) statement(tag string, n tree) bool {
	switch tag {
	case "PLpgSQL_stmt_execsql":
		b.read(n.text("sqlstmt", "PLpgSQL_expr", "query"), n.number("lineno"))
	case "PLpgSQL_stmt_perform":
		b.read(n.text("expr", "PLpgSQL_expr", "query"), n.number("lineno"))
	case "PLpgSQL_stmt_call":
		b.read(n.text("expr", "PLpgSQL_expr", "query"), n.number("lineno"))
	case "PLpgSQL_stmt_dynexecute", "PLpgSQL_stmt_dynfors":
		b.dynamic(n.text("query", "PLpgSQL_expr", "query"), n.number("lineno"))
		return tag == "PLpgSQL_stmt_dynexecute"
	case "PLpgSQL_stmt_commit", "PLpgSQL_stmt_rollback":
		b.unread = append(b.unread, "it ends transactions")
	default:
		return false
	}
	return true
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

// sortedKeys orders the keys of a node so that conditions come before bodies, as
// their names happen to do in PL/pgSQL's tree.
func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
