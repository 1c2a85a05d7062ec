package pgquery_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/pgquery"
	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// tricky are texts in which it is hard to see where a statement ends.
var tricky = []string{
	"SELECT 1", ";;SELECT 1;;", "-- only a comment", "SELECT 'a;b'; SELECT 2", "SELECT E'a\\';b'; SELECT 2", "SELECT $$;$$; SELECT $a$ $$ ; $a$",
	"CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 1 END; END; SELECT 2",
	"CREATE RULE r AS ON INSERT TO a DO (SELECT 1; SELECT 2); SELECT 3", "/* a /* b; */ ; */ SELECT 1; SELECT 2", `SELECT ";"; SELECT 2`,
	"SELECT 1 -- a;\n; SELECT 2", "DO $$ BEGIN NULL; END $$; SELECT 1", "SELECT U&'\\0061;'; SELECT 1", "SELECT B'1'; SELECT X'ff'; SELECT $1", "SELECT 'a'\n'b;'; SELECT 2",
	"BEGIN; SELECT 1; COMMIT; SELECT 2", "SELECT a[1:2]; SELECT (1;", "SELECT 'a", "SELECT $$a", "/* a",
}

// TestTheScannerOfMigrationsAgreesWithTheGrammar holds the small scanner, which
// knows how a file may be run, to the grammar: they see the same statements in the
// same lines, and where the grammar reads a text the scanner does.
func TestTheScannerOfMigrationsAgreesWithTheGrammar(t *testing.T) {
	t.Parallel()
	texts := slices.Clone(tricky)
	for _, r := range review.Rules() {
		texts = append(texts, r.Given, r.Bad, r.Good)
	}
	files, err := filepath.Glob("../../examples/mailblast/backend/migrations/*.sql")
	contracts, err2 := filepath.Glob("../../examples/mailblast/backend/migrations/contract/*.sql")
	if err := errors.Join(err, err2); err != nil || len(files) == 0 || len(contracts) == 0 {
		t.Fatal(files, contracts, err)
	}
	for _, path := range append(files, contracts...) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	var p pgquery.Parser
	for _, text := range texts {
		agree(t, &p, text)
	}
}

func agree(t *testing.T, p *pgquery.Parser, text string) {
	t.Helper()
	list, err := p.Parse(text)
	if _, syntax := errors.AsType[*review.SyntaxError](err); syntax {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	ours, err := migration.Lines(text)
	if err != nil {
		t.Errorf("%q: the scanner says %v", text, err)
		return
	}
	var theirs []int
	for _, s := range list {
		theirs = append(theirs, s.Line)
	}
	if !slices.Equal(ours, theirs) {
		t.Errorf("%q: the scanner sees statements in lines %v, the grammar in %v", text, ours, theirs)
	}
}

// FuzzScanner looks for texts that the two read differently.
func FuzzScanner(f *testing.F) {
	for _, text := range tricky {
		f.Add(text)
	}
	var p pgquery.Parser
	f.Fuzz(func(t *testing.T, text string) { agree(t, &p, text) })
}
