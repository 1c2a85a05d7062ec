package action_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

// laptop is a world without a runner.
func laptop(t *testing.T) *world {
	return newWorld(t, "GITHUB_ACTIONS", "", "GITHUB_OUTPUT", "", "GITHUB_STEP_SUMMARY", "")
}

func TestWhatAPersonIsTold(t *testing.T) {
	t.Parallel()
	refused := release.Refuse("wait for it", "green is unhealthy: \x1b[2Jhunter2")
	tests := map[string]struct {
		do             function
		stdout, stderr string
		status         int
	}{
		"nothing to say": {nothing, "✓ fake: passed\n", "", 0},
		"a page": {func(_ context.Context, job *action.Job, _ inputs) (outputs, error) {
			job.Page.Verdict(summary.Good, "hunter2")
			return outputs{}, nil
		}, "✓ ***\n", "", 0},
		"a refusal": {func(context.Context, *action.Job, inputs) (outputs, error) { return outputs{}, refused }, "", "bluegreen: fake: green is unhealthy: [2J***\n→ wait for it\n", 1},
		"a refusal below a page": {func(_ context.Context, job *action.Job, _ inputs) (outputs, error) {
			job.Page.Say("seen")
			return outputs{}, refused
		}, "✗ fake: refused\n\nseen\n", "bluegreen: fake: green is unhealthy: [2J***\n→ wait for it\n", 1},
		"an error that names a phase": {func(context.Context, *action.Job, inputs) (outputs, error) {
			return outputs{}, release.CannotTell("", "fake: no answer")
		}, "", "bluegreen: fake: no answer\n", 3},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := laptop(t)
			w.variables["INPUT_API-KEY"] = "hunter2"
			w.run(t, phase(tt.do))
			if w.status != tt.status || w.stdout.String() != tt.stdout || w.stderr.String() != tt.stderr {
				t.Errorf("exit status %d\n%q\n%q", w.status, w.stdout.String(), w.stderr.String())
			}
		})
	}
}

// A report is kept where it was asked for, or where nobody could look again.
func TestReportsOnALaptop(t *testing.T) {
	t.Parallel()
	writes := func(_ context.Context, job *action.Job, _ inputs) (outputs, error) {
		return outputs{}, job.ReportText("log.txt", "x")
	}
	about := func(change func(*action.About)) action.Phase {
		a := action.About{Name: "fake", Summary: "Writes."}
		change(&a)
		return action.New(a, writes)
	}
	tests := map[string]struct {
		phase action.Phase
		args  []string
		want  string
	}{
		"not asked for":          {about(func(*action.About) {}), nil, ""},
		"asked for":              {about(func(*action.About) {}), []string{"--report", "kept"}, "kept/fake.md kept/fake.outputs.json kept/log.txt"},
		"asked for in a dry run": {about(func(*action.About) {}), []string{"--report", "kept", "--dry-run"}, ""},
		"of what is gone":        {about(func(a *action.About) { a.Keeps = true }), nil, "bluegreen-report/fake.md bluegreen-report/fake.outputs.json bluegreen-report/log.txt"},
		"of what only looks":     {about(func(a *action.About) { a.Looks = true }), []string{"--report", "kept"}, "kept/log.txt"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := laptop(t).run(t, tt.phase, tt.args...)
			found, err := filepath.Glob(filepath.Join(w.dir, "*", "*"))
			for i, path := range found {
				found[i] = strings.TrimPrefix(path, w.dir+string(os.PathSeparator))
			}
			if got := strings.Join(found, " "); err != nil || w.status != 0 || got != tt.want {
				t.Errorf("%v, exit status %d: %q, want %q", err, w.status, got, tt.want)
			}
		})
	}
}
