package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/bluegreen-actions/bluegreen/internal/action"
)

// hired is the part of a workflow that says what its jobs may and use.
type hired struct {
	Permissions map[string]string
	Jobs        map[string]struct {
		Uses        string
		Permissions map[string]string
		Steps       []struct{ Uses string }
	}
}

func jobsOf(t *testing.T, text string) hired {
	t.Helper()
	var file hired
	must(t, yaml.Unmarshal([]byte(text), &file))
	return file
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../..", path))
	must(t, err)
	return string(text)
}

// A job of the workflows has what its actions say that they need, and no more.
func TestJobsHaveTheRightsOfTheirActions(t *testing.T) {
	t.Parallel()
	jobs := 0
	for _, name := range []string{"rollout", "rollback", "cleanup"} {
		for job, have := range jobsOf(t, read(t, ".github/workflows/"+name+".yml")).Jobs {
			want := map[string]string{"contents": "read"}
			for _, s := range have.Steps {
				if folder, ours := strings.CutPrefix(s.Uses, "$/actions/"); ours {
					grant(want, folder)
				}
			}
			if jobs++; !maps.Equal(want, have.Permissions) {
				t.Errorf("%s: job %s has the permissions %v, its actions need %v", name, job, have.Permissions, want)
			}
		}
	}
	if jobs < 10 {
		t.Errorf("%d jobs", jobs)
	}
}

var commented = regexp.MustCompile(`(?m)^#( {5}.*)?$`)

// examples are the workflows that we tell people to write.
func examples(t *testing.T) map[string]string {
	all := map[string]string{"the example": read(t, "examples/mailblast/.github/workflows/release.yml")}
	for i, m := range yamlBlock.FindAllStringSubmatch(read(t, "README.md"), -1) {
		if strings.Contains(m[2], "\njobs:\n") || strings.HasPrefix(m[2], "jobs:\n") {
			all[fmt.Sprintf("block %d of the README", i+1)] = m[2]
		}
	}
	for _, name := range []string{"rollback", "cleanup"} {
		head, _, _ := strings.Cut(read(t, ".github/workflows/"+name+".yml"), "\nname: ")
		lines := commented.FindAllString(head, -1)
		all["the head of "+name+".yml"] = strings.ReplaceAll(strings.Join(lines, "\n"), "#", "")
	}
	return all
}

// Whoever writes what the examples say gives what is needed: GitHub refuses to
// start a workflow whose jobs want more than its caller has.
func TestTheExamplesGiveTheRightsThatAreNeeded(t *testing.T) {
	t.Parallel()
	callers := 0
	for where, text := range examples(t) {
		file := jobsOf(t, text)
		for name, job := range file.Jobs {
			want, have := map[string]string{}, job.Permissions
			if have == nil {
				have = file.Permissions
			}
			for _, uses := range append(stepsOf(job.Steps), job.Uses) {
				need(t, want, uses)
			}
			if callers++; !maps.Equal(want, have) {
				t.Errorf("%s: job %s gives %v, needed are %v", where, name, have, want)
			}
		}
	}
	if callers != 5 {
		t.Errorf("%d jobs in the examples", callers)
	}
}

func stepsOf(steps []struct{ Uses string }) (all []string) {
	for _, s := range steps {
		all = append(all, s.Uses)
	}
	return all
}

// need adds the rights of a workflow or action of ours.
func need(t *testing.T, rights map[string]string, uses string) {
	own, _, _ := strings.Cut(uses, "@")
	workflow, called := strings.CutPrefix(own, "bluegreen-actions/bluegreen/")
	switch {
	case called:
		for _, job := range jobsOf(t, read(t, workflow)).Jobs {
			merge(rights, job.Permissions)
		}
	case own == "bluegreen-actions/bluegreen":
		rights["contents"] = "read"
		for _, m := range ownStep.FindAllStringSubmatch(read(t, "action.yml"), -1) {
			grant(rights, m[1])
		}
		delete(rights, "deployments") // it knows no environment to announce a release in
	}
}

var ownStep = regexp.MustCompile(`uses: \$/actions/(\S+)`)

func merge(rights, more map[string]string) {
	for scope, level := range more {
		if rights[scope] != "write" {
			rights[scope] = level
		}
	}
}

func grant(rights map[string]string, phase string) {
	i := slices.IndexFunc(phases, func(p action.Phase) bool { return p.Name == phase })
	if i < 0 {
		panic(fmt.Sprintf("no phase %s", phase))
	}
	for _, right := range phases[i].Rights {
		scope, level, _ := strings.Cut(right, ": ")
		merge(rights, map[string]string{scope: level})
	}
}
