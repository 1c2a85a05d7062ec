package migration

import (
	"fmt"
	"slices"
	"strings"
)

// A rehearsal shows that a down file leads back to the same schema. What it does to
// rows that were not there it cannot show. So a down file is cleared only when each
// of its statements takes away no row and no value but those of what the up file has
// made, which are counted. A statement that is not known to be harmless is not.

// loss names the first statement that destroys what a down file cannot bring
// back. It goes by the words, and knows no function, so it can miss one; it never clears
// a file.
func (s Script) loss() string {
	for _, st := range s.Statements {
		if st.destroys() {
			return fmt.Sprintf("%s in line %d", st.head(), st.Line)
		}
	}
	return ""
}

func (s Statement) destroys() bool {
	switch {
	case s.begins("DROP"), s.begins("TRUNCATE"), s.begins("UPDATE"), s.begins("DELETE"), s.begins("MERGE"), s.begins("DO"):
		return !s.begins("DROP", "INDEX")
	case s.begins("ALTER", "TYPE"):
		return s.has("ADD")
	case s.begins("ALTER", "TABLE"):
		return s.has("DROP") || s.has("TYPE")
	}
	return s.changes()
}

// reach names the first statement of a down file that may take away more than what
// made lists, in the words of the journal; "" when there is none.
func (s Script) reach(made []string) string {
	for _, st := range s.Statements {
		if !st.within(made) {
			return fmt.Sprintf("%s in line %d", st.head(), st.Line)
		}
	}
	return ""
}

// harmless are the first words of statements that take no row away.
var harmless = []string{"BEGIN", "START", "COMMIT", "END", "SET", "RESET", "LOCK", "COMMENT", "GRANT", "REVOKE", "ANALYZE"}

func (s Statement) within(made []string) bool {
	switch {
	case s.cascades(), s.changes(): // nobody has counted what depends on it by now
		return false
	case s.begins("DROP", "TABLE"):
		return madeAll(made, s.Words[2:])
	case s.begins("DROP"):
		return !s.begins("DROP", "OWNED") // without CASCADE, what holds rows does not go with its type or schema
	case s.begins("ALTER", "TABLE"):
		return s.altersWithin(made)
	case s.begins("ALTER"):
		return !s.begins("ALTER", "TYPE") || !s.has("DROP")
	case s.begins("CREATE"):
		return !calls(s.reads())
	case s.begins("INSERT"):
		_, _, rest := qualified(after(s.Words[1:], "INTO"))
		return !s.has("UPDATE") && !s.has("DELETE") && !s.has("MERGE") && !calls(rest)
	case s.begins("SELECT"):
		return !calls(s.Words)
	}
	return slices.ContainsFunc(harmless, func(word string) bool { return s.begins(word) })
}

// cascades tells whether a DROP takes what depends on it along. ON DELETE CASCADE is
// another one.
func (s Statement) cascades() bool {
	for i, w := range s.Words {
		if w == "CASCADE" && s.Words[i-1] != "DELETE" && s.Words[i-1] != "UPDATE" {
			return true
		}
	}
	return false
}

// madeAll tells whether a list of tables, as DROP TABLE has it, was made.
func madeAll(made, words []string) bool {
	for _, one := range commas(after(after(words, "IF"), "EXISTS")) {
		if schema, table, _ := qualified(one); !has(made, schema, table, "") {
			return false
		}
	}
	return true
}

// altersWithin judges the columns that ALTER TABLE drops, or gives another type.
func (s Statement) altersWithin(made []string) bool {
	schema, table, rest := qualified(after(after(after(s.Words[2:], "IF"), "EXISTS"), "ONLY"))
	for _, action := range commas(after(rest, "*")) {
		column, found := takes(action)
		if found && !has(made, schema, table, column) && !has(made, schema, table, "") {
			return false
		}
	}
	return true
}

// takes finds the column whose values an action of ALTER TABLE takes away or writes
// anew.
func takes(action []string) (column string, found bool) {
	switch {
	case len(action) < 2:
		return "", false
	case action[0] == "DROP" && action[1] != "CONSTRAINT":
		_, column, _ = qualified(after(after(after(action[1:], "COLUMN"), "IF"), "EXISTS"))
		return column, true
	case action[0] == "ALTER" && slices.Contains(action, "TYPE"):
		_, column, _ = qualified(after(action[1:], "COLUMN"))
		return column, true
	}
	return "", false
}

// commas splits words where a comma is in no bracket.
func commas(words []string) [][]string {
	list, depth, start := [][]string{}, 0, 0
	for i, w := range words {
		if depth += bracket(w); w == "," && depth == 0 {
			list, start = append(list, words[start:i]), i+1
		}
	}
	return append(list, words[start:])
}

// has finds a table, or a column of one, in the words of the journal. These leave out
// a schema of the search path. That a file means another schema than the one that its
// up file has made things in, the rehearsal has seen.
func has(made []string, schema, table, column string) bool {
	return table != "" && slices.ContainsFunc(made, func(one string) bool {
		kind, name, _ := strings.Cut(one, " ")
		of := ""
		if i := strings.LastIndexByte(name, '.'); kind == "column" && i >= 0 {
			name, of = name[:i], name[i+1:]
		}
		list, err := split(name)
		if err != nil || len(list) != 1 {
			return false
		}
		s, t, _ := qualified(list[0].Words)
		return t == table && of == column && (s == schema || s == "" || schema == "")
	})
}
