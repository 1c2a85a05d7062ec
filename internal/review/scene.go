package review

import (
	"slices"
	"strings"
)

// scene is what is known at one place of a file.
type scene struct {
	parser  Parser
	schema  *Schema
	options Options

	count    int             // statements of the file
	wrapped  bool            // the file is in one BEGIN and COMMIT
	later    []Name          // views that the file makes
	filled   map[column]bool // columns that have a default when the file is done
	loosened map[column]bool // columns that the file lets be null
	held     []held          // strong locks on tables in use, of this transaction
	now      Effect          // of this statement
	inside   int             // BEGINs that are open
	notValid map[string]bool // constraints of this transaction
	values   map[string]Name // enum values of this transaction
	made     []Name          // enums of this transaction
	altered  map[Name]int    // statements that altered a table
	timed    bool            // a lock timeout was set
	utc      bool
	path     string            // first schema of the search path
	followed map[*Routine]bool // from the statement that is judged
}

// column is a column of a table.
type column struct {
	on   Name
	name string
}

// held is a lock that an earlier statement has taken.
type held struct {
	Lock
	line int
	what string
}

// begin is the scene at the beginning of a file.
func (r *reviewer) begin(statements []Statement) *scene {
	s := &scene{
		parser: r.parser, schema: r.schema, options: r.options, count: len(statements), utc: r.schema.UTC,
		altered: map[Name]int{}, filled: map[column]bool{}, loosened: map[column]bool{},
	}
	s.transaction()
	s.wrapped = wrapped(statements)
	for _, st := range statements {
		for _, a := range st.Acts {
			if a.Op == CreateView {
				s.later = append(s.later, a.On)
			}
			if fills := a.Op == ChangeDefault || a.Fills; fills || a.Op == DropDefault {
				s.filled[column{a.On, a.Column}] = fills
			}
			if a.Op == DropNotNull {
				s.loosened[column{a.On, a.Column}] = true
			}
		}
	}
	return s
}

// wrapped tells whether a BEGIN and a COMMIT are around a file, and no other is inside.
func wrapped(statements []Statement) bool {
	edges := 0
	for _, st := range statements {
		if is(st, Begin) || is(st, Commit) || is(st, Rollback) {
			edges++
		}
	}
	n := len(statements)
	return edges == 2 && is(statements[0], Begin) && is(statements[n-1], Commit)
}

func is(st Statement, op Op) bool { return len(st.Acts) == 1 && st.Acts[0].Op == op }

// transaction forgets what the end of a transaction ends.
func (s *scene) transaction() {
	s.held, s.made = nil, nil
	s.notValid, s.values = map[string]bool{}, map[string]Name{}
}

func (s *scene) holds(on Name) bool {
	return slices.ContainsFunc(s.held, func(h held) bool { return h.On == on })
}

// resolve gives names without a schema the first one of the search path.
func (s *scene) resolve(st *Statement) {
	if s.path == "" {
		return
	}
	for i := range st.Acts {
		a := &st.Acts[i]
		if n := s.find(a.On); !a.creates() || n == a.On {
			a.On = n
		} else if a.On.Schema == "" {
			a.On.Schema = s.path
		}
		for j := range a.Others {
			a.Others[j] = s.find(a.Others[j])
		}
		for j := range a.Constraints {
			a.Constraints[j].Ref = s.find(a.Constraints[j].Ref)
		}
		if a.Constraint != nil {
			a.Constraint.Ref = s.find(a.Constraint.Ref)
		}
	}
}

// find is where the search path leads a name without a schema: to the first schema,
// unless only public has it.
func (s *scene) find(n Name) Name {
	first := Name{s.path, n.Name}
	if n.Name == "" || n.Schema != "" || s.schema.has(n) && !s.schema.has(first) {
		return n
	}
	return first
}

// enter works out what a statement does, before it is judged.
func (s *scene) enter(st *Statement) {
	s.resolve(st)
	s.now = Effect{}
	for _, a := range st.Acts {
		if a.Op != Do {
			s.now.Join(s.effect(a))
		}
	}
}

// leave remembers what a statement has done, for those that follow.
func (s *scene) leave(st *Statement) {
	for _, l := range s.now.Locks {
		if l.Mode.Strong() && !s.holds(l.On) && !st.concurrent() {
			s.held = append(s.held, held{l, st.Line, strings.ToUpper(string(st.Acts[0].Op))})
		}
	}
	for _, a := range st.Acts {
		s.remember(a)
	}
	s.schema.Replay(*st, true)
}

func (st *Statement) concurrent() bool {
	return slices.ContainsFunc(st.Acts, func(a Act) bool { return a.Concurrently })
}

func (s *scene) remember(a Act) {
	switch a.Op {
	case Begin:
		s.inside++
	case Commit, Rollback:
		s.inside = 0
		s.transaction()
	case AddConstraint:
		if a.Constraint.NotValid {
			s.notValid[a.On.String()+" "+constraintName(a.On, *a.Constraint)] = true
		}
	case CreateEnum:
		s.made = append(s.made, a.On)
	case AddEnumValue:
		if s.options.Version < 17 || !slices.Contains(s.made, a.On) {
			s.values[a.To] = a.On // 17 lets a transaction use what it adds to an enum of its own
		}
	case RenameTable, SetSchema:
		for i := range s.held {
			if s.held[i].On == a.On {
				s.held[i].On = a.Moved()
			}
		}
	case AddColumn:
		s.altered[a.On]++
	case Set:
		s.set(a)
	}
}

func (s *scene) set(a Act) {
	switch a.Called {
	case "lock_timeout":
		s.timed = true
	case "timezone":
		s.utc = strings.EqualFold(a.To, "UTC")
	case "search_path":
		first, _, _ := strings.Cut(a.To, ",")
		if s.path = strings.Trim(strings.TrimSpace(first), `"`); s.path == "public" {
			s.path = ""
		}
	}
}

// plain are types whose columns need no rewrite: PostgreSQL's own, and those of
// extensions that are common.
var plain = strings.Fields(`bool int2 int4 int8 float4 float8 numeric money text varchar bpchar char name bytea uuid json jsonb xml
	date time timetz timestamp timestamptz interval bit varbit inet cidr macaddr macaddr8 oid regclass regproc
	point line lseg box path polygon circle tsvector tsquery int4range int8range numrange tsrange tstzrange daterange
	int4multirange int8multirange nummultirange tsmultirange tstzmultirange datemultirange pg_lsn xid txid_snapshot jsonpath
	serial bigserial smallserial serial2 serial4 serial8 citext hstore ltree geometry geography vector halfvec`)

// knows tells whether a type is one that is known to be no domain with a constraint.
func (s *scene) knows(t Type) bool {
	_, domain := s.schema.Domains[t.Name]
	if domain || s.schema.Enums[t.Name] || t.Name.Schema == "" && slices.Contains(plain, t.Name.Name) {
		return true
	}
	return s.schema.Complete // the catalog lists its domains
}
