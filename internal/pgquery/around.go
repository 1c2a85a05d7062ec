package pgquery

import "github.com/bluegreen-actions/bluegreen/internal/review"

// around converts what runs a query that stands inside of it. A query that is
// prepared, or that a cursor has, counts where it stands: what runs it later only
// names it.
func (c converter) around(tag string, n tree) []review.Act {
	switch tag {
	case "ExplainStmt":
		if option(n, "options", "analyze") {
			return c.acts(n.at("query"))
		}
		return []review.Act{{Op: review.Harmless}}
	case "CopyStmt":
		return c.copied(n)
	case "DeclareCursorStmt", "PrepareStmt":
		return c.acts(n.at("query"))
	}
	return nil
}

// copied is a COPY in either direction. Its PROGRAM is a command of the server's shell.
func (c converter) copied(n tree) []review.Act {
	table := relation(n.at("relation"))
	var all []review.Act
	switch {
	case n.flag("is_from"):
		all = []review.Act{{Op: review.Insert, On: table, Valued: true}}
	case n.has("query"):
		all = c.acts(n.at("query"))
	default:
		all = []review.Act{{Op: review.Select, Reads: []review.Name{table}}}
	}
	if n.flag("is_program") {
		all = append(all, review.Act{Op: review.Unknown, To: "COPY runs a program on the server"})
	}
	return all
}

// inner is what the data-modifying parts of a statement do that stand in a WITH,
// wherever PostgreSQL lets one stand.
func (c converter) inner(t tree) []review.Act {
	var all []review.Act
	switch v := t.v.(type) {
	case []any:
		for _, item := range v {
			all = append(all, c.inner(tree{item})...)
		}
	case map[string]any:
		for _, key := range sortedKeys(v) {
			if key != "CommonTableExpr" {
				all = append(all, c.inner(tree{v[key]})...)
				continue
			}
			tag, query := tree{v[key]}.at("ctequery").open()
			for _, a := range c.rows(tag, query) {
				if a.Op != review.Select {
					all = append(all, a)
				}
			}
		}
	}
	return all
}
