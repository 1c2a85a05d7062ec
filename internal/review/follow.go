package review

import (
	"slices"
	"strings"
)

// judge looks at a statement, and at what it runs, in its order.
func (s *scene) judge(st *Statement) ([]Finding, Effect) {
	s.followed = map[*Routine]bool{}
	return s.follow(st)
}

func (s *scene) follow(st *Statement) ([]Finding, Effect) {
	s.enter(st)
	found, effect := s.look(st), s.now
	for _, a := range st.Acts {
		if a.Op == Do {
			more, does := s.body(a.Body)
			found = append(found, more...)
			effect.Join(does)
		}
	}
	more, does := s.within(st)
	effect.Join(does)
	s.now = effect
	s.leave(st)
	return append(found, more...), effect
}

func (s *scene) body(list []Statement) (found []Finding, effect Effect) {
	for _, inner := range list {
		inner.Acts = slices.Clone(inner.Acts)
		more, does := s.follow(&inner)
		found = append(found, more...)
		effect.Join(does)
	}
	return found, effect
}

// within judges the functions that a statement runs and whose code is known. Each is
// followed once from a statement, which ends those that call themselves. Its findings
// have the line of the call, since its code may stand in another file, or in none.
func (s *scene) within(st *Statement) (found []Finding, effect Effect) {
	for _, name := range st.called() {
		for _, f := range s.routines(name) {
			if s.followed[f] {
				continue
			}
			s.followed[f] = true
			more, does := s.body(f.Body)
			for i := range more {
				more[i].Line = st.Line
				more[i].Detail = strings.TrimPrefix(more[i].Detail+", in "+f.Name.String(), ", ")
			}
			found = append(found, more...)
			effect.Join(does)
		}
	}
	return found, effect
}

// code judges only the functions that a statement calls: a backfill's own rows and
// locks are kept in bounds.
func (s *scene) code(st *Statement) ([]Finding, Effect) {
	s.followed = map[*Routine]bool{}
	found, effect := s.within(st)
	if detail, strange := unread(s, st, Act{}); strange {
		rule, _ := RuleOf("unread-code")
		found = append(found, Finding{Rule: rule, Line: st.Line, Detail: detail})
	}
	return found, effect
}
