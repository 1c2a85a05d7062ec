package workflow_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// hourly calls cleanup.yml as somebody's schedule does.
const hourly = `name: hourly
on: workflow_dispatch
permissions: {}
jobs:
  cleanup:
    uses: ./.github/workflows/cleanup.yml
    with: { environment: production, runs-on: '["self-hosted"]'%s }
    secrets: { BLUEGREEN_ENV: '${{ secrets.BLUEGREEN_ENV }}' }
`

// last writes down what the job puts out as its verdict. It is a step of that job, since
// act runs nothing behind a called workflow that has failed.
const last = `
      - if: always()
        run: echo "$VERDICT" >>"$RAN"
        env:
          VERDICT: %s
`

// cleaner stands in for bluegreen, and writes down what it was asked for. It refuses the
// stages in FAIL, and has nothing to say of one that is followed by a cross.
const cleaner = `#!/usr/bin/env bash
printf '%s %s dry-run=%s\n' "$1" "$INPUT_STAGE" "$(env | sed -n 's/^INPUT_DRY-RUN=//p')" >>"$RAN"
[[ " $FAIL " != *" $INPUT_STAGE+ "* ]] || exit 1
verdict=passed
[[ " $FAIL " != *" $INPUT_STAGE "* ]] || verdict=refused
printf 'evidence=none\nverdict=%s\n' "$verdict" >>"$GITHUB_OUTPUT"
[[ $verdict == passed ]]
`

func TestACleanUpThroughAct(t *testing.T) {
	const file = ".github/workflows/cleanup.yml"
	verdict := read(t, file).Jobs["cleanup"].Outputs["verdict"]
	const check, due = "finalize check dry-run=false\n", "finalize due dry-run=false\n"
	for sentence, test := range map[string]struct{ with, fail, want string }{
		"looks, and removes what is due":         {"", "", check + due + "passed\n"},
		"does so where it is asked for":          {", stage: due", "", check + due + "passed\n"},
		"only looks":                             {", stage: check", "", check + "passed\n"},
		"a dry run says what would go":           {", dry-run: true", "", check + "finalize due dry-run=true\npassed\n"},
		"a broken way back fails, and no more":   {"", "check", check + due + "refused\n"},
		"what cannot be removed fails":           {"", "due", check + due + "refused\n"},
		"a look that comes to nothing is unsure": {", stage: check", "check+", check + "unknown\n"},
		"so is a removal":                        {"", "due+", check + due + "unknown\n"},
		"a stage that is none removes nothing":   {", stage: dew", "stage", "unknown\n"},
		"nor does one of the command":            {", stage: clean", "stage", "unknown\n"},
		"nor one with a line of its own":         {", stage: \"x\\n::set-output name=verdict::passed\"", "stage", "unknown\n"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			w := checkedOut(t, dir)
			w.File = ".github/workflows/hourly.yml"
			ran, log := filepath.Join(dir, "ran"), new(strings.Builder)
			w.Log = log
			w.Variables = map[string]string{"BLUEGREEN_BINARY": filepath.Join(dir, "bluegreen"), "RAN": ran, "FAIL": test.fail}
			err := errors.Join(
				os.WriteFile(filepath.Join(dir, "bluegreen"), []byte(cleaner), 0o755),
				os.WriteFile(filepath.Join(w.Repo, w.File), []byte(strings.Replace(hourly, "%s", test.with, 1)), 0o644),
				appendTo(filepath.Join(w.Repo, file), strings.Replace(last, "%s", one(verdict), 1)))
			if err != nil {
				t.Fatal(err)
			}
			_, err = w.Run(t.Context(), 4711, nil)
			text, _ := os.ReadFile(ran)
			if (err == nil) != (test.fail == "") || string(text) != test.want {
				t.Errorf("%v, asked for\n%swant\n%s\n%s", err, text, test.want, log)
			}
		})
	}
}

func appendTo(path, text string) error {
	have, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(have, text...), 0o644)
}

// What removes something is beside every release, not in the way of one: the claim
// keeps them apart.
func TestCleanUpHoldsUpNoRelease(t *testing.T) {
	f := read(t, ".github/workflows/cleanup.yml")
	if f.Concurrency != nil || f.Jobs["cleanup"].Concurrency != nil || len(f.Jobs) != 1 {
		t.Error("cleanup.yml is in a concurrency group, or has more than one job")
	}
	if rights := *f.Jobs["cleanup"].Permissions; len(rights) != 1 || rights["contents"] != "read" {
		t.Errorf("it has the rights %v", rights)
	}
}
