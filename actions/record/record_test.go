package record_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/actions/record"
	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/github/githubtest"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/runner/runnertest"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

const commit = "4f0c1d2e3b5a69788796a5b4c3d2e1f00f1e2d3c"

var (
	begin   = time.Date(2026, 10, 1, 14, 0, 0, 0, time.UTC)
	pinned  = release.Record{ID: "acme-shop-7", Version: "v2.0.0", Commit: commit, Candidate: release.Green, Good: release.Blue, Started: begin, Shifted: &release.Shifted{Weight: 100, At: begin.Add(time.Hour)}}
	shifted = traffic.Log{
		Release: "acme-shop-7", Candidate: release.Green, Outcome: traffic.Shifted, Weight: 100, Started: begin, Ended: begin.Add(time.Hour),
		Steps:  []traffic.Baking{{Step: traffic.Step{Weight: 10}, Set: begin.Add(time.Minute)}, {Step: traffic.Step{Weight: 100}, Set: begin.Add(30 * time.Minute)}},
		Events: []traffic.Event{{At: begin, Kind: traffic.Warned, Text: "a container was slow"}},
	}
)

// job is the record of one run, in a folder of its own.
type job struct {
	dir       string
	variables map[string]string
	stdout    bytes.Buffer
}

func newJob(t *testing.T, pairs ...string) *job {
	t.Helper()
	text, err := pinned.Encode()
	if err != nil {
		t.Fatal(err)
	}
	j := &job{dir: t.TempDir()}
	j.variables = map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": filepath.Join(j.dir, "output"), "GITHUB_STEP_SUMMARY": filepath.Join(j.dir, "summary"),
		"GITHUB_REPOSITORY": "acme/shop", "GITHUB_RUN_ID": "7", "GITHUB_RUN_ATTEMPT": "2",
		"INPUT_WORKING-DIRECTORY": j.dir, "INPUT_RELEASE": text, "INPUT_REPORTS": "artifacts",
		"INPUT_EVIDENCE": `[{"id":"A.1.1","status":"passed","observed":"<b>merged</b>","at":"2026-10-01T13:00:00Z"}]`,
	}
	for i := 0; i < len(pairs); i += 2 {
		j.variables[pairs[i]] = pairs[i+1]
	}
	return j
}

