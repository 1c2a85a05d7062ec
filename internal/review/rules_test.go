package review_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/pgquery"
	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// parser is shared, and reads no text twice.
var parser remembering

type remembering struct {
	pgquery.Parser
	known sync.Map
}

func (r *remembering) Parse(sql string) ([]review.Statement, error) {
	if list, ok := r.known.Load(sql); ok {
		return list.([]review.Statement), nil
	}
	list, err := r.Parser.Parse(sql)
	if err == nil {
		r.known.Store(sql, list)
	}
	return list, err
}

// judge reviews one file after what is in the database.
func judge(t *testing.T, given, sql string, o review.Options) review.Review {
	t.Helper()
	return judgeIn(t, review.NewSchema("files"), given, sql, o)
}

// judgeIn is judge with what is known of the database beside the files.
func judgeIn(t *testing.T, schema *review.Schema, given, sql string, o review.Options) review.Review {
	t.Helper()
	if o.Version == 0 {
		o.Version = 15
	}
	backfills, _ := migration.Backfills(sql) // an example may be no SQL
	files := []review.File{{Path: "1_given.up.sql", SQL: given, Applied: true}, {Path: "2_new.up.sql", SQL: sql, Backfills: backfills}}
	r, err := review.Run(&parser, files, schema, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// small is a database whose table roles has few rows.
func small() *review.Schema {
	s := review.NewSchema("catalog")
	t := review.NewTable()
	t.Rows, t.Columns = 500, map[string]*review.Fact{"id": {NotNull: true}, "name": {}}
	t.Constraints["roles_pkey"] = review.Constraint{Kind: review.Primary, Columns: []string{"id"}}
	s.Tables[review.Name{Name: "roles"}] = t
	return s
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

func ids(r review.Review) []string {
	var all []string
	for _, f := range r.Findings() {
		all = append(all, f.Rule.ID)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func TestEveryRuleFindsItsBadExampleAndNotItsGoodOne(t *testing.T) {
	t.Parallel()
	for _, rule := range review.Rules() {
		if rule.ID == "migration-file" || rule.Seen {
			continue // the folder's, or a rehearsal's, not a statement's: see internal/migration, lint's script and the tests of actions/migrate
		}
		t.Run(rule.ID, func(t *testing.T) {
			t.Parallel()
			o := review.Options{Version: rule.On, Style: true, LockTimeout: 100 * time.Millisecond}
			if rule.ID == "no-lock-timeout" {
				o.LockTimeout = 0
			}
			judged := func(sql string) review.Review {
				if rule.ID == "delete-rows" { // the size of a table is in no file
					return judgeIn(t, small(), "", sql, o)
				}
				return judge(t, rule.Given, sql, o)
			}
			if found := ids(judged(rule.Bad)); !slices.Contains(found, rule.ID) {
				t.Errorf("not found in\n%s\nonly %v", rule.Bad, found)
			}
			good := judged(rule.Good)
			if found := ids(good); slices.Contains(found, rule.ID) || rule.ID != "syntax-error" && slices.Contains(found, "syntax-error") {
				t.Errorf("found %v in\n%s", found, rule.Good)
			}
		})
	}
}

func TestRulesAreWholeSentencesAndUnique(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range review.Rules() {
		if seen[r.ID] || r.Title == "" || r.Breaks == "" || r.Instead == "" || r.Bad == "" || r.Good == "" || r.Level == review.Safe {
			t.Errorf("%s: twice, or a field is missing: %+v", r.ID, r)
		}
		seen[r.ID] = true
	}
}
