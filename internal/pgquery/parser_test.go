package pgquery_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/pgquery"
	"github.com/bluegreen-actions/bluegreen/internal/review"
)

func TestStatementsHaveTheirLineTextAndComments(t *testing.T) {
	t.Parallel()
	var p pgquery.Parser
	list, err := p.Parse("-- one\n/* two\n   three */\nCREATE TABLE ä (b int); -- four\n\n  ALTER TABLE ä\n    ADD COLUMN c int,\n    DROP d\n;\n;")
	if err != nil || len(list) != 2 {
		t.Fatal(list, err)
	}
	if s := list[0]; s.Line != 4 || s.Text != "CREATE TABLE ä (b int)" || len(s.Comments) != 3 || s.Comments[2] != (review.Comment{Line: 3, Text: "three"}) {
		t.Errorf("%+v", s)
	}
	if s := list[1]; s.Line != 6 || len(s.Acts) != 2 || s.Acts[0].Line != 7 || s.Comments[0].Text != "four" {
		t.Errorf("%+v", s)
	}
}

func TestWhatIsNoSQLIsRefusedWithItsLineAndTheParserGoesOn(t *testing.T) {
	t.Parallel()
	var p pgquery.Parser
	for sql, want := range map[string]review.SyntaxError{
		"SELECT 1;\nSELECT from from;":    {Line: 2, Message: `syntax error at or near "from"`},
		"SELECT 1;\n\nSELECT 'a":          {Line: 3, Message: `unterminated quoted string at or near "'a"`},
		"ALTER TABLE ö\nADD COLUM x int":  {Line: 2, Message: `syntax error at or near "int"`},
		"SELECT 1;\nSELECT \x00 1;":       {Line: 2, Message: "a zero byte"},
		"DO $$ BEGIN":                     {Line: 1, Message: `unterminated dollar-quoted string at or near "$$ BEGIN"`},
		"\\connect other\nCREATE TABLE a": {Line: 1, Message: `syntax error at or near "\"`},
	} {
		_, err := p.Parse(sql)
		if got, ok := errors.AsType[*review.SyntaxError](err); !ok || *got != want {
			t.Errorf("%q: %v, want %v", sql, err, &want)
		}
		if list, err := p.Parse("SELECT 1"); err != nil || len(list) != 1 {
			t.Errorf("after %q: %v", sql, err)
		}
	}
}

