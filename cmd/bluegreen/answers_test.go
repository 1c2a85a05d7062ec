package main

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/github/githubtest"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/runner/runnertest"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

func phaseNamed(name string) action.Phase {
	all := slices.Concat(phases, commands)
	return all[slices.IndexFunc(all, func(p action.Phase) bool { return p.Name == name })]
}

// What people write on GitHub, in names and in comments, is shown and put out.
func TestHostileAnswersOfGitHub(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	commit := strings.Repeat("1", 40)
	approved := 0
	for name, text := range hostile(s.canary) {
		server := githubtest.New(githubtest.State{
			Repository:   "acme/shop",
			Environments: []githubtest.Environment{{Name: "production-qa", Users: []string{text}, Reviewed: true}},
			Runs:         []githubtest.Run{{ID: 7, Attempt: 1, Commit: commit, Actor: "erin"}},
			Approvals:    []githubtest.Approval{{Run: 7, Environment: "production-qa", State: "approved", User: text, Comment: text}},
			Deployments: []githubtest.Deployment{{ID: 1, Environment: "production-qa", Commit: commit, Creator: text,
				Statuses: []githubtest.DeploymentStatus{{State: "queued", At: time.Now()}, {State: "in_progress", At: time.Now(), Log: "https://github.com/acme/shop/actions/runs/7/job/1"}}}},
		})
		url, err := server.Listen(t.Context())
		must(t, err)
		change := map[string]string{"GITHUB_API_URL": url, "INPUT_TOKEN": "ghs_1234", "INPUT_ENVIRONMENT": "production", "INPUT_ROLE": "qa", "INPUT_DRY-RUN": "", "INPUT_REPORT": ""}
		if _, status := s.run(t, phaseNamed("signoff"), change); status == 0 {
			approved++
		}
		s.check(t, name, phaseNamed("signoff"), change)
		s.check(t, name, phaseNamed("record"), change)
	}
	if approved < 30 {
		t.Errorf("%d sign-offs were read: the others show nothing", approved)
	}
}

// What the application answers is quoted where a check of it fails.
func TestHostileAnswersOfTheApplication(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	var text string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["X-Text"] = []string{strings.NewReplacer("\r", " ", "\n", " ", "\x00", " ").Replace(text)}
		_, _ = w.Write([]byte(text))
	}))
	t.Cleanup(server.Close)
	for name, hostile := range hostile(s.canary) {
		text = hostile
		if name == "very much" {
			text = strings.Repeat(hostile, 10)
		}
		checks := []map[string]any{
			{"name": "a check of " + strings.ToValidUTF8(hostile, "?"), "url": server.URL, "expect": map[string]any{"body-contains": "never there", "json": map[string]any{".a": "b"}, "headers": map[string]string{"X-Text": "other"}}},
			{"name": "a", "url": server.URL, "path": "/?a=" + fmt.Sprintf("%x", hostile[:min(8, len(hostile))]), "headers": map[string]string{"X-A": "a-secret-of-ours"}, "expect": map[string]any{"status": []int{204}}},
		}
		file, err := yaml.Marshal(map[string]any{"application": "shop", "smoke": map[string]any{"checks": checks}})
		must(t, err)
		s.write(t, ".github/bluegreen.yml", string(file))
		s.check(t, name, phaseNamed("smoke"), map[string]string{"INPUT_DRY-RUN": "", "INPUT_SLOT": "green", "A": "a-secret-of-ours"})
	}
}

// A migration's name and text come from whoever wrote it.
func TestHostileMigrations(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	all := hostile(s.canary)
	for i, name := range slices.Sorted(maps.Keys(all)) {
		text := strings.ReplaceAll(all[name], "\x00", "")
		file := strings.ReplaceAll(text, "/", "_")
		s.write(t, fmt.Sprintf("migrations/%03d_%s.up.sql", i, file[:min(200, len(file))]), "DROP TABLE a; -- "+text)
		s.write(t, fmt.Sprintf("migrations/%d_b.up.sql", 1000+i), `ALTER TABLE "`+strings.ReplaceAll(text, `"`, "")+`" DROP COLUMN a;`)
	}
	for _, format := range []string{"github", "text"} {
		var out bytes.Buffer
		args := []string{"lint", "--format", format, filepath.Join(s.dir, "migrations")}
		command{args: args, getenv: func(name string) string { return s.variables[name] }, stdout: &out, stderr: &out}.main(t.Context())
		if n := strings.Count(out.String(), "drop-table"); n < 80 {
			t.Errorf("lint --format %s finds %d files: %.300s", format, n, out.String())
		}
		for _, found := range (runnertest.Step{Log: out.String()}).Forged(nil, "") {
			t.Errorf("lint --format %s: %.300s", format, found)
		}
	}
	s.check(t, "all files", phaseNamed("migrate"), map[string]string{"INPUT_DATABASE-URL": "postgres://127.0.0.1:1/shop", "INPUT_DATABASE-MIGRATIONS": "migrations"})
}

// What is written beside the load balancer is read by people later.
func TestAHostileReason(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	paused := 0
	for name, text := range hostile(s.canary) {
		s.shifting(t, nil)
		change := map[string]string{"INPUT_REASON": text, "INPUT_DRY-RUN": "", "GITHUB_ACTOR": text, "GITHUB_TRIGGERING_ACTOR": text}
		if _, status := s.run(t, phaseNamed("pause"), change); status == 0 {
			paused++
		}
		s.check(t, name, phaseNamed("pause"), change)
		s.status(t, name)
		s.shifting(t, &traffic.Back{At: time.Now(), Reason: text})
		s.status(t, name+", of a rollback")
	}
	if paused < 50 {
		t.Errorf("%d shifts were paused: the others show nothing", paused)
	}
}

// status reads it.
func (s *stage) status(t *testing.T, name string) {
	t.Helper()
	step, _ := s.run(t, phaseNamed("status"), nil)
	for _, found := range step.Forged(nil, "") {
		t.Errorf("status: %s: %.300s", name, found)
	}
}

// shifting writes down a shift that is on its way, and that nobody has paused, or one
// that was taken back.
func (s *stage) shifting(t *testing.T, back *traffic.Back) {
	t.Helper()
	text, err := traffic.Page{
		Good:  &traffic.Good{Slot: release.Blue, Release: "acme-shop-6", At: time.Now()},
		Shift: &traffic.Note{Release: shop, Candidate: release.Green, Started: time.Now(), Back: back},
	}.Encode()
	must(t, err)
	s.write(t, "state/ledger.json", string(text))
}
