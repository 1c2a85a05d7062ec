package review

import (
	"fmt"
	"slices"
	"strings"
)

// Routine is a function or a procedure, of the files or of the database.
type Routine struct {
	Name       Name
	Arguments  string // their types, which tell it from others of its name
	Definition string // CREATE FUNCTION, as the catalog has it, until it is called; "" of those that the files make
	Body       []Statement
	Opaque     string // why its code is not known in full; "" when it is
	Calm       bool   // it is declared immutable or stable: PostgreSQL lets it change nothing
	Fresh      bool   // made by a file that is reviewed: the live version does not know it
}

// Compiled is why code that is no SQL is not known.
const Compiled = "its code is not SQL"

// unlisted is why what a function of the server does is not known, or one of nowhere.
const unlisted = "whose code is not known here"

// define learns of a function that a file makes. One that is replaced is as old as it was.
func (s *Schema) define(a Act, fresh bool) {
	f := &Routine{Name: a.On, Arguments: a.To, Body: a.Body, Opaque: a.Opaque, Calm: a.Calm, Fresh: fresh}
	if a.Compiled {
		f.Opaque = Compiled
	}
	list := s.Routines[a.On]
	i := slices.IndexFunc(list, func(old *Routine) bool { return old.Arguments == f.Arguments })
	if i < 0 {
		s.Routines[a.On] = append(list, f)
		return
	}
	f.Fresh = fresh && list[i].Fresh
	list[i] = f
}

// made tells whether the files that are reviewed have made a function of that name.
func (s *Schema) made(n Name) bool {
	return slices.ContainsFunc(s.Routines[n], func(f *Routine) bool { return f.Fresh })
}

// called are the functions that a statement calls when it runs, and not later.
func (st *Statement) called() []string {
	var all []string
	runs := false
	for _, a := range st.Acts {
		switch a.Op {
		case Call:
			all, runs = append(all, a.Called), true
		case Select, Insert, Update, Delete, Merge:
			runs = true
		}
	}
	if runs {
		all = append(all, st.Names...)
	}
	return all
}

// routines are the functions that a name may mean. One without a schema is looked for
// in the search path, which the file may not say.
func (s *scene) routines(name string) []*Routine {
	schema, inner, found := strings.Cut(name, ".")
	if found {
		return s.read(s.schema.Routines[Name{schema, inner}])
	}
	list := slices.Concat(s.schema.Routines[Name{Name: name}], s.schema.Routines[Name{s.path, name}])
	if s.path == "" {
		list = s.schema.Routines[Name{Name: name}]
	}
	if len(list) == 0 && !builtin(name) {
		for n, others := range s.schema.Routines {
			if n.Name == name {
				list = append(list, others...)
			}
		}
	}
	return s.read(list)
}

// read reads the code of functions that the catalog has.
func (s *scene) read(list []*Routine) []*Routine {
	for _, f := range list {
		if f.Definition == "" {
			continue
		}
		parsed, err := s.parser.Parse(f.Definition)
		switch {
		case err != nil:
			f.Opaque = "its code cannot be read: " + err.Error()
		case len(parsed) == 1 && is(parsed[0], CreateFunction):
			f.Body, f.Opaque = parsed[0].Acts[0].Body, parsed[0].Acts[0].Opaque
		default:
			f.Opaque = "its code cannot be read"
		}
		f.Definition = ""
	}
	return list
}

// unread says what of a statement's code is not known. What is known of functions
// that it calls is judged with the call.
func unread(s *scene, st *Statement, _ Act) (string, bool) {
	for _, a := range st.Acts {
		switch {
		case a.Op == Do && a.Opaque != "":
			return a.Opaque, true
		case a.Op == CreateFunction && a.Opaque != "":
			return fmt.Sprintf("%v: %s", a.On, a.Opaque), true
		}
	}
	var strange []string
	for _, name := range st.called() {
		if why := s.strange(name); why != "" {
			strange = append(strange, why)
		}
	}
	return strings.Join(strange, "; "), len(strange) > 0
}

// strange says why it is not known what a function does that is called, or "".
func (s *scene) strange(name string) string {
	list := s.routines(name)
	for _, f := range list {
		if f.Opaque == Compiled && builtin(f.Name.Name) { // of an extension that comes with PostgreSQL
			continue
		}
		if f.Opaque != "" && !f.Calm {
			return fmt.Sprintf("%s is called: %s", name, f.Opaque)
		}
	}
	if len(list) > 0 || builtin(name) {
		return ""
	}
	return name + " is called, " + unlisted
}
