package workflow_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bluegreen-actions/bluegreen/internal/act"
	"github.com/bluegreen-actions/bluegreen/internal/demo"
	"github.com/bluegreen-actions/bluegreen/internal/lab"
)

// program stands in for bluegreen: it writes down which phase of which job it was
// asked for and with which records, and ends as FAIL says. What is under test is
// the workflow file, the actions' own files, the launcher, and what act makes of them.
const program = `#!/usr/bin/env bash
set -eu
printf '%s/%s %s\n' "$GITHUB_JOB" "$1" "$(tr -d '\n ' <<<"${INPUT_RELEASE:-}")" >>"$RAN"
verdict=passed outcome=shifted
if [[ " $FAIL " == *" $GITHUB_JOB/$1 "* ]]; then verdict=refused outcome=$OUTCOME; fi
{
  printf 'release={%s}\n' "$GITHUB_JOB"
  if [[ "$1 $verdict" == 'preflight refused' ]]; then
    printf 'roles-before-migrate=none\nroles-before-shift=none\nroles-during-shift=none\nroles-before-finalize=none\n'
  elif [[ $1 == preflight ]]; then
    printf 'roles-before-migrate=["development","devops"]\nroles-before-shift=["qa","live"]\nroles-during-shift=[]\nroles-before-finalize=["product"]\n'
  fi
  printf 'evidence=none\nverdict=%s\noutcome=%s\nstatus=REJECTED\n' "$verdict" "$outcome"
} >>"$GITHUB_OUTPUT"
[[ $verdict == passed ]]
`

// asked is one call of the program.
type asked struct {
	what    string   // job/phase
	records []string // the jobs whose records it was given
}

// dispatch runs a release of the sample application with the program in the place
// of bluegreen, and returns what was asked of it. The calls that are to fail put
// out the outcome.
func dispatch(t *testing.T, fail []string, outcome string, attempt int) []asked {
	t.Helper()
	dir := t.TempDir()
	w := checkedOut(t, dir)
	ran, log := filepath.Join(dir, "ran"), new(strings.Builder)
	w.Log = log
	w.Variables = map[string]string{
		"BLUEGREEN_BINARY": filepath.Join(dir, "bluegreen"), "RAN": ran, "FAIL": strings.Join(fail, " "), "OUTCOME": outcome,
		"GITHUB_RUN_ATTEMPT": strconv.Itoa(attempt),
	}
	_, err := w.Run(t.Context(), 4711, map[string]string{"version": "v1.0.0"})
	if (err == nil) != (len(fail) == 0) {
		t.Errorf("act: %v", err)
	}
	text, err := os.ReadFile(ran)
	if err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	var calls []asked
	for line := range strings.Lines(string(text)) {
		what, records, _ := strings.Cut(strings.TrimSpace(line), " ")
		calls = append(calls, asked{what, strings.FieldsFunc(records, func(r rune) bool { return strings.ContainsRune(`{}`, r) })})
	}
	return calls
}

// checkedOut is the workflow in a repository of its own.
func checkedOut(t *testing.T, dir string) act.Workflow {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	tool, err := lab.Tool(t.Context(), "act", t.Output())
	if err != nil {
		t.Fatal(err)
	}
	repository, err := demo.NewRepository(t.Context(), root, filepath.Join(dir, "repository"))
	if err == nil {
		_, err = repository.Commit(t.Context(), "Release v1.0.0")
	}
	if err = errors.Join(err, act.Prepare(root, filepath.Join(dir, "act")), os.WriteFile(filepath.Join(dir, "bluegreen"), []byte(program), 0o755)); err != nil {
		t.Fatal(err)
	}
	return act.Workflow{Act: tool, Repo: repository.Dir, File: ".github/workflows/release.yml", Folder: filepath.Join(dir, "act"), Artifacts: filepath.Join(dir, "artifacts")}
}

// calls are those of a release up to a job and of these others.
func calls(last string, others ...string) []string {
	all := []string{
		"preflight/preflight", "build/build", "signoff-before-migrate/signoff", "signoff-before-migrate/signoff", "migrate/migrate",
		"deploy-green/deploy-green", "smoke/smoke", "signoff-before-shift/signoff", "signoff-before-shift/signoff", "shift/shift", "guard/rollback",
		"signoff-before-finalize/signoff", "finalize/finalize",
	}
	end := slices.IndexFunc(all, func(what string) bool { return strings.HasPrefix(what, last+"/") })
	for end+1 < len(all) && all[end+1] == all[end] {
		end++
	}
	return append(append(all[:end+1:end+1], others...), "record/record")
}

func TestAReleaseThroughAct(t *testing.T) {
	const back = "rollback/rollback"
	for sentence, test := range map[string]struct {
		fail    []string
		outcome string
		attempt int
		want    []string
	}{
		"all goes well":                                       {attempt: 1, want: calls("finalize")},
		"all goes well in the third attempt":                  {attempt: 3, want: calls("finalize")},
		"preflight refuses: nothing has changed":              {fail: []string{"preflight/preflight"}, attempt: 1, want: calls("preflight")},
		"build fails: nothing has changed":                    {fail: []string{"build/build"}, attempt: 1, want: calls("build")},
		"a role rejects before migrate: nothing has changed":  {fail: []string{"signoff-before-migrate/signoff"}, attempt: 1, want: calls("signoff-before-migrate")},
		"migrate fails: back":                                 {fail: []string{"migrate/migrate"}, attempt: 2, want: calls("migrate", back)},
		"deploy-green fails: back":                            {fail: []string{"deploy-green/deploy-green"}, attempt: 1, want: calls("deploy-green", back)},
		"smoke fails: back":                                   {fail: []string{"smoke/smoke"}, attempt: 1, want: calls("smoke", back)},
		"a role rejects before the shift: it stays at 0":      {fail: []string{"signoff-before-shift/signoff"}, attempt: 1, want: calls("signoff-before-shift")},
		"shift rolls back: proven in its job, and by another": {fail: []string{"shift/shift"}, outcome: "rolled back", attempt: 2, want: calls("guard", "shift/rollback", back)},
		"shift holds on purpose: no way back":                 {fail: []string{"shift/shift"}, outcome: "held", attempt: 1, want: calls("guard")},
		"nothing works on the way back: all of it is tried":   {fail: []string{"shift/shift", "shift/rollback", back}, attempt: 1, want: calls("guard", "shift/rollback", back)},
		"finalize fails: reported, never back":                {fail: []string{"finalize/finalize"}, attempt: 1, want: calls("finalize")},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			got := dispatch(t, test.fail, test.outcome, test.attempt)
			var whats []string
			for _, call := range got {
				whats = append(whats, call.what)
			}
			if diff := cmp.Diff(slices.Sorted(slices.Values(test.want)), slices.Sorted(slices.Values(whats))); diff != "" {
				t.Errorf("calls: %s", diff)
			}
			for i, call := range got {
				lacks := slices.DeleteFunc(recorded(whats[:i]), func(job string) bool { return slices.Contains(call.records, job) })
				beside := call.what == "guard/rollback" || strings.HasPrefix(call.what, "shift/") // the guard and the shift, which proves its way back itself
				if !beside && len(lacks) > 0 {
					t.Errorf("%s was given the records of %v, and not of %v", call.what, call.records, lacks)
				}
			}
		})
	}
}

// recorded are the jobs that put a record out, and had ended when the last of these
// calls was made.
func recorded(calls []string) (jobs []string) {
	for _, call := range calls {
		if job, phase, _ := strings.Cut(call, "/"); phase != "signoff" && phase != "rollback" {
			jobs = append(jobs, job)
		}
	}
	return jobs
}
