package connect_test

import (
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/github/githubtest"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/runner"
	"github.com/bluegreen-actions/bluegreen/internal/signoff"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

const commit = "0123456789abcdef0123456789abcdef01234567"

// waiting is a job of run 77 whose second step waits for the role half, and the
// GitHub that it asks.
func waiting(t *testing.T, attempt int, change func(*githubtest.State)) (*action.Job, *githubtest.Server) {
	t.Helper()
	state := githubtest.State{
		Repository:   "acme/app",
		Environments: []githubtest.Environment{{Name: "production-half", Users: []string{"alice", "erin"}, Reviewed: true}},
		Runs:         []githubtest.Run{{ID: 77, Attempt: attempt, Commit: commit, Actor: "erin"}},
	}
	if change != nil {
		change(&state)
	}
	server := githubtest.New(state)
	url, err := server.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	job := &action.Job{Token: "t", Runner: runner.Job{Repository: "acme/app", RunID: 77, Attempt: attempt, APIURL: url}}
	job.Release = release.Record{ID: "acme-app-77", Commit: commit, Images: map[string]release.Digest{"web": release.Digest("sha256:" + strings.Repeat("a", 64))}}
	job.Config.Shift.Steps = []traffic.Step{{Weight: 10}, {Weight: 100, Approval: "half"}}
	job.Config.SignOff.Roles = []signoff.Role{{Name: "half", Title: "Half", Before: signoff.Step}}
	return job, server
}

func decision(state, by string) githubtest.Approval {
	return githubtest.Approval{Run: 77, Environment: "production-half", State: state, User: by, Comment: "hm"}
}

func TestApprovals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		attempt int
		before  []githubtest.Approval // of earlier attempts, or of the first seconds
		after   []githubtest.Approval
		want    traffic.Approval
		pending string
	}{
		"nobody has decided":              {1, nil, nil, traffic.Approval{}, ""},
		"somebody approved":               {1, nil, []githubtest.Approval{decision("approved", "alice")}, traffic.Approval{Approved: "alice"}, ""},
		"somebody refused":                {1, nil, []githubtest.Approval{decision("rejected", "alice")}, traffic.Approval{Refused: `alice: "hm"`}, ""},
		"somebody refused early":          {1, []githubtest.Approval{decision("rejected", "alice")}, nil, traffic.Approval{Refused: `alice: "hm"`}, ""},
		"it was refused in attempt 1":     {2, []githubtest.Approval{decision("rejected", "alice")}, nil, traffic.Approval{}, "rejected by alice before this shift began"},
		"and is approved in attempt 2":    {2, []githubtest.Approval{decision("rejected", "alice")}, []githubtest.Approval{decision("approved", "alice")}, traffic.Approval{Approved: "alice"}, ""},
		"and is refused again":            {2, []githubtest.Approval{decision("rejected", "alice")}, []githubtest.Approval{decision("rejected", "alice")}, traffic.Approval{Refused: `alice: "hm"`}, ""},
		"what attempt 1 was approved for": {2, []githubtest.Approval{decision("approved", "alice")}, nil, traffic.Approval{}, "approved by alice before this shift began, which does not count"},
		"and it is approved once more":    {2, []githubtest.Approval{decision("approved", "alice")}, []githubtest.Approval{decision("approved", "alice")}, traffic.Approval{Approved: "alice"}, ""},
		"and by somebody who may not":     {2, []githubtest.Approval{decision("approved", "alice")}, []githubtest.Approval{decision("approved", "mallory")}, traffic.Approval{}, "bypass"},
		"another environment's is not":    {1, nil, []githubtest.Approval{{Run: 77, Environment: "production-qa", State: "approved", User: "alice"}}, traffic.Approval{}, ""},
		"whoever started the run":         {1, nil, []githubtest.Approval{decision("approved", "erin")}, traffic.Approval{}, "who started the run"},
		"an administrator's bypass":       {1, nil, []githubtest.Approval{decision("approved", "mallory")}, traffic.Approval{}, "bypass"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			job, server := waiting(t, c.attempt, func(s *githubtest.State) { s.Approvals = c.before })
			people, err := connect.Approvals(job, "production")
			if err == nil {
				err = people.Check(t.Context(), "half", true)
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range c.after {
				server.Approve(a)
			}
			got, err := people.Approval(t.Context(), "half")
			if err != nil || !strings.Contains(got.Pending, c.pending) || (got.Pending == "") != (c.pending == "") {
				t.Errorf("%v: pending %q, want %q", err, got.Pending, c.pending)
			}
			got.Pending = ""
			if got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			if surprises := server.Surprises(); len(surprises) > 0 {
				t.Errorf("asked for %v", surprises)
			}
		})
	}
}