func TestCodeOfBlocksAndFunctionsIsReadAsFarAsItIsStatic(t *testing.T) {
	t.Parallel()
	var p pgquery.Parser
	tests := map[string]struct {
		sql    string
		body   int // statements
		line   int // of the first
		opaque string
	}{
		"a block":                 {"\nDO $$\nBEGIN\n  DROP TABLE a;\n  UPDATE b SET c = 1;\nEND $$", 2, 4, ""},
		"a branch":                {"DO $$ BEGIN IF true THEN DROP TABLE a; ELSE DROP TABLE b; END IF; END $$", 2, 1, ""},
		"a constant":              {"DO $$ BEGIN\nEXECUTE 'DROP TABLE a; DROP TABLE b'; END $$", 2, 2, ""},
		"dynamic SQL":             {"DO $$ BEGIN EXECUTE 'DROP TABLE ' || 'a'; END $$", 0, 0, "it runs SQL that it puts together"},
		"a commit":                {"DO $$ BEGIN COMMIT; END $$", 0, 0, "it ends transactions"},
		"a body with a mistake":   {"DO $$ BEGIN DROP TABLE a END $$", 0, 0, "its body cannot be read"},
		"an undeclared name":      {"DO $$ BEGIN FOR r IN SELECT 1 LOOP DROP TABLE a; END LOOP; END $$", 0, 0, "its body cannot be read"},
		"another language":        {"DO LANGUAGE plpython3u $$ x $$", 0, 0, "its language is plpython3u"},
		"a function":              {"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\nDELETE FROM a; RETURN NEW; END $$", 1, 3, ""},
		"a function in SQL":       {"CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'DELETE FROM a; SELECT 1'", 2, 1, ""},
		"an atomic function":      {"CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; DELETE FROM a; END", 2, 1, ""},
		"a function of one value": {"CREATE FUNCTION f() RETURNS int RETURN g()", 1, 1, ""},
		"values":                  {"DO $$ DECLARE x int := f(); BEGIN\nIF f(1) > 0 THEN x := g(); END IF;\nWHILE g() LOOP x = 1; END LOOP; END $$", 4, 1, ""},
		"values without a call":   {"DO $$ DECLARE x int := 1; BEGIN x := x + 1; IF x > 2 THEN DROP TABLE a; END IF; END $$", 1, 1, ""},
		"a loop over rows":        {"DO $$ DECLARE r record; BEGIN\nFOR r IN DELETE FROM a RETURNING * LOOP\nDROP TABLE b; END LOOP; END $$", 2, 2, ""},
		"a loop over dynamic SQL": {"DO $$ DECLARE r record; BEGIN FOR r IN EXECUTE 'DELETE ' || 'a' LOOP DROP TABLE b; END LOOP; END $$", 1, 1, "it runs SQL that it puts together"},
		"a cursor":                {"DO $$ DECLARE c CURSOR FOR SELECT f(); BEGIN OPEN c; END $$", 1, 1, ""},
		"a cursor of dynamic SQL": {"DO $$ DECLARE c refcursor; BEGIN OPEN c FOR EXECUTE 'a' || 'b'; END $$", 0, 0, "it runs SQL that it puts together"},
		"rows of dynamic SQL":     {"CREATE FUNCTION f() RETURNS SETOF int LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY SELECT 1; RETURN QUERY EXECUTE 'a' || 'b'; END $$", 1, 1, "it runs SQL that it puts together"},
		"a part of an array":      {"DO $$ DECLARE a int[]; BEGIN a[f()] := g(); END $$", 1, 1, ""},
		"a handler":               {"DO $$ BEGIN\nDROP TABLE a;\nEXCEPTION WHEN others THEN DROP TABLE b; END $$", 2, 2, ""},
		"the rest of a case":      {"DO $$ BEGIN CASE 1 WHEN 2 THEN DROP TABLE a; ELSE DROP TABLE b; END CASE; END $$", 3, 1, ""},
		"a function in C":         {"CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'a', 'b'", 0, 0, ""},
		"a block in an E quote":   {`DO E'BEGIN\nDROP TABLE a; END'`, 0, 0, "its body is not written in one piece"},
	}
	for name, tt := range tests {
		list, err := p.Parse(tt.sql)
		if err != nil || len(list) != 1 || len(list[0].Acts) != 1 {
			t.Errorf("%s: %+v %v", name, list, err)
			continue
		}
		a := list[0].Acts[0]
		if len(a.Body) != tt.body || !strings.HasPrefix(a.Opaque, tt.opaque) || (tt.opaque == "") != (a.Opaque == "") {
			t.Errorf("%s: %d statements, opaque %q", name, len(a.Body), a.Opaque)
		}
		if tt.line > 0 && len(a.Body) > 0 && a.Body[0].Line != tt.line {
			t.Errorf("%s: line %d, want %d", name, a.Body[0].Line, tt.line)
		}
	}
}

func TestManyTextsAreReadAtOnce(t *testing.T) {
	t.Parallel()
	var p pgquery.Parser
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for range 20 {
				if list, err := p.Parse("SELECT 1; SELECT 2"); err != nil || len(list) != 2 {
					t.Error(list, err)
				}
			}
		})
	}
	wait.Wait()
}

func TestATextThatIsTooLargeIsRefusedAndTheParserGoesOn(t *testing.T) {
	t.Parallel()
	var p pgquery.Parser
	if _, err := p.Parse(strings.Repeat(" ", 257<<20)); err == nil {
		t.Error("257 MB were read")
	}
	if _, err := p.Parse("SELECT " + strings.Repeat("(", 5000) + "1" + strings.Repeat(")", 5000)); err == nil {
		t.Log("5000 brackets were read")
	}
	if list, err := p.Parse("SELECT 1"); err != nil || len(list) != 1 {
		t.Error(list, err)
	}
}

// BenchmarkStart is what the first text of a process costs.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		var p pgquery.Parser
		if _, err := p.Parse("SELECT 1"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFiles reads 400 files of the usual size, one after the other.
func BenchmarkFiles(b *testing.B) {
	file := strings.Repeat("ALTER TABLE campaigns ADD COLUMN metadata jsonb DEFAULT '{}';\nCREATE INDEX CONCURRENTLY campaigns_status ON campaigns (status, created_at) WHERE status <> 'done';\n", 8)
	var p pgquery.Parser
	for b.Loop() {
		began := time.Now()
		for range 400 {
			if _, err := p.Parse(file); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(400*len(file))/1024/time.Since(began).Seconds(), "KB/s")
		b.ReportMetric(time.Since(began).Seconds(), "s/400-files")
	}
}
