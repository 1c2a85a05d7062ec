package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/config"
	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/runner/runnertest"
)

// hostile is text that wants to be more, whatever reads it: a runner, a browser,
// a terminal, or a shell that would leave the file behind.
func hostile(canary string) map[string]string {
	all := maps.Clone(runnertest.Hostile())
	for name, text := range map[string]string{
		"a substitution": "$(touch %s)", "an older substitution": "`touch %s`", "a second command": "x; touch %s #", "a pipe": "x | touch %s",
		"a second line": "x\ntouch %s\n", "an end of quotes": "x'\"; touch %s; \"'", "an expansion": "${x:=$(touch %s)}", "a redirection": "x > %s",
	} {
		all[name] = fmt.Sprintf(text, canary)
	}
	all["very much"] = strings.Repeat("::error::<b>[x](https://example.com) @ops | ", 100<<10/44) // a variable has at most 128 KiB
	return all
}

// polyglot is most of it in one.
func polyglot(canary string) string {
	all := hostile(canary)
	delete(all, "very much")
	delete(all, "bytes that are no text") // no variable and no YAML holds them
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		b.WriteString(all[name] + "\n")
	}
	return strings.ReplaceAll(b.String(), "\x00", "")
}

// stage is a job in which a phase gets as far as it can where no system answers.
type stage struct {
	dir, canary string
	variables   map[string]string
}

const (
	stageConfig = `application: shop
shift: {steps: [{weight: 100, bake: 1s}]}
router:
  nginx:
    state: ${DIR}/state
    url: http://127.0.0.1:1
    config: /etc/nginx/conf.d/bg.conf
    services: {web: {blue: "127.0.0.1:81", green: "127.0.0.1:82"}}
slots:
  blue: {project: shop-blue, docker: "${DOCKER:-tcp://127.0.0.1:1}", compose: compose.yml, services: {web: "http://127.0.0.1:1"}}
  green: {project: shop-green, docker: "${DOCKER:-tcp://127.0.0.1:1}", compose: compose.yml, services: {web: "http://127.0.0.1:1"}}
registry: {server: "127.0.0.1:1", plain-http: true}
images: {web: {repository: shop}}
`
	stageRecord = `{"id":"acme-shop-7","version":"v3","commit":"1111111111111111111111111111111111111111","candidate":"green","good":"blue","images":{"web":"sha256:2222222222222222222222222222222222222222222222222222222222222222"}}`
)

func newStage(t *testing.T) *stage {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "bluegreen-stage-") // a state folder is on a disk
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	s := &stage{dir: dir, canary: filepath.Join(dir, "canary")}
	for name, text := range map[string]string{".github/bluegreen.yml": stageConfig, "state/live-blue": "", "state/lock": "", "compose.yml": "services: {web: {image: shop}}\n"} {
		s.write(t, name, text)
	}
	s.variables = map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/shop", "GITHUB_RUN_ID": "7", "GITHUB_API_URL": "http://127.0.0.1:1",
		"GITHUB_OUTPUT": filepath.Join(dir, "output"), "GITHUB_STEP_SUMMARY": filepath.Join(dir, "summary"),
		"DIR": dir, "INPUT_WORKING-DIRECTORY": dir, "INPUT_VERSION": "v3", "INPUT_COMMIT": strings.Repeat("1", 40), "INPUT_ROLE": "qa",
		"INPUT_RELEASE": stageRecord, "INPUT_DRY-RUN": "true",
	}
	return s
}

func (s *stage) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(s.dir, name)
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, []byte(text), 0o644))
}

