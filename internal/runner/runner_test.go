package runner_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/runner"
	"github.com/bluegreen-actions/bluegreen/internal/runner/runnertest"
)

// step is one step as GitHub sees it: its log and its two files.
type step struct {
	*runner.Runner
	log             *bytes.Buffer
	output, summary string
}

func newStep(t *testing.T) step {
	t.Helper()
	dir := t.TempDir()
	s := step{log: &bytes.Buffer{}, output: filepath.Join(dir, "output"), summary: filepath.Join(dir, "summary")}
	s.Runner = runner.New(variables("GITHUB_ACTIONS", "true", "GITHUB_OUTPUT", s.output, "GITHUB_STEP_SUMMARY", s.summary), s.log)
	return s
}

func variables(pairs ...string) func(string) string {
	all := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		all[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return all[name] }
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

func TestOutputs(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		value string
		want  string
		err   string // empty means that the value is taken
	}{
		"text":                    {"v1.2.0", "v1.2.0", ""},
		"JSON":                    {`{"a":"<<EOF\\n=x"}`, `{"a":"<<EOF\\n=x"}`, ""},
		"an empty value is none":  {"", "none", ""},
		"two lines":               {"a\nb", "none", "set output value: the value has more than one line"},
		"a carriage return":       {"a\rb", "none", "set output value: the value has more than one line"},
		"NUL":                     {"a\x00b", "none", "set output value: the value has more than one line"},
		"the delimiter":           {"_GitHubActionsFileCommandDelimeter_", "none", "set output value: the value contains the delimiter of the output file"},
		"the delimiter in a line": {"a _GitHubActionsFileCommandDelimeter_ b", "none", "set output value: the value contains the delimiter of the output file"},
		"the delimiter in JSON":   {`["\\_GitHubActionsFileCommandDelimeter_"]`, `["\\\u005fGitHubActionsFileCommandDelimeter_"]`, ""},
		"a secret":                {`{"seen":"hunter2"}`, `{"seen":"***"}`, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStep(t)
			s.Mask("hunter2")
			err := s.SetOutput("value", tt.value)
			if got := fmt.Sprint(err); tt.err != "" && got != tt.err || tt.err == "" && err != nil {
				t.Errorf("got %v, want %q", err, tt.err)
			}
			got, err := runnertest.Outputs(read(t, s.output))
			if diff := cmp.Diff(map[string]string{"value": tt.want}, got); err != nil || diff != "" {
				t.Errorf("%v %s", err, diff)
			}
		})
	}
}

func TestHostileOutputsForgeNothing(t *testing.T) {
	t.Parallel()
	for name, text := range runnertest.Hostile() {
		s := newStep(t)
		refused := s.SetOutput("value", text)
		after := s.SetOutput("after", "fine")
		got, err := runnertest.Outputs(read(t, s.output))
		if err != nil || after != nil || len(got) != 2 || got["after"] != "fine" {
			t.Errorf("%s: outputs %q, %v, %v", name, got, err, after)
		}
		if got["value"] != text && (refused == nil) != (text == "") {
			t.Errorf("%s: %q became %q, %v", name, text, got["value"], refused)
		}
	}
}

func TestOutputsThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, path := range map[string]string{"a folder": dir, "a file in a folder that is not there": filepath.Join(dir, "no", "file")} {
		r := runner.New(variables("GITHUB_OUTPUT", path, "GITHUB_STEP_SUMMARY", path), &bytes.Buffer{})
		if err := r.SetOutput("value", "x"); err == nil || !strings.HasPrefix(err.Error(), "set output value: ") {
			t.Errorf("%s: output: %v", name, err)
		}
		if err := r.AddSummary("x"); err == nil || !strings.HasPrefix(err.Error(), "write the job summary: ") {
			t.Errorf("%s: summary: %v", name, err)
		}
	}
}

func TestOutsideOfARunnerEverythingIsPrinted(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	r := runner.New(variables(), &log)
	r.Mask("hunter2")
	r.Annotate(runner.Annotation{Level: runner.Error, Title: "shift", Text: "hunter2 is wrong\n::error::forged"})
	if err := errors.Join(r.SetOutput("version", "v1"), r.SetOutput("empty", ""), r.AddSummary("## hunter2\n::error::forged")); err != nil {
		t.Fatal(err)
	}
	want := "error: shift: *** is wrong\n| ::error::forged\noutput version=v1\noutput empty=none\n## ***\n| ::error::forged\n"
	if diff := cmp.Diff(want, log.String()); diff != "" || r.Present() {
		t.Error(diff)
	}
}

