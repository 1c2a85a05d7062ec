package workflow_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

const rollout = ".github/workflows/rollout.yml"

// before is what every phase needs of those before it.
var before = list{"preflight", "build", "migrate", "deploy-green", "smoke"}

func with(jobs list, more ...string) list { return append(slices.Clone(jobs), more...) }

func TestTheJobsOfARollout(t *testing.T) {
	const target, group = "${{ inputs.environment }}", "bluegreen-${{ inputs.environment }}${{ inputs.dry-run && format('-dry-{0}', github.run_id) || '' }}"
	content := map[string]string{"contents": "read"}
	approvals := map[string]string{"contents": "read", "actions": "read", "deployments": "write"}
	want := map[string]struct {
		needs       list
		environment string
		permissions map[string]string
		group       string
		actions     string
	}{
		"preflight":               {nil, target, map[string]string{"contents": "read", "actions": "read", "checks": "read", "statuses": "read", "pull-requests": "read", "security-events": "read"}, "", "preflight"},
		"build":                   {before[:1], target, map[string]string{"contents": "read", "packages": "write"}, "", "build"},
		"signoff-before-migrate":  {before[:2], target + "-${{ matrix.role }}", approvals, "", "signoff"},
		"migrate":                 {with(before[:2], "signoff-before-migrate"), target, content, group, "migrate"},
		"deploy-green":            {before[:3], target, map[string]string{"contents": "read", "packages": "read"}, group, "deploy-green"},
		"smoke":                   {before[:4], target, content, "", "smoke"},
		"signoff-before-shift":    {before, target + "-${{ matrix.role }}", approvals, "", "signoff"},
		"signoff-during-shift":    {with(before, "signoff-before-shift"), target + "-${{ matrix.role }}", approvals, "", "signoff"},
		"shift":                   {with(before, "signoff-before-shift"), target, approvals, group, "shift rollback"},
		"guard":                   {with(before, "signoff-before-shift"), target, content, "", "rollback"},
		"signoff-before-finalize": {with(before, "shift"), target + "-${{ matrix.role }}", approvals, "", "signoff"},
		"finalize":                {with(before, "shift", "signoff-before-finalize"), target, content, "", "finalize"},
		"rollback":                {with(before, "shift"), target, content, "", "rollback"},
		"record": {list{
			"preflight", "build", "signoff-before-migrate", "migrate", "deploy-green", "smoke", "signoff-before-shift",
			"shift", "guard", "signoff-before-finalize", "finalize", "rollback",
		}, "", approvals, "", "record"},
	}
	jobs := read(t, rollout).Jobs
	if got := slices.Sorted(maps.Keys(jobs)); !slices.Equal(got, slices.Sorted(maps.Keys(want))) {
		t.Fatalf("jobs %v", got)
	}
	for name, w := range want {
		j := jobs[name]
		if !slices.Equal(j.Needs, w.needs) {
			t.Errorf("%s needs %v, want %v", name, j.Needs, w.needs)
		}
		if j.Environment.Name != w.environment {
			t.Errorf("%s is in the environment %q, want %q", name, j.Environment.Name, w.environment)
		}
		if !maps.Equal(*j.Permissions, w.permissions) {
			t.Errorf("%s has permissions %v, want %v", name, *j.Permissions, w.permissions)
		}
		if j.Concurrency == nil != (w.group == "") || j.Concurrency != nil && *j.Concurrency != (concurrency{Group: w.group, Queue: "max"}) {
			t.Errorf("%s has the concurrency %+v, want %q, and nothing cancelled, neither what runs nor what waits", name, j.Concurrency, w.group)
		}
		var actions []string
		for _, s := range j.Steps {
			if folder, own := s.own(); own {
				actions = append(actions, folder)
			}
		}
		if got := strings.Join(actions, " "); got != w.actions {
			t.Errorf("%s runs %q, want %q", name, got, w.actions)
		}
	}
}

// hosted is for how long GitHub lets a job run. Source: its documentation of limits
// of GitHub-hosted runners.
const hosted = 6 * time.Hour

// The guard must be there whenever the shift is, unless it was turned off.
func TestTheGuardStandsBesideTheShift(t *testing.T) {
	jobs := read(t, rollout).Jobs
	shift, guard := jobs["shift"], jobs["guard"]
	if got, want := one(guard.If), one(shift.If)+" && inputs.guard && !inputs.dry-run"; got != want {
		t.Errorf("the guard runs if %s\nwant %s", got, want)
	}
	i := slices.IndexFunc(guard.Steps, func(s step) bool { return s.ID == "guard" })
	waits, err := time.ParseDuration(guard.Steps[i].With["appear"])
	runs := time.Duration(shift.Steps[slices.IndexFunc(shift.Steps, func(s step) bool { return s.ID == "shift" })].Timeout) * time.Minute
	limit := time.Duration(guard.Timeout) * time.Minute
	if err != nil || waits < 2*time.Hour || waits+runs >= limit {
		t.Errorf("the guard waits for %v, %v, until the shift begins, which takes up to %v, and has %v", waits, err, runs, limit)
	}
	if limit > hosted {
		t.Errorf("the guard has %v, and GitHub ends a job after %v", limit, hosted)
	}
}

// Whoever lets a step begin is asked while the shift runs, and only then.
func TestTheApprovalsOfStepsStandBesideTheShift(t *testing.T) {
	jobs := read(t, rollout).Jobs
	got, want := one(jobs["signoff-during-shift"].If), one(jobs["shift"].If)+" && needs.preflight.outputs.roles-during-shift != '[]' && !inputs.dry-run"
	if got != want {
		t.Errorf("they are asked if %s\nwant %s", got, want)
	}
	for name, j := range jobs {
		if slices.Contains(j.Needs, "signoff-during-shift") {
			t.Errorf("%s waits for an approval that may never be needed", name)
		}
	}
}