func (j *job) write(t *testing.T, path string, value any) *job {
	t.Helper()
	text, ok := value.(string)
	if !ok {
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		text = string(encoded)
	}
	path = filepath.Join(j.dir, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return j
}

func (j *job) run(t *testing.T) int {
	t.Helper()
	return record.Phase.Main(t.Context(), action.Process{Getenv: func(name string) string { return j.variables[name] }, Stdout: &j.stdout, Stderr: &j.stdout})
}

func (j *job) read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(j.dir, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func (j *job) outputs(t *testing.T) map[string]string {
	t.Helper()
	all, err := runnertest.Outputs(j.read(t, "output"))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestTheLogsOfAllAttemptsAreInTheRecord(t *testing.T) {
	t.Parallel()
	held := shifted
	held.Outcome, held.Weight, held.Started, held.Ended = traffic.HeldAt, 10, begin.Add(-2*time.Hour), begin.Add(-time.Hour)
	j := newJob(t).write(t, "artifacts/bluegreen-production-shift-1/shift.json", held).write(t, "artifacts/bluegreen-production-shift-2/shift.json", shifted)
	if status := j.run(t); status != 0 {
		t.Fatal(status, j.stdout.String())
	}
	page := j.read(t, "bluegreen-report/record.html")
	for _, want := range []string{"<h1>v2.0.0</h1>", `class="line green"`, "a container was slow", "&lt;b&gt;merged&lt;/b&gt;", "actions/runs/7"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	if text := j.read(t, "bluegreen-report/checklist.md"); !strings.Contains(text, "- Run: [its page on GitHub](https://github.com/acme/shop/actions/runs/7)\n") {
		t.Error("the form does not link to the run")
	}
	var document struct {
		Course struct{ Attempts int }
		Issues []string
	}
	if err := json.Unmarshal([]byte(j.read(t, "bluegreen-report/checklist.json")), &document); err != nil || document.Course.Attempts != 2 || len(document.Issues) != 1 {
		t.Errorf("%v %+v", err, document)
	}
	if !strings.Contains(j.read(t, "summary"), "a container was slow") || j.outputs(t)["status"] != "OPEN" {
		t.Errorf("outputs %v", j.outputs(t))
	}
}

// A sign-off that was rejected in this attempt has run no step, and GitHub keeps the
// output of the attempt before. A job without an output keeps nothing from the record.
func TestASignOffOfAnEarlierAttemptIsNotBelieved(t *testing.T) {
	t.Parallel()
	j := newJob(t)
	j.variables["INPUT_RELEASE"] += " none"
	j.variables["INPUT_EVIDENCE"] += ` none [{"id":"A.2.5","status":"signed off","observed":"alice approved","at":"2026-10-01T13:00:00Z"}]`
	if status := j.run(t); status != 0 {
		t.Fatal(status, j.stdout.String())
	}
	if page := j.read(t, "bluegreen-report/checklist.md"); strings.Contains(page, "alice approved") || !strings.Contains(page, "merged") {
		t.Error(page)
	}
}

// The record is written whatever the logs are like, and says so.
func TestLogsThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	other := shifted
	other.Release = "acme-shop-8"
	tests := map[string]struct {
		log  any
		want string
	}{
		"rubbish":            {"\x00\xff{", "invalid character"},
		"half a file":        {`{"release":"acme-shop-7","steps":[`, "unexpected end of JSON input"},
		"of another kind":    {`{"weight": 900}`, "want a whole number from 0 to 100"},
		"too large":          {strings.Repeat(" ", 16<<20+1), "want at most"},
		"of another release": {other, "1 of 1 logs of shifts are not of release acme-shop-7"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := newJob(t).write(t, "artifacts/a/shift.json", tt.log)
			if status := j.run(t); status != 0 {
				t.Fatal(status, j.stdout.String())
			}
			page := j.read(t, "bluegreen-report/record.html")
			if !strings.Contains(page, tt.want) || !strings.Contains(page, "No log of a shift was found") {
				t.Errorf("the page does not say %q", tt.want)
			}
		})
	}
}

// A typing error in the configuration, seen last of all, costs no record.
func TestAnIDThatThePlanDoesNotHaveIsAnIssue(t *testing.T) {
	t.Parallel()
	j := newJob(t, "INPUT_EVIDENCE", `[{"id":"B.9.z1","status":"passed","observed":"home answers","at":"2026-10-01T13:00:00Z"}]`)
	if status := j.run(t); status != 0 {
		t.Fatal(status, j.stdout.String())
	}
	if text := j.read(t, "bluegreen-report/checklist.md"); !strings.Contains(text, "B.9.z1") || !strings.Contains(text, "home answers") {
		t.Error(text)
	}
}

func TestADryRunWritesNothing(t *testing.T) {
	t.Parallel()
	j := newJob(t, "INPUT_DRY-RUN", "true", "INPUT_ATTACH-TO-RELEASE", "v2.0.0").write(t, "artifacts/a/shift.json", shifted)
	if status := j.run(t); status != 0 {
		t.Fatal(status, j.stdout.String())
	}
	if _, err := os.Stat(filepath.Join(j.dir, "bluegreen-report")); !os.IsNotExist(err) {
		t.Error("there is a report", err)
	}
}

func TestThePageIsAttachedAndLinked(t *testing.T) {
	t.Parallel()
	server := githubtest.New(githubtest.State{
		Repository: "acme/shop", Token: "the-token-of-the-job",
		Releases:    []githubtest.Release{{ID: 4, Tag: "v2.0.0"}},
		Deployments: []githubtest.Deployment{{ID: 5, Environment: "staging", Commit: commit, Statuses: []githubtest.DeploymentStatus{{State: "success"}}}},
	})
	address, err := server.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	j := newJob(t, "GITHUB_API_URL", address, "INPUT_TOKEN", "the-token-of-the-job", "INPUT_ATTACH-TO-RELEASE", "v2.0.0",
		"INPUT_LINK-DEPLOYMENT", "true", "INPUT_ENVIRONMENT", "staging")
	for range 2 {
		if status := j.run(t); status != 0 {
			t.Fatal(status, j.stdout.String())
		}
	}
	const name = "release-record-acme-shop-7-2.html"
	server.Update(func(s *githubtest.State) {
		if assets := s.Releases[0].Assets; len(assets) != 1 || assets[0].Name != name || assets[0].Content != j.read(t, "bluegreen-report/record.html") {
			t.Errorf("attached %d files", len(assets))
		}
		if last := s.Deployments[0].Statuses; last[len(last)-1].State != "success" || !strings.HasSuffix(last[len(last)-1].Log, "/"+name) {
			t.Errorf("linked %+v", last)
		}
	})
	if page := j.outputs(t)["page"]; !strings.HasSuffix(page, "/v2.0.0/"+name) || len(server.Surprises()) > 0 {
		t.Errorf("page %q, %q", page, server.Surprises())
	}
}

// What cannot be attached leaves the files of the report, and a reason.
func TestARecordThatCannotBeAttachedIsStillWritten(t *testing.T) {
	t.Parallel()
	server := githubtest.New(githubtest.State{Repository: "acme/shop"})
	address, err := server.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	j := newJob(t, "GITHUB_API_URL", address, "INPUT_TOKEN", "the-token-of-the-job", "INPUT_ATTACH-TO-RELEASE", "v2.0.0")
	if status := j.run(t); status != 1 || !strings.Contains(j.stdout.String(), `there is no GitHub release of the tag`) {
		t.Errorf("exit status %d: %s", status, j.stdout.String())
	}
	if j.read(t, "bluegreen-report/record.html") == "" || j.outputs(t)["status"] != "OPEN" {
		t.Error("the record is not there")
	}
}

// The job's own token may only read: what is attached has one of its own.
func TestAnotherTokenAttachesThePage(t *testing.T) {
	t.Parallel()
	server := githubtest.New(githubtest.State{Repository: "acme/shop", Token: "the-token-for-releases", Releases: []githubtest.Release{{ID: 4, Tag: "v2.0.0"}}})
	address, err := server.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	j := newJob(t, "GITHUB_API_URL", address, "INPUT_TOKEN", "the-token-of-the-job", "INPUT_ATTACH-TO-RELEASE", "v2.0.0", "RELEASES_TOKEN", "the-token-for-releases").
		write(t, ".github/bluegreen.yml", "record: { releases-token: \"${RELEASES_TOKEN}\" }\n")
	if status := j.run(t); status != 0 || !strings.Contains(j.outputs(t)["page"], "/v2.0.0/") {
		t.Errorf("exit status %d, outputs %v: %s", status, j.outputs(t), j.stdout.String())
	}
	masked := "::add-mask::the-token-for-releases"
	if log := strings.ReplaceAll(j.stdout.String(), masked, ""); !strings.Contains(j.stdout.String(), masked) || strings.Contains(log, "the-token-for-releases") {
		t.Error("the token is in the log, or not masked")
	}
}

func TestWhatDoesNotApplyHasItsReasonInTheRecord(t *testing.T) {
	t.Parallel()
	j := newJob(t).write(t, ".github/bluegreen.yml", "record:\n  not-applicable: { 6.2.18: mail leaves by SMTP }\n").write(t, "artifacts/a/shift.json", shifted)
	if status := j.run(t); status != 0 {
		t.Fatal(status, j.stdout.String())
	}
	if text := j.read(t, "bluegreen-report/checklist.md"); !strings.Contains(text, "**not applicable**, not applicable, as the configuration has it: mail leaves by SMTP") {
		t.Error(text)
	}
	if text := j.read(t, "bluegreen-report/checklist.json"); !strings.Contains(text, `"postDeployment": []`) {
		t.Error("the record does not say that nothing was seen since")
	}
}
