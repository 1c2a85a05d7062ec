package action_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func TestInputs(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		variables []string
		args      []string
		change    func(*inputs) // of the defaults
	}{
		"the defaults":                           {nil, nil, nil},
		"variables keep the hyphens":             {[]string{"INPUT_MAX-COUNT", "7", "INPUT_MAX_COUNT", "8"}, nil, func(in *inputs) { in.Count = 7 }},
		"an empty variable is none":              {[]string{"INPUT_MAX-COUNT", "", "INPUT_SLOT", " \n"}, nil, nil},
		"space around a value is not part of it": {[]string{"INPUT_SLOT", " green\n", "INPUT_API-KEY", "hunter2\n"}, nil, func(in *inputs) { in.Slot, in.Key = release.Green, "hunter2" }},
		"a switch in the words of YAML":          {[]string{"INPUT_ALLOW-DOWNGRADE", "TRUE"}, nil, func(in *inputs) { in.Force = true }},
		"an expression is filled in by GitHub":   {[]string{"INPUT_ACTOR", "ann"}, nil, func(in *inputs) { in.Actor = "ann" }},
		"flags":                                  {nil, []string{"--version", "v2", "-wait=1h30m", "--note", ""}, func(in *inputs) { in.Version, in.Wait = "v2", 90*time.Minute }},
		"a flag wins over its variable":          {[]string{"INPUT_SLOT", "green"}, []string{"--slot", "blue"}, nil},
		"text is taken as it is":                 {[]string{"INPUT_NOTE", "${NAME} # \"x\" ::error::"}, nil, func(in *inputs) { in.Note = "${NAME} # \"x\" ::error::" }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := inputs{Version: "v1.2.0", Slot: release.Blue, Count: 3, Wait: 90 * time.Second}
			if tt.change != nil {
				tt.change(&want)
			}
			var got inputs
			w := newWorld(t, tt.variables...).run(t, phase(func(_ context.Context, _ *action.Job, in inputs) (outputs, error) {
				got = in
				return outputs{}, nil
			}), tt.args...)
			if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(inputs{})); w.status != 0 || diff != "" {
				t.Errorf("exit status %d: %s%s", w.status, diff, w.stdout.String())
			}
		})
	}
}

func TestTheCommonInputs(t *testing.T) {
	t.Parallel()
	var got action.Job
	w := newWorld(t, "INPUT_RELEASE", `{"id":"shop-1"}{"version":"v1"}`, "INPUT_TOKEN", "ghs_token", "INPUT_DRY-RUN", "true",
		"GITHUB_REPOSITORY", "acme/shop", "GITHUB_RUN_ID", "4711", "BLUEGREEN_ENV", "PGPASSWORD=hunter2")
	w.run(t, phase(func(_ context.Context, job *action.Job, _ inputs) (outputs, error) {
		got = *job
		return outputs{}, nil
	}))
	if w.status != 0 || got.Release.ID != "shop-1" || got.Release.Version != "v1" || got.Token.Reveal() != "ghs_token" || !got.DryRun || got.Dir != w.dir {
		t.Errorf("exit status %d, job %+v", w.status, got)
	}
	if got.Runner.Repository != "acme/shop" || got.Runner.RunID != 4711 || !cmp.Equal(got.Env, []string{"PGPASSWORD=hunter2"}) {
		t.Errorf("runner %+v, variables %q", got.Runner, got.Env)
	}
	if got.Path("a/b") != w.dir+"/a/b" || got.Path("/a") != "/a" || got.Path("") != "" {
		t.Errorf("paths %q, %q, %q", got.Path("a/b"), got.Path("/a"), got.Path(""))
	}
}

func TestAllBadInputsAreReportedAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "INPUT_VERSION", "", "INPUT_SLOT", "red", "INPUT_MAX-COUNT", "many", "INPUT_WAIT", "-5m", "INPUT_ALLOW-DOWNGRADE", "yes",
		"INPUT_RELEASE", "nonesuch", "INPUT_DRY-RUN", "1", "GITHUB_RUN_ID", "x", "BLUEGREEN_ENV", "A=1\n???\nB", "INPUT_SHIFT-TICK", "soon")
	w.write(t, ".github/bluegreen.yml", "shift:\n  tic: 5s\n")
	w.run(t, phase(func(context.Context, *action.Job, inputs) (outputs, error) {
		t.Error("the function was called")
		return outputs{}, nil
	}, "shift"))
	want := []string{
		"BLUEGREEN_ENV: line 2, 3 is not NAME=value",
		`input release: release: invalid character 'o' in literal null (expecting 'u')`,
		`input dry-run: "1": want true or false`,
		"input version is empty: Version to release.",
		`input slot: slot "red": want blue or green`,
		`input max-count: "many": want a whole number`,
		`input wait: "-5m": want a number and a unit, such as 90s or 5m`,
		`input allow-downgrade: "yes": want true or false`,
		`GITHUB_RUN_ID is "x": want a number from 1`,
		".github/bluegreen.yml:2:3: shift.tic: unknown key",
		`input shift-tick:1:1: shift.tick: duration "soon"`,
	}
	got := w.annotations("error")
	if w.status != 2 || len(got) != 1 {
		t.Fatalf("exit status %d, annotations %q", w.status, got)
	}
	rest := got[0]
	for _, line := range want {
		_, after, ok := strings.Cut(rest, line)
		if !ok {
			t.Errorf("%q is missing, or not in its place, in:\n%s", line, got[0])
		}
		rest = after
	}
	if !cmp.Equal(w.outputs(t)["verdict"], "invalid") {
		t.Errorf("outputs %q", w.outputs(t))
	}
}

func TestBadArguments(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args []string
		want string
	}{
		"a flag that nobody knows": {[]string{"--verison", "v1"}, "bluegreen: fake: flag provided but not defined: -verison: see bluegreen fake --help\n"},
		"a word too much":          {[]string{"--slot", "blue", "now"}, "bluegreen: fake: unexpected argument \"now\": see bluegreen fake --help\n"},
		"a flag without its value": {[]string{"--slot"}, "bluegreen: fake: flag needs an argument: -slot: see bluegreen fake --help\n"},
	}
	for name, tt := range tests {
		w := newWorld(t).run(t, phase(nothing), tt.args...)
		if diff := cmp.Diff(tt.want, w.stderr.String()); w.status != 2 || diff != "" {
			t.Errorf("%s: exit status %d: %s", name, w.status, diff)
		}
	}
}

func TestDryRunNeedsNoValue(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--dry-run"}, {"--dry-run=true"}, {"--dry-run", "--slot", "green"}} {
		dry := false
		newWorld(t).run(t, phase(func(_ context.Context, job *action.Job, _ inputs) (outputs, error) {
			dry = job.DryRun
			return outputs{}, nil
		}), args...)
		if !dry {
			t.Errorf("%q is no dry run", args)
		}
	}
}
