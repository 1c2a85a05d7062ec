package workflow_test

import (
	"slices"
	"strings"
	"testing"
)

// order is the jobs of a rollout, each after those that it needs.
var order = []string{
	"preflight", "build", "signoff-before-migrate", "migrate", "deploy-green", "smoke", "signoff-before-shift",
	"signoff-during-shift", "shift", "guard", "signoff-before-finalize", "finalize", "rollback", "record",
}

var forward = []string{
	"preflight", "build", "signoff-before-migrate", "migrate", "deploy-green", "smoke", "signoff-before-shift", "shift", "guard",
	"signoff-before-finalize", "finalize", "record",
}

// upTo is the jobs that run when the named one does not succeed.
func upTo(name string, more ...string) []string {
	return append(slices.Clone(forward[:slices.Index(forward, name)+1]), more...)
}

func lacking(jobs []string, names ...string) []string {
	return slices.DeleteFunc(slices.Clone(jobs), func(j string) bool { return slices.Contains(names, j) })
}

func TestWhichJobsRun(t *testing.T) {
	tests := []struct {
		sentence string
		outcome  map[string]string // what is not a success
		inputs   map[string]string // what is not the default
		want     []string
	}{
		{"all goes well", nil, nil, forward},
		{"preflight refuses: nothing has changed", map[string]string{"preflight": "failure"}, nil, upTo("preflight", "record")},
		{"build fails: nothing has changed", map[string]string{"build": "failure"}, nil, upTo("build", "record")},
		{"a lead rejects before migrate: nothing has changed", map[string]string{"signoff-before-migrate": "failure"}, nil, upTo("signoff-before-migrate", "record")},
		{"migrate fails: back", map[string]string{"migrate": "failure"}, nil, upTo("migrate", "rollback", "record")},
		{"deploy-green fails: back", map[string]string{"deploy-green": "failure"}, nil, upTo("deploy-green", "rollback", "record")},
		{"smoke fails: back", map[string]string{"smoke": "failure"}, nil, upTo("smoke", "rollback", "record")},
		{"QA rejects: the candidate stays at 0", map[string]string{"signoff-before-shift": "failure"}, nil, upTo("signoff-before-shift", "record")},
		{"shift fails: back", map[string]string{"shift": "failure"}, nil, upTo("guard", "rollback", "record")},
		{"shift holds its weight on purpose: no way back", map[string]string{"shift": "held"}, nil, upTo("guard", "record")},
		{"shift was held in the attempt before, and its runner is lost in this one: back", map[string]string{"shift": "lost"}, nil, upTo("guard", "rollback", "record")},
		{"the guard fails with a shift that is held: no way back", map[string]string{"shift": "held", "guard": "failure"}, nil, upTo("guard", "record")},
		{"shift is cancelled: back", map[string]string{"shift": "cancelled"}, nil, upTo("shift", "rollback", "record")},
		{"migrate waited and was cancelled: back", map[string]string{"migrate": "cancelled"}, nil, upTo("migrate", "rollback", "record")},
		{"the guard fails alone: the release goes on", map[string]string{"guard": "failure"}, nil, forward},
		{"product rejects: the good slot stays warm", map[string]string{"signoff-before-finalize": "failure"}, nil, upTo("signoff-before-finalize", "record")},
		{"finalize fails: reported, never back", map[string]string{"finalize": "failure"}, nil, forward},
		{"nobody signs off", nil, map[string]string{"roles-before-migrate": "[]", "roles-before-shift": "[]", "roles-before-finalize": "[]"},
			lacking(forward, "signoff-before-migrate", "signoff-before-shift", "signoff-before-finalize")},
		{"a step waits for an approval", nil, map[string]string{"roles-during-shift": "some"}, append(slices.Clone(forward), "signoff-during-shift")},
		{"an approval of a step is refused, which the shift sees by itself", map[string]string{"signoff-during-shift": "failure"},
			map[string]string{"roles-during-shift": "some"}, append(slices.Clone(forward), "signoff-during-shift")},
		{"the lists of roles are lost: nothing goes on", map[string]string{"signoff-before-migrate": "failure"}, map[string]string{"roles-before-migrate": "", "roles-before-shift": ""},
			[]string{"preflight", "build", "signoff-before-migrate", "record"}},
		{"the guard is off", nil, map[string]string{"guard": "false"}, lacking(forward, "guard")},
		{"a dry run asks nobody and guards nothing", nil, map[string]string{"dry-run": "true"},
			lacking(forward, "signoff-before-migrate", "signoff-before-shift", "guard", "signoff-before-finalize")},
	}
	jobs := read(t, rollout).Jobs
	for _, test := range tests {
		t.Run(test.sentence, func(t *testing.T) {
			t.Parallel()
			ran := run(t, jobs, test.outcome, test.inputs)
			slices.Sort(ran)
			want := slices.Sorted(slices.Values(test.want))
			if !slices.Equal(ran, want) {
				t.Errorf("ran  %s\nwant %s", strings.Join(ran, " "), strings.Join(want, " "))
			}
		})
	}
}

// run goes through the jobs as GitHub would, and returns those that ran. A
// cancelled outcome is the whole run's: the jobs after it see that.
func run(t *testing.T, jobs map[string]job, outcome, inputs map[string]string) (ran []string) {
	s := situation{results: map[string]string{}, attempt: "2", heldIn: "none", inputs: map[string]string{
		"roles-before-migrate": "some", "roles-before-shift": "some", "roles-before-finalize": "some", "roles-during-shift": "[]", "guard": "true", "dry-run": "false",
	}}
	for name, value := range inputs {
		s.inputs[name] = value
	}
	for _, name := range order {
		s.results[name] = "skipped"
		if condition := jobs[name].If; condition != "" && !s.holds(t, condition) {
			continue
		}
		ran = append(ran, name)
		s.results[name] = "success"
		if result := outcome[name]; result != "" {
			s.results[name] = result
		}
		switch s.results[name] {
		case "held":
			s.results[name], s.heldIn = "failure", s.attempt
		case "lost": // it puts out nothing, so that the output of attempt 1 is still there
			s.results[name], s.heldIn = "failure", "1"
		}
		s.cancelled = s.cancelled || s.results[name] == "cancelled"
	}
	return ran
}

// A sign-off that was skipped for a reason of its own lets nothing pass.
func TestASkippedSignOffIsNoApproval(t *testing.T) {
	jobs := read(t, rollout).Jobs
	for name, sign := range map[string]string{"migrate": "migrate", "shift": "shift", "guard": "shift", "finalize": "finalize"} {
		s := situation{results: map[string]string{}, inputs: map[string]string{"roles-before-" + sign: `["qa"]`, "guard": "true", "dry-run": "false"}}
		for _, other := range order {
			s.results[other] = "success"
		}
		for _, result := range []string{"skipped", "failure", "cancelled", ""} {
			s.results["signoff-before-"+sign] = result
			if s.holds(t, jobs[name].If) {
				t.Errorf("%s runs after its sign-off was %q", name, result)
			}
		}
	}
}
