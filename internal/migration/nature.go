package migration

import "slices"

// alone tells whether PostgreSQL refuses the statement inside of a transaction,
// and so beside any other. Source: the callers of PreventInTransactionBlock. A
// few forms that it would accept, such as CLUSTER of a named table, are here too.
func (s Statement) alone() bool {
	switch {
	case s.begins("VACUUM"), s.begins("REINDEX"), s.begins("CLUSTER"), s.begins("DISCARD", "ALL"),
		s.begins("ALTER", "SYSTEM"), s.begins("COMMIT", "PREPARED"), s.begins("ROLLBACK", "PREPARED"):
		return true
	case s.begins("CREATE"), s.begins("DROP"), s.begins("ALTER"):
		return s.ofCluster() || s.concurrent()
	}
	return false
}

func (s Statement) ofCluster() bool {
	if len(s.Words) < 2 {
		return false
	}
	switch s.Words[1] {
	case "SUBSCRIPTION":
		return true
	case "DATABASE", "TABLESPACE":
		return s.Words[0] != "ALTER" || s.has("TABLESPACE") && s.Words[1] == "DATABASE"
	}
	return false
}

// concurrent finds the keyword where it is one: PostgreSQL does not reserve it
// as a name of a column, but does everywhere that these statements begin.
func (s Statement) concurrent() bool {
	i := slices.Index(s.Words, "CONCURRENTLY")
	switch {
	case i < 0:
		return false
	case s.begins("ALTER", "TABLE"):
		return s.has("DETACH")
	}
	return i <= 3 && slices.Contains(s.Words[:i], "INDEX")
}

// looseness says why the statement makes its file other than one transaction, or
// "" when it does not.
func (s Statement) looseness(wrapped bool) string {
	switch {
	case s.begins("BEGIN"), s.begins("START", "TRANSACTION"), s.begins("COMMIT"), s.begins("END"), s.begins("ABORT"),
		s.begins("PREPARE", "TRANSACTION"), s.begins("ROLLBACK") && !(wrapped && s.has("TO")):
		return s.head()
	case s.begins("CALL"):
		return "CALL of a procedure that may commit"
	case s.begins("DO") && slices.ContainsFunc(s.bodies, commits):
		return "DO with a commit or rollback"
	case s.sets("ROLE"), s.sets("AUTHORIZATION"):
		return "a change of the role"
	case s.sets("STANDARD_CONFORMING_STRINGS"):
		return "a change of what quotes mean"
	}
	return ""
}

func (s Statement) sets(parameter string) bool {
	return (s.begins("SET") || s.begins("RESET")) && slices.Contains(s.Words[:min(4, len(s.Words))], parameter)
}

// commits tells whether the code of a DO block has a word that ends transactions.
// In case of doubt it does.
func commits(code string) bool {
	s := &scanner{src: code}
	before := ""
	for t, ok := s.next(); ok; t, ok = s.next() {
		text := upper(code[t.start:t.end])
		switch {
		case t.kind == constant:
			text = "?"
		case (text == "COMMIT" || text == "ROLLBACK") && before != "ON":
			return true
		case text == "CALL":
			return true
		}
		before = text
	}
	return s.err != nil
}
