package connect_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/github/githubtest"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// releases is a repository in which an earlier release is live, and whose jobs have
// made a deployment of their own.
func releases(t *testing.T, change func(*githubtest.State)) (server *githubtest.Server, env map[string]string) {
	t.Helper()
	state := githubtest.State{
		Repository: "acme/app", Commits: []githubtest.Commit{{SHA: commit}}, Environments: []githubtest.Environment{{Name: "production"}},
		Deployments: []githubtest.Deployment{
			{ID: 1, Environment: "production", Commit: commit, Task: "bluegreen", Payload: map[string]any{"release": "shop-6"}, Statuses: []githubtest.DeploymentStatus{{State: "success"}}},
			{ID: 2, Environment: "production", Commit: commit, Statuses: []githubtest.DeploymentStatus{{State: "success"}}},
		},
	}
	if change != nil {
		change(&state)
	}
	server = githubtest.New(state)
	url, err := server.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if surprises := server.Surprises(); len(surprises) > 0 {
			t.Error(surprises)
		}
	})
	return server, map[string]string{
		"GITHUB_API_URL": url, "GITHUB_REPOSITORY": "acme/app", "GITHUB_RUN_ID": "7", "INPUT_TOKEN": "t",
		"INPUT_RELEASE": `{"id":"shop-7","version":"v3","candidate":"green","good":"blue","commit":"` + commit + `"}`,
	}
}

// states is what GitHub shows of the nth deployment.
func states(server *githubtest.Server, n int) (all []string) {
	server.Update(func(s *githubtest.State) {
		if n > len(s.Deployments) {
			return
		}
		for _, one := range s.Deployments[n-1].Statuses {
			all = append(all, strings.TrimSpace(one.State+" "+one.Description))
		}
	})
	return all
}

func step(good time.Duration) traffic.Event {
	return traffic.Event{Kind: traffic.Baked, Progress: &traffic.Progress{Weight: 10, Good: good, Bake: 5 * time.Minute, P95: 112 * time.Millisecond, Verdict: gate.Pass}}
}

// eventually waits for what another goroutine does; minutes are for a machine that
// is very busy.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Minute); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited for ever: " + what)
		}
	}
}

func TestGitHubShowsHowFarAShiftIs(t *testing.T) {
	t.Parallel()
	for outcome, want := range map[traffic.Outcome]string{
		traffic.Shifted:    "success v3 has all the traffic on green",
		traffic.RolledBack: "failure all traffic is back at blue: 5xx",
		traffic.HeldAt:     "in_progress held at 10%: 5xx",
		traffic.Stopped:    "error stopped, green has 10%: 5xx",
	} {
		t.Run(string(outcome), func(t *testing.T) {
			t.Parallel()
			server, env := releases(t, nil)
			told(t, env, func(ctx context.Context, job *action.Job) {
				a := connect.Announce(ctx, job, "production")
				a.Show(step(3 * time.Minute))
				eventually(t, "the first state", func() bool { return len(states(server, 3)) == 1 })
				for i := range 1000 { // a shift that is in a hurry
					a.Show(traffic.Event{Kind: traffic.Entered, Text: fmt.Sprint("step ", i)})
				}
				a.End(ctx, &traffic.Log{Outcome: outcome, Candidate: release.Green, Good: release.Blue, Weight: 10, Reason: "5xx"})
			})
			got := states(server, 3)
			if len(got) != 2 || got[0] != "in_progress 10% for 3m of 5m, p95 112ms" || got[1] != want {
				t.Errorf("it shows %q", got)
			}
			before := states(server, 1)
			if retired := before[len(before)-1] == "inactive replaced by v3"; retired != (outcome == traffic.Shifted) {
				t.Errorf("the release before is %q", before)
			}
			if of := states(server, 2); len(of) != 1 {
				t.Errorf("the deployment of a job is %q", of)
			}
		})
	}
}

// A further attempt goes on with the deployment of the first.
func TestAFurtherAttemptShowsItselfInTheSamePlace(t *testing.T) {
	t.Parallel()
	server, env := releases(t, nil)
	for _, outcome := range []traffic.Outcome{traffic.RolledBack, traffic.Shifted} {
		told(t, env, func(ctx context.Context, job *action.Job) {
			connect.Announce(ctx, job, "production").End(ctx, &traffic.Log{Outcome: outcome, Candidate: release.Green, Good: release.Blue})
		})
	}
	if got := states(server, 3); len(got) != 2 || !strings.HasPrefix(got[0], "failure") || !strings.HasPrefix(got[1], "success") || len(states(server, 4)) > 0 {
		t.Errorf("it shows %q", got)
	}
}

