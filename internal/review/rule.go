package review

import (
	"fmt"
	"slices"
)

// Level is how dangerous a finding is for the version that is live.
type Level int

// The levels. A note needs no answer; risky wants an acknowledgement; unsafe wants
// the policy of the configuration as well.
const (
	Safe Level = iota
	Note
	Risky
	Unsafe
)

func (l Level) String() string { return [...]string{"safe", "note", "risky", "unsafe"}[l] }

// Verdict is the level without notes: safe, risky or unsafe.
func (l Level) Verdict() Level {
	if l == Note {
		return Safe
	}
	return l
}

// Rule is one thing that the review looks for.
type Rule struct {
	ID      string
	Level   Level
	Title   string // what it finds, as a sentence without its stop
	Breaks  string // what it does to the live version
	Instead string // the safe way
	Seen    bool   // it is found in a rehearsal only
	Fails   bool   // the file would end in an error, so nobody can acknowledge it
	Style   bool   // a matter of taste: looked for only when asked
	Fresh   bool   // it counts for tables that nobody uses yet as well
	Rows    []int  // of the table of cases

	Given string // an example: what is in the database
	Bad   string // what the rule finds
	Good  string // the same end without it
	On    int    // the version of PostgreSQL of the example; 0 for all

	// spares tells, of what the rule has found, whether code that does not know of the
	// change can live with it; nil for never.
	spares func(*scene, Act) bool

	ops   []Op // the acts that it looks at; none: the statement as a whole
	holds func(*scene, *Statement, Act) (detail string, found bool)
}

// Rules is every rule, in the order of the documentation.
func Rules() []Rule { return rules }

var rules = slices.Concat(columnRules, defaultRules, constraintRules, indexRules, tableRules, objectRules, serverRules, rowRules, transactionRules, fileRules, traceRules, styleRules)

// RuleOf finds a rule by its id.
func RuleOf(id string) (Rule, bool) {
	i := slices.IndexFunc(rules, func(r Rule) bool { return r.ID == id })
	if i < 0 {
		return Rule{}, false
	}
	return rules[i], true
}

// always is a rule that every act of its kind breaks.
func always(*scene, *Statement, Act) (string, bool) { return "", true }

// where is a rule that some acts of its kind break.
func where(holds func(Act) bool) func(*scene, *Statement, Act) (string, bool) {
	return func(_ *scene, _ *Statement, a Act) (string, bool) { return "", holds(a) }
}

// on is a rule whose detail names what it found.
func on(format string, args func(Act) []any) func(*scene, *Statement, Act) (string, bool) {
	return func(_ *scene, _ *Statement, a Act) (string, bool) { return fmt.Sprintf(format, args(a)...), true }
}

func (r Rule) concerns(a Act) bool { return slices.Contains(r.ops, a.Op) }