func TestTheShiftProvesTheWayBack(t *testing.T) {
	j := read(t, rollout).Jobs["shift"]
	i := slices.IndexFunc(j.Steps, func(s step) bool { return s.ID == "shift" })
	shift, rollback := j.Steps[i], j.Steps[i+1]
	if rollback.Uses != "$/actions/rollback" || rollback.If != "(failure() || cancelled()) && steps.shift.outputs.outcome != 'held'" {
		t.Errorf("after the shift: %s if %s", rollback.Uses, rollback.If)
	}
	if shift.Timeout == 0 || rollback.Timeout == 0 || shift.Timeout+rollback.Timeout >= j.Timeout {
		t.Errorf("%d and %d minutes of %d leave no time for the way back", shift.Timeout, rollback.Timeout, j.Timeout)
	}
	preflight := read(t, rollout).Jobs["preflight"].Steps[1].With
	if within, want := preflight["shift-within"], fmt.Sprintf("%dm", shift.Timeout); within != want {
		t.Errorf("preflight compares the shift with %s, and it has %s", within, want)
	}
	for _, s := range j.Steps[i+2:] {
		if s.If != "always()" || !s.ContinueOnError {
			t.Errorf("%s can fail a shift that succeeded", s.Uses)
		}
	}
}

func TestEveryPhaseGetsTheWholeRecord(t *testing.T) {
	f := read(t, rollout)
	f.steps(func(name string, j job, s step) {
		if _, own := s.own(); !own {
			return
		}
		for _, needed := range j.Needs {
			_, has := f.Jobs[needed].Outputs["release"]
			if has && !strings.Contains(s.With["release"], "needs."+needed+".outputs.release") {
				t.Errorf("%s: %s is not given the record of %s", name, s.Uses, needed)
			}
			if name == "record" && !strings.Contains(s.With["evidence"], "needs."+needed+".outputs.evidence") {
				t.Errorf("record is not given the evidence of %s", needed)
			}
		}
		if got := s.With["dry-run"]; got != "${{ inputs.dry-run }}" {
			t.Errorf("%s: %s has dry-run %q", name, s.Uses, got)
		}
		if got := s.With["config"]; got != "${{ inputs.config }}" {
			t.Errorf("%s: %s has config %q", name, s.Uses, got)
		}
	})
}

// Who signs off stands in the configuration, and comes from there by preflight.
func TestTheRolesComeFromTheConfiguration(t *testing.T) {
	f := read(t, rollout)
	for name := range f.Jobs {
		moment, asks := strings.CutPrefix(name, "signoff-")
		if got, want := f.Jobs["preflight"].Outputs["roles-"+moment], "${{ steps.preflight.outputs.roles-"+moment+" }}"; asks && got != want {
			t.Errorf("preflight hands over %q for %s, want %q", got, name, want)
		}
	}
	if strings.Contains(f.text, "inputs.roles-") {
		t.Error("an input names roles, too")
	}
}

func TestARejectionDoesNotHideAnother(t *testing.T) {
	for name, j := range read(t, rollout).Jobs {
		if !strings.HasPrefix(name, "signoff-") {
			continue
		}
		role := "${{ fromJSON(needs.preflight.result == 'success' && needs.preflight.outputs.roles-" + strings.TrimPrefix(name, "signoff-") + " || '[]') }}"
		if j.Strategy.FailFast == nil || *j.Strategy.FailFast || j.Strategy.Matrix["role"] != role {
			t.Errorf("%s has the strategy %+v", name, j.Strategy)
		}
	}
}

func TestRollbackWaitsForNothing(t *testing.T) {
	f := read(t, ".github/workflows/rollback.yml")
	if f.Concurrency != nil || f.Jobs["rollback"].Concurrency != nil {
		t.Error("rollback.yml is in a concurrency group")
	}
	if len(f.Jobs) != 1 || len(f.Jobs["rollback"].Needs) != 0 {
		t.Error("rollback.yml waits for another job")
	}
}

// GitHub keeps the outputs of a job whose runner is lost, so what was held in one
// attempt says nothing about the next.
func TestAHeldWeightIsOfItsAttempt(t *testing.T) {
	jobs := read(t, rollout).Jobs
	if got, want := jobs["shift"].Outputs["held-in"], "${{ steps.shift.outputs.outcome == 'held' && github.run_attempt || 'none' }}"; got != want {
		t.Errorf("held-in is %s, want %s", got, want)
	}
	if text := read(t, rollout).text; strings.Contains(text, "needs.shift.outputs.outcome") {
		t.Error("a job asks for an outcome that may be of an earlier attempt")
	}
}

// A release that was only rehearsed has no traffic.
func TestADryRunHasNotPassed(t *testing.T) {
	verdict := one(read(t, rollout).Jobs["record"].Outputs["verdict"])
	if !strings.HasPrefix(verdict, "${{ needs.shift.result == 'success' && (inputs.dry-run && 'unknown' || 'passed') || ") {
		t.Errorf("the verdict is %s", verdict)
	}
}

// A called workflow can only reduce the rights that the calling job has.
func TestTheExampleGrantsWhatTheRolloutNeeds(t *testing.T) {
	granted := *read(t, "examples/mailblast/.github/workflows/release.yml").Jobs["rollout"].Permissions
	needed := map[string]string{}
	for _, j := range read(t, rollout).Jobs {
		for scope, right := range *j.Permissions {
			if needed[scope] != "write" {
				needed[scope] = right
			}
		}
	}
	if !maps.Equal(granted, needed) {
		t.Errorf("the example grants %v, the rollout needs %v", granted, needed)
	}
}
