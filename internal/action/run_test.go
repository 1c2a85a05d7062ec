package action_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/runner/runnertest"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

func TestHowItEnds(t *testing.T) {
	t.Parallel()
	fails := func(err error) function {
		return func(_ context.Context, job *action.Job, _ inputs) (outputs, error) {
			job.Findings.Show("6.2.1", err == nil, "saw it")
			job.Add.Candidate = release.Green
			return outputs{Weight: 10, URL: "x", Done: true, Took: time.Second}, err
		}
	}
	tests := map[string]struct {
		do      function
		status  int
		verdict string
		page    string // how the summary begins
		hint    string
	}{
		"done":                 {fails(nil), 0, "passed", "## ✅ fake: passed", ""},
		"a gate says no":       {fails(release.Refuse("wait", "green is unhealthy")), 1, "refused", "## ❌ fake: refused", "wait"},
		"another error":        {fails(errors.New("green is unhealthy")), 1, "refused", "## ❌ fake: refused", ""},
		"bad input":            {fails(release.Reject("write it", "green is unhealthy")), 2, "invalid", "## ❌ fake: invalid", "write it"},
		"nothing can be said":  {fails(release.CannotTell("look", "green is unhealthy")), 3, "unknown", "## ⚠️ fake: unknown", "look"},
		"a wrapped refusal":    {fails(fmt.Errorf("shift: %w", release.Refuse("wait", "green is unhealthy"))), 1, "refused", "## ❌ fake: refused", "wait"},
		"a verdict of its own": {judges, 1, "refused", "## ↩️ back on blue", ""},
		"a panic": {func(context.Context, *action.Job, inputs) (outputs, error) { panic("green is unhealthy") }, 3, "unknown",
			"## ⚠️ fake: unknown", "report this as a fault of bluegreen, with the log"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t).run(t, phase(tt.do))
			got := w.outputs(t)
			if names := slices.Sorted(maps.Keys(got)); w.status != tt.status || got["verdict"] != tt.verdict || !slices.Equal(names, every) {
				t.Errorf("exit status %d, outputs %q", w.status, got)
			}
			page := w.read(t, "summary")
			if !strings.HasPrefix(page, tt.page) || strings.Count(page, "\n## ") != 0 {
				t.Errorf("the summary is\n%s", page)
			}
			if want := min(tt.status, 1); len(w.annotations("error")) != want || strings.Count(page, "green is unhealthy") != want {
				t.Errorf("annotations %q, summary\n%s", w.annotations("error"), page)
			}
			if tt.hint != "" && (strings.Count(page, tt.hint) != 1 || strings.Count(w.stdout.String(), tt.hint) != 1) {
				t.Errorf("the hint %q is not there once:\n%s%s", tt.hint, w.stdout.String(), page)
			}
		})
	}
}

// judges writes a page of its own before it fails.
func judges(_ context.Context, job *action.Job, _ inputs) (outputs, error) {
	job.Page.Verdict(summary.Back, "back on blue")
	return outputs{}, errors.New("green is unhealthy")
}

func TestOutputs(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)
	w := newWorld(t).run(t, phase(func(_ context.Context, job *action.Job, _ inputs) (outputs, error) {
		job.Findings.Merge([]release.Evidence{{ID: "6.2.1", Status: release.Failed, Observed: "503 <b>", At: at}})
		job.Add.Shifted = &release.Shifted{Weight: 10, At: at}
		return outputs{Weight: 10, Done: true, Took: 1500 * time.Millisecond}, nil
	}))
	want := map[string]string{
		"done": "true", "preview-url": "none", "took": "1.5s", "verdict": "passed", "weight": "10%",
		"evidence": `[{"id":"6.2.1","status":"failed","observed":"503 \u003cb\u003e","at":"2026-10-01T12:00:00Z"}]`,
		"release":  `{"shifted":{"weight":10,"at":"2026-10-01T12:00:00Z"}}`,
	}
	if diff := cmp.Diff(want, w.outputs(t)); w.status != 0 || diff != "" {
		t.Error(w.status, diff)
	}
	if page := w.read(t, "summary"); !strings.Contains(page, "| 6.2.1 | ❌ failed | 503 &lt;b&gt; |") {
		t.Errorf("the summary is\n%s", page)
	}
	next := newWorld(t, "INPUT_RELEASE", w.outputs(t)["release"]).run(t, phase(nothing))
	if next.status != 0 {
		t.Errorf("the next job refuses the record: %s", next.stdout.String())
	}
}

// What an application says is no reason to fail, or to lose the record.
func TestTheDelimiterInAnObservationCostsNothing(t *testing.T) {
	t.Parallel()
	const said = "503 _GitHubActionsFileCommandDelimeter_"
	w := newWorld(t).run(t, phase(func(_ context.Context, job *action.Job, _ inputs) (outputs, error) {
		job.Findings.Show("6.2.1", true, said)
		job.Add.Shifted = &release.Shifted{Reason: said}
		return outputs{}, nil
	}))
	var evidence release.Evidences
	var record release.Record
	got := w.outputs(t)
	err := errors.Join(evidence.UnmarshalText([]byte(got["evidence"])), record.UnmarshalText([]byte(got["release"])))
	if w.status != 0 || err != nil || len(evidence) != 1 || evidence[0].Observed != said || record.Shifted.Reason != said {
		t.Errorf("exit status %d, %v, outputs %q", w.status, err, got)
	}
}

