package review

import (
	"slices"
	"strings"
)

// removals are the rules about what takes a shape of the database away. They harm
// only code that still uses it: a contract migration, which has waited until no such
// code can run any more, may do it. What they lock and read is judged all the same.
var removals = []string{
	"drop-column", "drop-table", "drop-schema", "drop-view", "drop-object", "drop-constraint", "drop-foreign-key", "drop-trigger", "drop-not-null",
	"rename-column", "rename-table", "rename-table-behind-view", "rename-schema", "rename-object", "rename-enum-value",
}

// demands are the rules about what code that does not know of the change may fail
// at, or read wrongly, from then on. A file without any of them and of the removals
// only expands.
var demands = []string{
	"add-column-not-null", "add-column-unique", "add-primary-key", "add-unique", "new-unique-index", "add-exclusion", "add-check", "add-check-not-valid",
	"add-foreign-key", "add-foreign-key-not-valid", "change-primary-key", "alter-domain", "rename-inner", "detach-partition",
	"set-not-null", "set-not-null-at-once", "drop-default", "drop-default-at-once", "drop-default-nullable", "set-expression", "alter-type-rewrite", "alter-type-unknown", "alter-type-reindex", "alter-type-timezone", "alter-type-metadata",
	"change-all-rows", "change-many-rows", "delete-rows", "no-triggers", "truncate", "drop-cascade", "create-trigger", "replace-view", "add-enum-value", "replace-function",
	"alter-function", "change-sequence", "row-security", "revoke", "shut-out", "session-default", "unread-code", "unknown-statement",
}

// removes tells whether the rule is about a shape that is taken away.
func (r Rule) removes() bool { return slices.Contains(removals, r.ID) }

// place says of the findings of a file where such statements belong, and which of
// them its wait has answered.
func (j *Judged) place(f File, contract string) {
	for i := range j.Findings {
		if !j.Findings[i].Rule.removes() {
			continue
		}
		if f.Waited != "" {
			j.Findings[i].Waited = f.Waited
		} else {
			j.Findings[i].Belongs = contract
		}
	}
}

// Breaks are the ids of the rules by which a file is more than an expansion, be they
// acknowledged or not, and change-many-rows for a backfill that changes columns which
// were there before: none means that the version before can live with it.
func (r Review) Breaks(path string) []string {
	ids := []string{}
	for _, f := range r.Files {
		if f.Path == path && slices.ContainsFunc(f.Statements, func(j Judged) bool { return j.overwrites }) {
			ids = append(ids, "change-many-rows")
		}
	}
	for _, p := range r.Findings() {
		if p.Path == path && !p.spared && (p.Rule.removes() || slices.Contains(demands, p.Rule.ID) || p.Rule.Fails || p.Rule.changes()) {
			ids = append(ids, p.Rule.ID)
		}
	}
	slices.SortFunc(ids, strings.Compare)
	return slices.Compact(ids)
}
