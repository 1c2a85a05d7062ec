package runnertest_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bluegreen-actions/bluegreen/internal/runner/runnertest"
)

// TestTheHostileTextWouldWork shows that the reader is worth something: printed
// as it is, the table is full of commands, and written as it is, of outputs.
func TestTheHostileTextWouldWork(t *testing.T) {
	t.Parallel()
	commands, outputs := 0, 0
	table := runnertest.Hostile()
	for _, text := range table {
		found, _ := runnertest.Read(text)
		commands += len(found)
		if all, err := runnertest.Outputs(text + "\n"); err == nil && all["approved"] == "true" {
			outputs++
		}
	}
	if len(table) < 60 || commands < 15 || outputs < 2 {
		t.Errorf("%d strings, %d commands, %d outputs", len(table), commands, outputs)
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	commands, lines := runnertest.Read("one\n ::error title=a%3Ab,line=3::x%0Ay%25\ntwo ##[group name=a;b=c]in::side\rthree ::\n")
	want := []runnertest.Command{
		{Name: "error", Properties: map[string]string{"title": "a:b", "line": "3"}, Data: "x\ny%"},
		{Name: "group", Properties: map[string]string{"name": "a", "b": "c"}, Data: "in::side"},
	}
	if diff := cmp.Diff(want, commands); diff != "" {
		t.Error(diff)
	}
	if !slices.Equal(lines, []string{"one", "three ::", ""}) {
		t.Errorf("lines %q", lines)
	}
}

func TestOutputs(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text string
		want map[string]string // nil means that the runner refuses the file
	}{
		"nothing":                     {"", map[string]string{}},
		"the plain form":              {"a=b=c\n\nd=e", map[string]string{"a": "b=c", "d": "e"}},
		"the heredoc form":            {"a<<X\n1\n\n2\nX\nb<<Y\nY\n", map[string]string{"a": "1\n\n2", "b": ""}},
		"the plain form with a <<":    {"a=b<<c\n", map[string]string{"a": "b<<c"}},
		"a delimiter with an =":       {"a<<x=y\n1\nx=y\n", map[string]string{"a": "1"}},
		"the last of two counts":      {"a=1\na=2\n", map[string]string{"a": "2"}},
		"a delimiter that is missing": {"a<<X\n1\n", nil},
		"a delimiter that is empty":   {"a<<\n\n", nil},
		"a name that is empty":        {"<<X\n1\nX\n", nil},
		"a line that is neither":      {"a\n", nil},
	}
	for name, tt := range tests {
		got, err := runnertest.Outputs(tt.text)
		if (err != nil) != (tt.want == nil) || !cmp.Equal(got, tt.want) {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}