func TestApprovalsThatCouldNotCome(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*githubtest.State)
		role   string
		want   string
	}{
		"an environment that does not exist": {func(s *githubtest.State) { s.Environments = nil }, "half", "production-half does not exist"},
		"one without reviewers":              {func(s *githubtest.State) { s.Environments[0].Users, s.Environments[0].Reviewed = nil, false }, "half", "asks nobody"},
		"a role that is not there":           {nil, "whole", `role "whole"`},
		"a run that is not there":            {func(s *githubtest.State) { s.Runs = nil }, "half", "approvals of run 77"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			job, _ := waiting(t, 1, c.change)
			people, err := connect.Approvals(job, "production")
			if err != nil {
				t.Fatal(err)
			}
			err = people.Check(t.Context(), c.role, true)
			if err == nil || !strings.Contains(err.Error(), c.want) || release.HintOf(err) == "" {
				t.Errorf("got %v, want %q with a hint", err, c.want)
			}
		})
	}
	job, _ := waiting(t, 1, nil)
	if _, err := connect.Approvals(job, ""); release.ExitStatus(err) != int(release.Invalid) {
		t.Errorf("no environment: %v", err)
	}
	job.Config.Shift.Steps = job.Config.Shift.Steps[:1]
	if people, err := connect.Approvals(job, ""); people != nil || err != nil {
		t.Errorf("no step waits: %v, %v", people, err)
	}
}

// A shift that goes on at a weight that was held has shown what was approved.
func TestAnApprovalOutlivesAShiftThatWasHeld(t *testing.T) {
	t.Parallel()
	job, _ := waiting(t, 2, func(s *githubtest.State) {
		s.Approvals = []githubtest.Approval{decision("rejected", "alice"), decision("approved", "alice")}
	})
	people, err := connect.Approvals(job, "production")
	if err == nil {
		err = people.Check(t.Context(), "half", false)
	}
	if err != nil {
		t.Fatal(err)
	}
	if got, err := people.Approval(t.Context(), "half"); err != nil || got != (traffic.Approval{Approved: "alice"}) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// GitHub keeps the name that an environment was created with, and takes any case.
func TestTheNameOfAnEnvironmentHasNoCase(t *testing.T) {
	t.Parallel()
	spelled := func(state string) githubtest.Approval {
		d := decision(state, "alice")
		d.Environment = "Production-Half"
		return d
	}
	job, server := waiting(t, 2, func(s *githubtest.State) {
		s.Environments[0].Name, s.Approvals = "Production-Half", []githubtest.Approval{spelled("rejected")}
	})
	people, err := connect.Approvals(job, "production")
	if err == nil {
		err = people.Check(t.Context(), "half", true)
	}
	if err != nil {
		t.Fatal(err)
	}
	if got, err := people.Approval(t.Context(), "half"); err != nil || got.Refused != "" || !strings.Contains(got.Pending, "rejected by alice before") {
		t.Errorf("before it is approved: %+v, %v", got, err)
	}
	server.Approve(spelled("approved"))
	if got, err := people.Approval(t.Context(), "half"); err != nil || got != (traffic.Approval{Approved: "alice"}) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// Who signs off before the shift would open the step by that.
func TestARoleOfAnotherPhaseOpensNoStep(t *testing.T) {
	t.Parallel()
	job, _ := waiting(t, 1, nil)
	job.Config.SignOff.Roles[0].Before = signoff.Shift
	_, err := connect.Approvals(job, "production")
	if release.ExitStatus(err) != int(release.Invalid) || !strings.Contains(err.Error(), "100% waits for the role half, which signs off before shift") || release.HintOf(err) == "" {
		t.Errorf("got %v", err)
	}
}

// Who asks nobody is not sent to a list that is empty.
func TestAStepWaitsForNobodyWhereNobodyIsAsked(t *testing.T) {
	t.Parallel()
	job, _ := waiting(t, 1, nil)
	job.Config.SignOff.Roles = []signoff.Role{}
	_, err := connect.Approvals(job, "")
	if release.ExitStatus(err) != int(release.Invalid) || !strings.Contains(err.Error(), "100% waits for the role half, and sign-off.roles asks nobody") || !strings.Contains(release.HintOf(err), "rollout.yml") {
		t.Errorf("got %v, hint %q", err, release.HintOf(err))
	}
}
