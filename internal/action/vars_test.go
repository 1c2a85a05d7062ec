package action_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func TestVariablesThatAreNoSecrets(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "BLUEGREEN_ENV", "KEY=hunter2hunter2\nBOTH=the secret one\n", "INPUT_VARS", "# where\nTICK=7s\nSET='8s'\nBOTH=the plain one\nPORT=8080", "SET", "9s")
	w.write(t, ".github/bluegreen.yml", "shift: {tick: '${TICK}', max-bake: '${SET}m'}\n")
	var job action.Job
	says := phase(func(_ context.Context, j *action.Job, _ inputs) (outputs, error) {
		job = *j
		j.Log.Info("said", "key", "hunter2hunter2", "port", "8080")
		return outputs{URL: "http://web:8080"}, nil
	}, "shift")
	w.run(t, says)
	if w.status != 2 || !strings.Contains(w.annotations("error")[0], `shift.max-bake: duration "9sm"`) {
		t.Errorf("exit status %d: the job's own variable does not count: %s", w.status, w.stdout.String())
	}
	w.write(t, ".github/bluegreen.yml", "shift: {tick: '${TICK}'}\n")
	w.stdout.Reset()
	w.run(t, says)
	if w.status != 0 || job.Config.Shift.Tick.String() != "7s" {
		t.Errorf("exit status %d, tick %s", w.status, job.Config.Shift.Tick)
	}
	if want := []string{"BOTH=the secret one", "KEY=hunter2hunter2", "PORT=8080", "SET=8s", "TICK=7s"}; !cmp.Equal(job.Env, want) {
		t.Errorf("variables %q, want %q", job.Env, want)
	}
	for name, want := range map[string]string{"SET": "9s", "BOTH": "the secret one", "PORT": "8080", "HOME": ""} {
		if got := job.Getenv(name); got != want {
			t.Errorf("%s is %q, want %q: of the step, else of what it was given, and of nothing else", name, got, want)
		}
	}
	if out := w.stdout.String(); w.outputs(t)["preview-url"] != "http://web:8080" || !strings.Contains(out, "key=*** port=8080") {
		t.Errorf("outputs %q, log %s", w.outputs(t), out)
	}
}

// A variable that is no input, and in no configuration, can be a secret, too.
func TestASecretVariable(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "GH_TOKEN", "ghs_hunter2").run(t, phase(func(_ context.Context, job *action.Job, _ inputs) (outputs, error) {
		token := job.Secret("GH_TOKEN").Reveal()
		return outputs{URL: token}, release.Refuse("ask with "+token, "said %s%s", token, job.Secret("NO_SUCH_TOKEN"))
	}))
	if all := w.everything(t); w.status != 1 || strings.Contains(all, "hunter2") || !strings.Contains(all, "said ***") {
		t.Errorf("exit status %d: %s", w.status, all)
	}
}

// A bad line is named by its number: its text may be a secret.
func TestVariablesThatAreNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "BLUEGREEN_ENV", "hunter2hunter2", "INPUT_VARS", "A=1\n8080\n").run(t, phase(nothing))
	got := strings.Join(w.annotations("error"), "")
	if w.status != 2 || !strings.Contains(got, "BLUEGREEN_ENV: line 1 is not NAME=value") || !strings.Contains(got, "input vars: line 2 is not NAME=value") || strings.Contains(w.everything(t), "hunter2") {
		t.Errorf("exit status %d: %s", w.status, w.everything(t))
	}
}

// first is a phase that begins a release whose record has a version.
func first(version release.Version) action.Phase {
	return action.New(action.About{Name: "fake", Summary: "Begins.", First: true}, func(_ context.Context, job *action.Job, _ inputs) (outputs, error) {
		job.Add.Version = version
		return outputs{}, nil
	})
}

func TestWeakSecrets(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		bundle, vars string
		status       int
		said         string // of an error, or of a warning
	}{
		"a good one":                       {"A=hunter2hunter2", "", 0, ""},
		"an empty one":                     {"A=", "", 0, ""},
		"no secret where none is expected": {"", "A=true\nB=8080\nC=acme", 0, ""},
		"too short to be masked":           {"A=abc\nB=80", "", 0, "the value of A, B is not masked"},
		"too common to be masked":          {"A=Production\nB=true", "", 0, "the value of A, B is not masked"},
		"a part of the repository's name":  {"A=acme", "", 2, "the value of A is part of the repository's name"},
		"digits of a digest":               {"A=8080\nB=beef1", "", 2, "the value of A, B has fewer than 8 characters"},
		"more digits":                      {"A=80808080", "", 0, ""},
		"a part of the record":             {"A=v1.2", "", 1, "a masked value stands in it"},
		"both":                             {"A=hunter2hunter2", "A=x", 0, "input vars: A is in BLUEGREEN_ENV, too"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "BLUEGREEN_ENV", tt.bundle, "INPUT_VARS", tt.vars, "GITHUB_REPOSITORY", "acme/shop").run(t, first("v1.2.0"))
			said := slices.Concat(w.annotations("error"), w.annotations("warning"))
			if w.status != tt.status || !strings.Contains(strings.Join(said, "\n"), tt.said) || len(said) > 1 || tt.said == "" && len(said) > 0 {
				t.Errorf("exit status %d, want %d; said %q, want %q", w.status, tt.status, said, tt.said)
			}
			if got := w.outputs(t)["verdict"]; got == "passed" != (tt.status == 0) {
				t.Errorf("verdict %s with exit status %d", got, w.status)
			}
		})
	}
}

// Nothing later is held up by a weak secret, a rollback least of all.
func TestALaterPhaseOnlyWarnsOfAMaskedRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "BLUEGREEN_ENV", "A=v1.2\nB=8080\nC=acme", "GITHUB_REPOSITORY", "acme/shop")
	w.run(t, phase(func(_ context.Context, job *action.Job, _ inputs) (outputs, error) {
		job.Add.Version = "v1.2.0"
		return outputs{}, nil
	}))
	if got := w.annotations("warning"); w.status != 0 || len(got) != 1 || !strings.Contains(got[0], "a masked value stands in the record") {
		t.Errorf("exit status %d, warnings %q", w.status, got)
	}
}
