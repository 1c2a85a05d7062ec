package migration_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// theatre is a Stage in memory, and each of its Scratches.
type theatre struct {
	calls []string
	fail  map[string]error // by call, once
	shape migration.Shape
	size  release.Size
	held  []time.Duration // by the files that go up, one after the other
}

func (s *theatre) call(text string) error {
	s.calls = append(s.calls, text)
	err := s.fail[text]
	delete(s.fail, text)
	return err
}

func (s *theatre) Size(context.Context) (release.Size, error) { return s.size, nil }
func (s *theatre) Open(context.Context, migration.Source, release.ID) (migration.Scratch, error) {
	s.shape = migration.Shape{}
	return s, s.call("open")
}
func (s *theatre) Where() (string, string, []string) { return "a theatre", "15.4", []string{"a note"} }
func (s *theatre) Shape(context.Context) (migration.Shape, error) {
	all := migration.Shape{}
	for name, text := range s.shape {
		all[name] = text
	}
	return all, nil
}
func (s *theatre) Holdings(context.Context, migration.Holdings) (migration.Holdings, error) {
	return migration.Holdings{}, nil
}
func (s *theatre) Rows(_ context.Context, like map[string]migration.Rows) (map[string]migration.Rows, error) {
	return like, nil
}
func (s *theatre) Up(_ context.Context, step migration.Step) (migration.Trace, error) {
	s.shape["table "+step.Up.Name] = step.Up.Script.Text
	trace := migration.Trace{Exact: true}
	if len(s.held) > 0 {
		trace.Statements, s.held = []migration.Traced{{Held: s.held[0]}}, s.held[1:]
	}
	return trace, s.call("up " + step.Up.Name)
}
func (s *theatre) Down(_ context.Context, step migration.Step) (migration.Trace, error) {
	delete(s.shape, "table "+step.Up.Name)
	return migration.Trace{Exact: true}, s.call("down " + step.Down.Name)
}
func (s *theatre) Fill(_ context.Context, f migration.Fill) (migration.Filling, error) {
	return nil, s.call(fmt.Sprintf("fill %v", f.Table))
}
func (s *theatre) Line(context.Context, migration.Source) (migration.Scratch, error) {
	return nil, errors.New("no contract file was expected")
}
func (s *theatre) Close(ctx context.Context) error {
	if ctx.Err() != nil {
		return errors.New("closed by a context that has ended")
	}
	return s.call("close")
}

var twoBack = map[string]string{"1_a.up.sql": "CREATE TABLE a ()", "1_a.down.sql": "DROP TABLE a", "2_b.up.sql": "CREATE TABLE b ()", "2_b.down.sql": "DROP TABLE b"}

func rehearse(t *testing.T, ctx context.Context, stage *theatre, files map[string]string) (migration.Rehearsal, error) {
	t.Helper()
	s := settings(t, files)
	s.Rehearsal = migration.Rehearsals{Image: "postgres:15", Data: migration.Backup, MaxSize: 1e9, Jobs: 1, Timeout: time.Hour}
	p, err := migration.Look(t.Context(), s, newDatabase(t, migration.None))
	if err != nil {
		t.Fatal(err)
	}
	return migration.Rehearse(ctx, s, migration.Systems{Stage: stage}, p, migration.Contract{}, nil, "shop-1")
}

func TestAFileThatDoesNotComeBackIsFollowedOnANewScratchDatabase(t *testing.T) {
	t.Parallel()
	first := []string{"open", "up 1_a.up.sql", "down 1_a.down.sql"}
	for name, c := range map[string]struct {
		fail  map[string]error
		calls []string
		said  string
	}{
		"all is well": {nil, append(slices.Clone(first), "up 1_a.up.sql", "up 2_b.up.sql", "down 2_b.down.sql", "up 2_b.up.sql", "close"), ""},
		"down ends in an error": {map[string]error{"down 1_a.down.sql": errors.New("no such table")},
			append(slices.Clone(first), "close", "open", "up 1_a.up.sql", "up 2_b.up.sql", "down 2_b.down.sql", "up 2_b.up.sql", "close"), "1_a.down.sql ended in an error: no such table"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stage := &theatre{fail: c.fail}
			r, err := rehearse(t, t.Context(), stage, twoBack)
			if err != nil || !slices.Equal(stage.calls, c.calls) || r.Proofs[0].Difference != c.said || !r.Proofs[1].Reversible() || !slices.Equal(r.Notes, []string{"a note"}) {
				t.Errorf("%v\n%q\n%q\n%+v", err, stage.calls, c.calls, r)
			}
		})
	}
}

