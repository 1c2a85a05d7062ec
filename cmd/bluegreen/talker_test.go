package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/bluegreen-actions/bluegreen/internal/docker"
	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/registry/registrytest"
	"github.com/bluegreen-actions/bluegreen/internal/runner/runnertest"
)

// A container of the candidate prints every hostile text, as it is and in each form
// of an error. Its errors are compared and shown; a fatal one is the reason why the
// deployment is refused.
func TestHostileLogsOfTheCandidate(t *testing.T) {
	t.Parallel()
	for verdict, last := range map[string]string{"passed": "", "refused": "panic: "} {
		t.Run(verdict, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			project, host := lab.Name(t), lab.Docker(t)
			repository := lab.Registry(t) + "/" + project
			digest := pushTalker(t, repository, printed(s.canary, last))
			t.Cleanup(func() { undeploy(t, host, project, repository+"@"+digest) })
			s.write(t, ".github/bluegreen.yml", strings.NewReplacer("shop-green", project, "repository: shop", "repository: "+repository).Replace(stageConfig))
			s.write(t, "compose.yml", "services: {web: {image: none, network_mode: host, stop_grace_period: 1s}}\n")
			step := s.check(t, "container logs", phaseNamed("deploy-green"), map[string]string{
				"DOCKER": host, "INPUT_DRY-RUN": "", "INPUT_SLOTS-SETTLE": "0s", "INPUT_REPORT": "",
				"INPUT_RELEASE": strings.ReplaceAll(stageRecord, "sha256:"+strings.Repeat("2", 64), digest),
			})
			for i, name := range named(hostile(s.canary)) {
				if strings.Count(step.Summary, word(i)) < 2 {
					t.Errorf("%s is not shown", name)
				}
			}
			if got, err := runnertest.Outputs(step.Output); err != nil || got["verdict"] != verdict {
				t.Errorf("verdict %q, %v:\n%.3000s", got["verdict"], err, step.Summary)
			}
		})
	}
}

func named(texts map[string]string) []string { return slices.Sorted(maps.Keys(texts)) }

// word is another word for each number: what differs by a number only is one kind of
// error.
func word(i int) string {
	return "Q" + strings.NewReplacer("0", "a", "1", "b", "2", "c", "3", "d", "4", "e", "5", "f", "6", "g", "7", "h", "8", "i", "9", "j").Replace(fmt.Sprint(100+i))
}

// printed is a log in which each text stands in several forms; fatal begins the last.
func printed(canary, fatal string) string {
	var b strings.Builder
	texts := hostile(canary)
	for i, name := range named(texts) {
		text := texts[name]
		fields, _ := json.Marshal(map[string]string{"level": "error", "msg": word(i) + text})
		fmt.Fprintf(&b, "%s\nERROR %s\nERROR %s %s\n%s\n", text, text, word(i), text, fields)
		if fatal != "" {
			fmt.Fprintf(&b, "%s%s\n", fatal, text)
		}
	}
	return b.String()
}

var talker = registrytest.Program("./testdata/talker")

// pushTalker puts an image into the registry that prints the lines, and returns its
// digest.
func pushTalker(t *testing.T, repository, lines string) string {
	t.Helper()
	program, err := talker()
	must(t, err)
	text, err := registrytest.Files(map[string][]byte{"lines": []byte(lines)})
	must(t, err)
	return string(registrytest.Push(t, repository+":v3", v1.Config{
		Entrypoint: []string{"/app"},
		Labels:     map[string]string{"org.opencontainers.image.version": "v3", "org.opencontainers.image.revision": strings.Repeat("1", 40)},
	}, program, text))
}

// undeploy removes what the phase has started.
func undeploy(t *testing.T, host, project, image string) {
	t.Helper()
	engine, err := docker.Open(context.Background(), host, nil)
	must(t, err)
	defer engine.Close()
	all, err := engine.Containers(context.Background(), project)
	must(t, err)
	args := []string{"rm", "--force", "--volumes"}
	for _, c := range all {
		args = append(args, c.ID)
	}
	for _, args := range [][]string{args, {"image", "rm", "--force", image}} {
		must(t, process.Run(context.Background(), process.Command{Path: "docker", Args: args, Env: []string{"DOCKER_HOST=" + host}}))
	}
}