// run runs a phase, and returns what it left behind.
func (s *stage) run(t *testing.T, p action.Phase, change map[string]string) (runnertest.Step, int) {
	t.Helper()
	variables := maps.Clone(s.variables)
	maps.Copy(variables, change)
	for _, name := range []string{"GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"} {
		must(t, os.WriteFile(variables[name], nil, 0o600))
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out bytes.Buffer
	status := command{args: strings.Fields(p.Name), getenv: func(name string) string { return variables[name] }, stdout: &out, stderr: &out}.main(ctx)
	output, err := os.ReadFile(variables["GITHUB_OUTPUT"])
	must(t, err)
	summary, err := os.ReadFile(variables["GITHUB_STEP_SUMMARY"])
	must(t, err)
	return runnertest.Step{Log: out.String(), Output: string(output), Summary: string(summary)}, status
}

// check runs a phase and fails when anything in what it left is not its own.
func (s *stage) check(t *testing.T, name string, p action.Phase, change map[string]string) runnertest.Step {
	t.Helper()
	step, _ := s.run(t, p, change)
	for _, found := range step.Forged(outputsOf(p), strings.Join(slices.Collect(maps.Values(change)), "\n")) {
		t.Errorf("%s: %s: %.300s", p.Name, name, found)
	}
	if _, err := os.Stat(s.canary); err == nil {
		t.Errorf("%s: %s: a shell ran it", p.Name, name)
	}
	return step
}

func outputsOf(p action.Phase) []string {
	var names []string
	for _, f := range p.Outputs {
		names = append(names, f.Name)
	}
	return names
}

func input(f action.Field) string { return "INPUT_" + strings.ToUpper(f.Name) }

// Every text in every input of every action at once: each of them is quoted back.
func TestHostileInputs(t *testing.T) {
	t.Parallel()
	for _, p := range phases {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			for name, text := range hostile(s.canary) {
				change := map[string]string{"GITHUB_REF_NAME": text, "GITHUB_HEAD_REF": text, "GITHUB_ACTOR": text, "GITHUB_REPOSITORY": text}
				for _, f := range p.Inputs {
					change[input(f)] = text
				}
				delete(change, "INPUT_WORKING-DIRECTORY") // so that the file is found, and the rest is read
				delete(change, "INPUT_CONFIG")
				s.check(t, name, p, change)
			}
		})
	}
}

// One input at a time, where all the others are right: an action gets further.
func TestAHostileInput(t *testing.T) {
	t.Parallel()
	for _, p := range phases {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			text := polyglot(s.canary)
			for _, f := range p.Inputs {
				s.check(t, f.Name, p, map[string]string{input(f): text})
				s.check(t, f.Name+" in one line", p, map[string]string{input(f): strings.ReplaceAll(text, "\n", " ")})
			}
		})
	}
}

// Every value, and every name, of a configuration.
func TestAHostileConfiguration(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	check := phaseNamed("check")
	for name, text := range hostile(s.canary) {
		said := map[string]string{ // a secret in many places, as the file has it and as it is meant
			"TEXT": text, "EXPANDED": strings.ReplaceAll(text, "$$", "$"), "BINARY": base64.StdEncoding.EncodeToString([]byte(text)),
		}
		values := map[string]any{text: text, "application": text}
		for _, section := range config.Sections()[1:] {
			for _, key := range config.Keys(section) {
				set(values, strings.Split(key.Path, "."), text)
			}
		}
		file, err := yaml.Marshal(values)
		must(t, err)
		s.write(t, ".github/bluegreen.yml", string(file))
		s.check(t, name, check, said)
		s.write(t, ".github/bluegreen.yml", text)
		s.check(t, name+" instead of a file", check, said)
	}
}

// Preflight looks where the configuration does: at what main was given.
func TestPreflightSeesTheVariablesOfTheStep(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	change := map[string]string{"INPUT_PREFLIGHT-VALUES": "[OF_THE_STEP, OF_THE_SECRET, NOWHERE]", "OF_THE_STEP": "hunter2", "DOCKER": lab.Docker(t), "INPUT_FIRST-RELEASE": "true", "BLUEGREEN_ENV": "OF_THE_SECRET=hunter3"}
	if step, _ := s.run(t, phaseNamed("preflight"), change); !strings.Contains(step.Summary, "not set, or empty: NOWHERE") {
		t.Errorf("%s\n%s", step.Summary, step.Log)
	}
}

func set(in map[string]any, path []string, text string) {
	if len(path) == 1 {
		in[path[0]] = text
		return
	}
	inner, ok := in[path[0]].(map[string]any)
	if !ok {
		inner = map[string]any{}
		in[path[0]] = inner
	}
	set(inner, path[1:], text)
}

// What earlier jobs have observed is shown again, and signed.
func TestHostileEvidence(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	record := phaseNamed("record")
	for name, text := range hostile(s.canary) {
		evidence, err := json.Marshal([]map[string]string{{"id": "6.2.1", "status": "failed", "observed": text, "at": "2026-10-01T12:00:00Z"}})
		must(t, err)
		s.check(t, name, record, map[string]string{"INPUT_EVIDENCE": string(evidence), "INPUT_DRY-RUN": "", "INPUT_REPORT": "", "GITHUB_TRIGGERING_ACTOR": text})
	}
}