func TestSummaries(t *testing.T) {
	t.Parallel()
	note := "*The summary was cut here: GitHub shows 1 MiB.*\n\n"
	tests := map[string]struct {
		parts []string
		size  int
		cut   bool
	}{
		"a page":                       {[]string{"## fine"}, 8, false},
		"two pages":                    {[]string{"## fine", "more"}, 13, false},
		"all that fits":                {[]string{strings.Repeat("x", runner.MaxSummary-1)}, runner.MaxSummary, false},
		"one byte more":                {[]string{strings.Repeat("x", runner.MaxSummary)}, runner.MaxSummary, true},
		"far more":                     {[]string{strings.Repeat("x", 3*runner.MaxSummary)}, runner.MaxSummary, true},
		"letters that are cut in half": {[]string{strings.Repeat("漢", runner.MaxSummary)}, 0, true},
		"many pages":                   {[]string{strings.Repeat("x", runner.MaxSummary/2), strings.Repeat("y", runner.MaxSummary), "z"}, runner.MaxSummary, true},
		"no room even for the note":    {[]string{strings.Repeat("x", runner.MaxSummary-10), strings.Repeat("y", 100)}, runner.MaxSummary - 9, false},
		"nothing":                      {[]string{""}, 0, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStep(t)
			for _, part := range tt.parts {
				if err := s.AddSummary(part); err != nil {
					t.Fatal(err)
				}
			}
			got := read(t, s.summary)
			if len(got) > runner.MaxSummary || tt.size > 0 && len(got) != tt.size || !utf8.ValidString(got) {
				t.Errorf("%d bytes, want %d", len(got), tt.size)
			}
			if strings.HasSuffix(got, note) != tt.cut {
				t.Errorf("it ends in %q", got[max(0, len(got)-60):])
			}
		})
	}
}

func TestAStepInUse(t *testing.T) {
	t.Parallel()
	s := newStep(t)
	s.Mask("hunter2")
	var jobs sync.WaitGroup
	for i := range 20 {
		jobs.Go(func() {
			for j := range 20 {
				fmt.Fprintf(s.Log(), "job %d said hunter2\n::error::%d\n", i, j)
				s.Mask(fmt.Sprintf("secret-%d-%d", i, j))
				s.Annotate(runner.Annotation{Level: runner.Notice, Title: "t", Text: "hunter2"})
				if err := errors.Join(s.SetOutput(fmt.Sprintf("o%d-%d", i, j), "x"), s.AddSummary("hunter2")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	jobs.Wait()
	commands, lines := runnertest.Read(s.log.String())
	outputs, err := runnertest.Outputs(read(t, s.output))
	if len(commands) != 1+400+400 || len(lines) != 800+1 || len(outputs) != 400 || err != nil {
		t.Errorf("%d commands, %d lines, %d outputs, %v", len(commands), len(lines), len(outputs), err)
	}
	if got := read(t, s.summary); got != strings.Repeat("***\n", 400) {
		t.Errorf("summary of %d bytes: %.100s", len(got), got)
	}
}

func TestJob(t *testing.T) {
	t.Parallel()
	sha := strings.Repeat("a", 40)
	tests := map[string]struct {
		variables []string
		want      runner.Job
		url       string
		err       string
	}{
		"outside of a runner": {
			nil, runner.Job{Attempt: 1, APIURL: "https://api.github.com", ServerURL: "https://github.com"}, "", "",
		},
		"in a second attempt that somebody else started": {
			[]string{"GITHUB_REPOSITORY", "acme/shop", "GITHUB_RUN_ID", "4711", "GITHUB_RUN_ATTEMPT", "2", "GITHUB_SHA", sha, "GITHUB_ACTOR", "ann", "GITHUB_TRIGGERING_ACTOR", "bob"},
			runner.Job{Repository: "acme/shop", RunID: 4711, Attempt: 2, Commit: release.Commit(sha), Actor: "ann", Trigger: "bob", APIURL: "https://api.github.com", ServerURL: "https://github.com"},
			"https://github.com/acme/shop/actions/runs/4711", "",
		},
		"on a server of one's own": {
			[]string{"GITHUB_REPOSITORY", "a/b", "GITHUB_RUN_ID", "1", "GITHUB_ACTOR", "ann", "GITHUB_API_URL", "https://git.example/api/v3", "GITHUB_SERVER_URL", "https://git.example"},
			runner.Job{Repository: "a/b", RunID: 1, Attempt: 1, Actor: "ann", Trigger: "ann", APIURL: "https://git.example/api/v3", ServerURL: "https://git.example"},
			"https://git.example/a/b/actions/runs/1", "",
		},
		"everything is wrong": {
			[]string{"GITHUB_RUN_ID", "x", "GITHUB_RUN_ATTEMPT", "0", "GITHUB_SHA", "main"},
			runner.Job{}, "", "GITHUB_RUN_ID is \"x\": want a number from 1\nGITHUB_RUN_ATTEMPT is \"0\": want a number from 1\nGITHUB_SHA: commit \"main\": want the full commit id, 40 or 64 hex digits",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := runner.New(variables(tt.variables...), &bytes.Buffer{}).Job()
			if tt.err != "" {
				if err == nil || err.Error() != tt.err {
					t.Errorf("got %v", err)
				}
				return
			}
			if diff := cmp.Diff(tt.want, got); err != nil || diff != "" || got.URL() != tt.url {
				t.Errorf("%v %s %s", err, got.URL(), diff)
			}
		})
	}
}

func TestInputAndSwitches(t *testing.T) {
	t.Parallel()
	r := runner.New(variables("INPUT_DRY-RUN", " true\n", "RUNNER_DEBUG", "1", "GITHUB_ACTIONS", "TRUE"), &bytes.Buffer{})
	if r.Input("dry-run") != "true" || r.Input("dry_run") != "" || !r.Debug() || r.Present() {
		t.Errorf("got %q, %q, %t, %t", r.Input("dry-run"), r.Input("dry_run"), r.Debug(), r.Present())
	}
}
