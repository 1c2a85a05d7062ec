package review

import (
	"fmt"
	"slices"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// topics are the rules of the plan, with the acts that they are about and the rules
// of ours that hold them. What no pending file does is not shown.
var topics = []struct {
	id    string
	what  string
	acts  []Op
	rules []string
}{
	{"B.2.r1", "columns added", []Op{AddColumn}, []string{"add-column-not-null"}},
	{"B.2.r2", "indexes made or dropped", []Op{CreateIndex, DropIndex}, []string{"create-index", "drop-index", "concurrently-with-others"}},
	{"B.2.r3", "statements looked through for drops and renames", nil, []string{"drop-table", "drop-column", "drop-cascade", "drop-schema", "drop-view", "drop-object", "rename-table", "rename-column", "rename-schema", "rename-object", "rename-enum-value"}},
	{"B.2.r5", "changes of rows", []Op{Update, Delete, Merge}, []string{"change-all-rows", "change-many-rows", "backfill-with-ddl", "bad-backfill"}},
}

// Evidence records what the review has shown.
func (r Review) Evidence(policy []string, seen *release.Findings) {
	all, safe, risky, unsafe := r.Count()
	if all == 0 {
		seen.Miss("B.2.v1", "no pending file, so nothing to review")
		return
	}
	open := r.Open(policy)
	seen.Show("B.2.v1", len(open) == 0, "%d statements of %d files parsed by PostgreSQL's grammar: %d safe, %d risky, %d unsafe; %d findings acknowledged, %d open",
		all, len(r.Files), safe, risky, unsafe, len(r.Acknowledged()), len(open))
	for _, t := range topics {
		n := r.done(t.acts)
		if t.acts == nil {
			n = all
		}
		if n == 0 {
			seen.Miss(t.id, "no pending file has any: %s", t.what)
			continue
		}
		seen.Show(t.id, count(open, t.rules) == 0, "%s: %d; %d acknowledged, %d open", t.what, n, count(r.Acknowledged(), t.rules), count(open, t.rules))
	}
}

func count(list []Placed, rules []string) int {
	n := 0
	for _, p := range list {
		if slices.Contains(rules, p.Rule.ID) {
			n++
		}
	}
	return n
}

// done counts the acts of some kinds.
func (r Review) done(kinds []Op) int {
	n := 0
	for _, f := range r.Files {
		for _, j := range f.Statements {
			for _, op := range j.Ops {
				if slices.Contains(kinds, op) {
					n++
				}
			}
		}
	}
	return n
}

// Rows are the table of the summary: one line for each statement that is not plainly
// safe.
func (r Review) Rows(policy []string) [][]string {
	var rows [][]string
	for _, f := range r.Files {
		for _, j := range f.Statements {
			for _, one := range j.Findings {
				rows = append(rows, []string{
					fmt.Sprintf("%s:%d", f.Path, one.Line), one.Rule.Level.String(), one.Rule.ID, one.Text(), j.Effect.String(), one.answer(policy),
				})
			}
		}
	}
	return rows
}

// Header is that of Rows.
var Header = []string{"where", "level", "rule", "what", "on tables in use", "answer"}

func (f Finding) answer(policy []string) string {
	switch {
	case f.Open(policy):
		return "open: " + f.Remedy()
	case f.Settled:
		return "settled: " + f.Reason
	case f.Waited != "":
		return "waited: " + f.Waited
	case f.Reason != "":
		return "allowed: " + f.Reason
	}
	return "-"
}
