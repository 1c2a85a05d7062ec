package runner_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/bluegreen-actions/bluegreen/internal/runner"
	"github.com/bluegreen-actions/bluegreen/internal/runner/runnertest"
)

func TestAnnotations(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		annotation runner.Annotation
		want       runnertest.Command
	}{
		"an error": {
			runner.Annotation{Level: runner.Error, Title: "shift: no", Text: "a, b: 50%\n→ do c"},
			runnertest.Command{Name: "error", Properties: map[string]string{"title": "shift: no"}, Data: "a, b: 50%\n→ do c"},
		},
		"a warning at a place": {
			runner.Annotation{Level: runner.Warning, Title: "t", Text: "x", File: "db/1,2.sql", Line: 7},
			runnertest.Command{Name: "warning", Properties: map[string]string{"title": "t", "file": "db/1,2.sql", "line": "7"}, Data: "x"},
		},
		"a notice": {
			runner.Annotation{Level: runner.Notice, Title: "t", Text: "x"},
			runnertest.Command{Name: "notice", Properties: map[string]string{"title": "t"}, Data: "x"},
		},
		"a level that nobody knows is a notice": {
			runner.Annotation{Level: "fatal", Title: "t", Text: "x"},
			runnertest.Command{Name: "notice", Properties: map[string]string{"title": "t"}, Data: "x"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStep(t)
			s.Annotate(tt.annotation)
			commands, _ := runnertest.Read(s.log.String())
			if diff := cmp.Diff([]runnertest.Command{tt.want}, commands); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestHostileAnnotationsStayOneAnnotation(t *testing.T) {
	t.Parallel()
	for name, text := range runnertest.Hostile() {
		s := newStep(t)
		s.Annotate(runner.Annotation{Level: runner.Error, Title: "t" + text, Text: text, File: "f" + text})
		commands, lines := runnertest.Read(s.log.String())
		if len(commands) != 1 || strings.Join(lines, "") != "" {
			t.Errorf("%s: commands %+v, lines %q", name, commands, lines)
		}
		if c := commands[0]; c.Name != "error" || c.Properties["title"] != strings.TrimRight("t"+text, " \t") || c.Data != text {
			t.Errorf("%s: %q became %+v", name, text, c)
		}
	}
}

func TestLongAnnotationsAreCut(t *testing.T) {
	t.Parallel()
	for _, n := range []int{4095, 4096, 4097, 100_000} {
		s := newStep(t)
		s.Annotate(runner.Annotation{Level: runner.Error, Title: "t", Text: strings.Repeat("ü", n)})
		commands, _ := runnertest.Read(s.log.String())
		got := commands[0].Data
		if size := utf8.RuneCountInString(got); size != min(n, 4096) || strings.HasSuffix(got, "…") != (n > 4096) {
			t.Errorf("%d characters became %d", n, size)
		}
	}
}
