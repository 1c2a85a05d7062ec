package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/act"
	"github.com/bluegreen-actions/bluegreen/internal/github/githubtest"
	"github.com/bluegreen-actions/bluegreen/internal/queue"
	"github.com/bluegreen-actions/bluegreen/internal/redis"

	domain "github.com/bluegreen-actions/bluegreen/internal/release"
)

// starter is who act says has started the run.
const starter = "nektos/act"

// release commits one version and runs the workflow for it. The first error is
// the workflow's, which a bad version is meant to have.
func (s *Stage) release(ctx context.Context, r release, run int) (phases []act.Phase, failed, err error) {
	if err := errors.Join(s.Repo.Fault(r.fault), s.Repo.Migrations(s.Root, r.schema)); err != nil {
		return nil, nil, err
	}
	commit, err := s.Repo.Commit(ctx, "Release "+r.version)
	if err != nil {
		return nil, nil, err
	}
	s.approve(commit, run)
	log, err := s.log(r.version)
	if err != nil {
		return nil, nil, err
	}
	defer log.Close()
	inputs := map[string]string{"version": r.version, "first-release": fmt.Sprint(r.first)}
	phases, failed = s.workflow(log).Run(ctx, run, inputs)
	return phases, failed, nil
}

// approve has the leads approve the run beforehand, since act does not wait.
// The run itself is still checked for it.
func (s *Stage) approve(commit string, run int) {
	s.GitHub.Update(func(g *githubtest.State) {
		var parents []string
		if head := g.Branches["main"]; head != "" {
			parents = []string{head}
		}
		g.Branches = map[string]string{"main": commit}
		g.Commits = append(g.Commits, githubtest.Commit{SHA: commit, Parents: parents})
		g.Runs = append(g.Runs, githubtest.Run{ID: int64(run), Commit: commit, Actor: starter})
	})
	for _, role := range roles {
		s.GitHub.Approve(githubtest.Approval{
			Run: int64(run), Environment: "production-" + role, State: "approved", User: role + "-lead", Comment: "looks good",
		})
	}
}

func (s *Stage) log(version string) (*os.File, error) {
	if err := os.MkdirAll(s.path("logs"), 0o755); err != nil {
		return nil, err
	}
	return os.Create(s.path("logs", version+".log"))
}

func (s *Stage) workflow(log io.Writer) act.Workflow {
	return act.Workflow{
		Act: s.Act, Repo: s.Repo.Dir, File: ".github/workflows/release.yml", Folder: s.path("act"), Artifacts: s.path("artifacts"),
		Variables: s.variables, Secrets: s.secrets, Log: log, Progress: s.Out,
	}
}

// open creates the campaign that the load is about, and starts the load.
func (s *Stage) open(ctx context.Context, rate float64) (*Traffic, error) {
	body, err := json.Marshal(map[string]string{"name": "demo", "subject": "hello", "body": "hello"})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Front+"/api/campaigns", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+s.apiToken)
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode/100 != 2 {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 1000))
		return nil, fmt.Errorf("create the campaign: status %d: %s", answer.StatusCode, text)
	}
	var created struct {
		ID string `json:"id"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&created); err != nil || created.ID == "" {
		return nil, errors.Join(errors.New("create the campaign: the answer has no id"), err)
	}
	s.campaign = created.ID
	fmt.Fprintf(s.Out, "\n• from now on %v requests a second: GET and POST, on kept-alive and on new connections\n", rate)
	return StartTraffic(ctx, s.Front, s.apiToken, s.campaign, rate), nil
}

// drain waits until no job is waiting or in work.
func (s *Stage) drain(ctx context.Context) error {
	client, err := redis.Open(domain.Secret(s.Services.Redis))
	if err != nil {
		return err
	}
	defer client.Close()
	settings := queue.Settings{URL: domain.Secret(s.Services.Redis), Name: "email_queue"}
	for deadline := time.Now().Add(3 * time.Minute); ; {
		depth, err := settings.Look(ctx, client)
		if err != nil {
			return err
		}
		if depth.Waiting+depth.Working == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the jobs were not done in time: %v", depth)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// words says how long each job took.
func words(phases []act.Phase) string {
	texts := make([]string, len(phases))
	for i, p := range phases {
		texts[i] = fmt.Sprintf("%s %.0fs", p.Name, p.Took.Seconds())
	}
	return strings.Join(texts, ", ")
}