// Nothing waits for GitHub, and nothing depends on it.
func TestAShiftDoesNotWaitForGitHub(t *testing.T) {
	t.Parallel()
	for sentence, test := range map[string]struct {
		change func(*githubtest.State)
		limit  githubtest.Limit
		want   string
	}{
		"it is down":        {nil, githubtest.Limit{Status: 503, Times: 1000}, "GitHub does not show how far the release is"},
		"the token may not": {func(s *githubtest.State) { s.Permissions = map[string]string{"deployments": "read"} }, githubtest.Limit{}, "deployments: write"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			server, env := releases(t, test.change)
			server.Limit(test.limit)
			_, printed := told(t, env, func(ctx context.Context, job *action.Job) {
				ctx, interrupt := context.WithCancel(ctx)
				a := connect.Announce(ctx, job, "production")
				for range 1000 {
					a.Show(step(time.Minute))
				}
				interrupt()
				a.End(ctx, &traffic.Log{Outcome: traffic.RolledBack, Good: release.Blue})
			})
			if strings.Count(printed, "GitHub does not show") != 1 || !strings.Contains(printed, test.want) {
				t.Errorf("printed %s", printed)
			}
		})
	}
}

func TestNothingIsShownWhereThereIsNoRun(t *testing.T) {
	t.Parallel()
	for sentence, change := range map[string]func(map[string]string){
		"on a laptop":  func(env map[string]string) { delete(env, "GITHUB_RUN_ID") },
		"in a dry run": func(env map[string]string) { env["INPUT_DRY-RUN"] = "true" },
		"by no token":  func(env map[string]string) { delete(env, "INPUT_TOKEN") },
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			server, env := releases(t, nil)
			change(env)
			told(t, env, func(ctx context.Context, job *action.Job) {
				a := connect.Announce(ctx, job, "production")
				a.Show(step(time.Minute))
				a.End(ctx, &traffic.Log{Outcome: traffic.Shifted})
			})
			if asked := server.Requests(); len(asked) > 0 {
				t.Errorf("asked for %v", asked)
			}
		})
	}
}

// A runner that was lost could not say how its shift has ended.
func TestTheNextJobGivesALostShiftItsEnd(t *testing.T) {
	t.Parallel()
	const told7 = `{"id":"shop-7","version":"v3","candidate":"green","good":"blue"`
	for sentence, test := range map[string]struct {
		before  []githubtest.DeploymentStatus
		shifted string
		want    string // of the last state
	}{
		"nobody knows how it ended": {[]githubtest.DeploymentStatus{{State: "in_progress", Description: "10%"}}, "", "failure the shift did not say how it ended; see the run"},
		"it has not even begun":     {nil, "", "failure the shift did not say how it ended; see the run"},
		"a rollback has brought it back": {[]githubtest.DeploymentStatus{{State: "in_progress"}}, `,"shifted":{"weight":0,"rolledBack":true,"reason":"its runner is lost","at":"2026-10-01T12:00:00Z"}`,
			"failure all traffic is back at blue: its runner is lost"},
		"it was stopped, and then brought back": {[]githubtest.DeploymentStatus{{State: "error", Description: "stranded, green has 10%"}}, `,"shifted":{"weight":0,"rolledBack":true,"reason":"by hand","at":"2026-10-01T12:00:00Z"}`,
			"failure all traffic is back at blue: by hand"},
		"it was stopped, and nobody has looked": {[]githubtest.DeploymentStatus{{State: "error", Description: "stranded, green has 10%"}}, "", "error stranded, green has 10%"},
		"it is held":                            {[]githubtest.DeploymentStatus{{State: "in_progress", Description: "held"}}, `,"shifted":{"weight":10,"at":"2026-10-01T12:00:00Z"}`, "in_progress held"},
		"it has all the traffic":                {[]githubtest.DeploymentStatus{{State: "in_progress"}}, `,"shifted":{"weight":100,"at":"2026-10-01T12:00:00Z"}`, "success v3 has all the traffic on green"},
		"it has said how it ended":              {[]githubtest.DeploymentStatus{{State: "success", Description: "done"}}, "", "success done"},
		"somebody has settled it as failed":     {[]githubtest.DeploymentStatus{{State: "failure", Description: "by hand"}}, `,"shifted":{"weight":100,"at":"2026-10-01T12:00:00Z"}`, "failure by hand"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			server, env := releases(t, func(s *githubtest.State) {
				s.Deployments = append(s.Deployments, githubtest.Deployment{ID: 3, Environment: "production", Commit: commit, Task: "bluegreen", Payload: map[string]any{"release": "shop-7"}, Statuses: test.before})
			})
			env["INPUT_RELEASE"] = told7 + test.shifted + "}"
			for range 2 { // the second time changes nothing
				told(t, env, func(ctx context.Context, job *action.Job) {
					if err := connect.Settle(ctx, job, "production"); err != nil {
						t.Error(err)
					}
				})
			}
			got := states(server, 3)
			if got[len(got)-1] != test.want || len(got) > len(test.before)+1 {
				t.Errorf("it shows %q, want %q at the end", got, test.want)
			}
		})
	}
}