// TestAPauseOfTheServerIsNotTheFiles has a file that holds its locks for less when it goes
// up a second time, and one for more.
func TestAPauseOfTheServerIsNotTheFiles(t *testing.T) {
	t.Parallel()
	stage := &theatre{held: []time.Duration{3 * time.Second, time.Second, time.Second, 2 * time.Second}}
	r, err := rehearse(t, t.Context(), stage, twoBack)
	if err != nil || len(stage.held) > 0 || r.Files[0].Up.Statements[0].Held != time.Second || r.Files[1].Up.Statements[0].Held != time.Second {
		t.Errorf("%v %+v", err, r.Files)
	}
}

func TestAScratchDatabaseIsRemovedWhateverHappens(t *testing.T) {
	t.Parallel()
	gone := release.CannotTell("look", "the server has gone")
	for name, c := range map[string]struct {
		fail   map[string]error
		status int
	}{
		"a file does not go up":             {map[string]error{"up 1_a.up.sql": errors.New("syntax error")}, 1},
		"the server goes while one is down": {map[string]error{"down 2_b.down.sql": gone}, 3},
		"nothing":                           {nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stage := &theatre{fail: c.fail}
			if _, err := rehearse(t, t.Context(), stage, twoBack); release.ExitStatus(err) != c.status || stage.calls[len(stage.calls)-1] != "close" {
				t.Errorf("%v, %q", err, stage.calls)
			}
		})
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	stage := &theatre{fail: map[string]error{"close": errors.New("no answer")}}
	cancel(errors.New("cancelled by hand"))
	stage.fail["up 1_a.up.sql"] = ctx.Err()
	r, err := rehearse(t, ctx, stage, twoBack)
	if err == nil || !strings.Contains(err.Error(), "cancelled by hand") || len(r.Notes) != 2 || !strings.Contains(r.Notes[1], "the next rehearsal does it: no answer") {
		t.Errorf("%v, %q", err, r.Notes)
	}
}

func TestALookBehindAStatementChangesNoLine(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]string{
		"SELECT 1; -- one\nSELECT ';' -- two":      "SELECT 1; L0;; -- one\nSELECT ';'; L1; -- two",
		"/* a */ SELECT $$;$$":                     "/* a */ SELECT $$;$$; L0;",
		"BEGIN;\nCREATE TABLE a ();\nCOMMIT;":      "BEGIN; L0;;\nCREATE TABLE a (); L1;;\nCOMMIT; L2;;",
		"CREATE FUNCTION f() RETURNS int RETURN 1": "CREATE FUNCTION f() RETURNS int RETURN 1; L0;",
	} {
		script, err := migration.ParseScript(sql)
		if err != nil {
			t.Fatal(err)
		}
		if have := script.Woven(func(i int) string { return "L" + string(rune('0'+i)) + ";" }); have != want {
			t.Errorf("%s\nhave %s\nwant %s", sql, have, want)
		}
	}
}

func TestATraceIsOneLine(t *testing.T) {
	t.Parallel()
	users := review.Name{Name: "users"}
	trace := migration.Trace{Exact: true, Statements: []migration.Traced{
		{Effect: review.Effect{Locks: []review.Lock{{On: users, Mode: review.Share}}}, Held: 3 * time.Second},
		{Effect: review.Effect{Locks: []review.Lock{{On: users, Mode: review.AccessExclusive}}, Rewrites: []review.Name{users}}, Held: time.Second},
		{Rows: []review.Touched{{On: users, Read: 9, Added: 8, Changed: 4}, {On: review.Name{Name: "notes"}, Changed: 3}}},
	}}
	if have, want := trace.String(), "ACCESS EXCLUSIVE on users, rewrites users, held for 3s, 7 rows updated or deleted"; have != want {
		t.Errorf("have %s, want %s", have, want)
	}
}