func TestOutputsThatAreRefusedAreStillThere(t *testing.T) {
	t.Parallel()
	for name, text := range runnertest.Hostile() {
		w := newWorld(t).run(t, phase(func(_ context.Context, job *action.Job, _ inputs) (outputs, error) {
			job.Findings.Show("6.2.1", true, "%s", text)
			job.Page.Say("%s", text)
			fmt.Fprintln(job.Output, text)
			return outputs{URL: text}, nil
		}))
		got := w.outputs(t)
		if names := slices.Sorted(maps.Keys(got)); !slices.Equal(names, every) || got["verdict"] != "passed" {
			t.Errorf("%s: outputs %q", name, got)
		}
		if refused := got["preview-url"] != text && text != ""; (w.status == 0) == refused {
			t.Errorf("%s: exit status %d with the output %q", name, w.status, got["preview-url"])
		}
		commands, _ := runnertest.Read(w.stdout.String())
		if len(commands) != w.status {
			t.Errorf("%s: commands %+v", name, commands)
		}
	}
}

func TestFilesThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"} {
		w := newWorld(t)
		w.variables[name] = w.dir
		w.run(t, phase(nothing))
		if errs := w.annotations("error"); w.status == 0 || len(errs) != 1 || !strings.Contains(errs[0], "is a directory") {
			t.Errorf("%s: exit status %d, annotations %q", name, w.status, errs)
		}
	}
}

func TestOutsideOfARunner(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "GITHUB_ACTIONS", "", "GITHUB_OUTPUT", "", "GITHUB_STEP_SUMMARY", "", "INPUT_DRY-RUN", "true")
	w.run(t, phase(func(_ context.Context, job *action.Job, _ inputs) (outputs, error) {
		job.Page.Verdict(summary.Good, "all is well")
		job.Warn("careful", "a warning")
		return outputs{Done: true}, nil
	}))
	// What goes on is apart from the verdict, which is all that a pipe gets.
	if diff := cmp.Diff("✓ all is well\n", w.stdout.String()); w.status != 0 || diff != "" {
		t.Error(w.status, diff)
	}
	if diff := cmp.Diff("warning: careful: a warning\n", w.stderr.String()); diff != "" {
		t.Error(diff)
	}
}

func TestTheFunctionIsInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	w := newWorld(t)
	p := phase(func(ctx context.Context, _ *action.Job, _ inputs) (outputs, error) {
		cancel()
		<-ctx.Done()
		return outputs{}, release.Refuse("", "stopped: %w", ctx.Err())
	})
	status := p.Main(ctx, action.Process{Getenv: func(name string) string { return w.variables[name] }, Stdout: io.Discard, Stderr: io.Discard})
	if status != 1 || w.outputs(t)["verdict"] != "refused" || !strings.Contains(w.read(t, "summary"), "stopped: context canceled") {
		t.Errorf("exit status %d, outputs %q", status, w.outputs(t))
	}
}

func TestReports(t *testing.T) {
	t.Parallel()
	reports := func(w *world) string {
		var all []string
		root := filepath.Join(w.dir, "bluegreen-report")
		_ = filepath.Walk(root, func(path string, info os.FileInfo, err error) error {
			if err == nil && !info.IsDir() {
				all = append(all, strings.TrimPrefix(path, root+"/"))
			}
			return nil
		})
		return strings.Join(all, " ")
	}
	writes := func(_ context.Context, job *action.Job, _ inputs) (outputs, error) {
		return outputs{}, errors.Join(job.Report("gates.json", map[string]int{"a": 1}), job.ReportText("../logs/web 1:2.txt", "hunter2\n"))
	}
	w := newWorld(t, "INPUT_API-KEY", "hunter2").run(t, phase(writes))
	if got := reports(w); w.status != 0 || got != "_/logs/web-1-2.txt fake.md fake.outputs.json gates.json" {
		t.Errorf("exit status %d, files %q", w.status, got)
	}
	if got := w.read(t, "bluegreen-report/gates.json") + w.read(t, "bluegreen-report/_/logs/web-1-2.txt"); got != "{\n  \"a\": 1\n}\n***\n" {
		t.Errorf("got %q", got)
	}
	if w = newWorld(t, "INPUT_VERSION", "").run(t, phase(nothing)); reports(w) != "" {
		t.Errorf("bad input left %q", reports(w))
	}
	if w = newWorld(t, "INPUT_DRY-RUN", "true").run(t, phase(nothing)); reports(w) != "" {
		t.Errorf("a dry run left %q", reports(w))
	}
}
