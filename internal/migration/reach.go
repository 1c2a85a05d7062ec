package migration

import (
	"slices"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// shared are the kinds of objects that belong to a whole server, or to another
// database by its name. What is done to them in a scratch database is done for good.
var shared = []string{"ROLE", "USER", "GROUP", "TABLESPACE", "DATABASE", "SUBSCRIPTION", "SYSTEM"}

// reaching are those that would not be right on a server of the rehearsal's own
// either: it has no database of that name, and a subscription connects to another
// server.
var reaching = []string{"DATABASE", "SUBSCRIPTION"}

// contained refuses files that reach out of the database that they run in.
func contained(files []Migration, place Place) error {
	for _, m := range files {
		for _, f := range []*File{&m.Up, m.Down} {
			if f == nil {
				continue
			}
			for _, st := range f.Script.Statements {
				kind := st.reaches()
				if kind == "" || place == InContainer && !slices.Contains(reaching, kind) {
					continue
				}
				return release.Refuse(contain(kind), "%s: line %d: %s reaches out of its database, so that a rehearsal would do it for good", f.Path, st.Line, st.head())
			}
		}
	}
	return nil
}

func contain(kind string) string {
	if slices.Contains(reaching, kind) {
		return "do it outside of the migrations; or set database.rehearsal.where to off for this release"
	}
	return "do it outside of the migrations; or rehearse in a container, by database.rehearsal.image"
}

// reaches is the kind of shared object that the statement is about, or "". In code
// it goes by the words alone.
func (s Statement) reaches() string {
	if kind := reach(s.Words); kind != "" {
		return kind
	}
	if !s.begins("DO") {
		return ""
	}
	for _, body := range s.bodies {
		words := wordsOf(body)
		for i := range words {
			if kind := reach(words[i:]); kind != "" {
				return kind
			}
		}
	}
	return ""
}

// reach looks at the first words of a statement.
func reach(words []string) string {
	s := Statement{Words: words}
	switch {
	case len(words) < 3:
		return ""
	case s.begins("CREATE", "USER", "MAPPING"), s.begins("ALTER", "USER", "MAPPING"), s.begins("DROP", "USER", "MAPPING"):
		return ""
	case s.begins("DROP", "OWNED"), s.begins("REASSIGN", "OWNED"):
		return "ROLE"
	case s.begins("CREATE"), s.begins("ALTER"), s.begins("DROP"):
		return sharedKind(words[1])
	case s.begins("COMMENT", "ON"):
		return sharedKind(words[2])
	case s.begins("GRANT"), s.begins("REVOKE"):
		return granted(words)
	}
	return ""
}

// granted tells a right on a shared object, and a role, from rights on others.
func granted(words []string) string {
	end := slices.Index(words, ";")
	if end >= 0 {
		words = words[:end]
	}
	on := slices.Index(words, "ON")
	if on < 0 || on+1 >= len(words) {
		return "ROLE"
	}
	return sharedKind(words[on+1])
}

func sharedKind(word string) string {
	if slices.Contains(shared, word) {
		return word
	}
	return ""
}

// wordsOf are the words and symbols of code, as Words has them.
func wordsOf(code string) []string {
	s := &scanner{src: code}
	var words []string
	for t, ok := s.next(); ok; t, ok = s.next() {
		text := code[t.start:t.end]
		switch t.kind {
		case word:
			text = upper(text)
		case constant:
			text = "?"
		}
		words = append(words, text)
	}
	return words
}
