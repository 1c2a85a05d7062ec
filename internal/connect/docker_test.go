package connect_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func TestComposeFilesAreReadBeforeARelease(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct{ text, scale, worker, want, hint string }{
		"files that are right":            {"services: {web: {image: a}, worker: {image: a}}", "{worker: 2}", "worker", "", ""},
		"a file that is no compose file":  {"services: [garbage", "{}", "worker", "read the compose files of blue", ""},
		"a scale of what is not in there": {"services: {web: {image: a}, worker: {image: a}}", "{workers: 2}", "worker", "the compose files of blue have no service workers, which slots.scale names", "slots.scale"},
		"a worker that is not in there":   {"services: {web: {image: a}}", "{}", "worker", "the compose files of blue have no service worker, which is slots.workers.service", `or to "" in the configuration file where none does`},
		"no service that takes jobs":      {"services: {web: {image: a}}", "{}", "", "", ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "compose.yml"), []byte("version: '3.7'\n"+c.text+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(os.Mkdir(filepath.Join(dir, ".github"), 0o700), os.WriteFile(filepath.Join(dir, ".github", "bluegreen.yml"), []byte("slots: {workers: {service: '"+c.worker+"'}}"), 0o600)); err != nil {
				t.Fatal(err)
			}
			variables := map[string]string{
				"INPUT_WORKING-DIRECTORY": dir, "INPUT_SLOTS-BLUE-COMPOSE": "[compose.yml]", "INPUT_SLOTS-BLUE-PROJECT": "shop-blue",
				"INPUT_SLOTS-SCALE": c.scale,
			}
			var problem error
			phase := action.New(action.About{Name: "look", Summary: "Looks.", Settings: []string{"slots"}}, func(ctx context.Context, job *action.Job, _ none) (none, error) {
				_, problem = connect.Composed(ctx, job, release.Blue)
				return none{}, nil
			})
			var out bytes.Buffer
			if status := phase.Main(t.Context(), action.Process{Getenv: func(name string) string { return variables[name] }, Stdout: &out, Stderr: &out}); status != 0 {
				t.Fatalf("exit status %d: %s", status, out.String())
			}
			if (problem == nil) != (c.want == "") || problem != nil && !strings.Contains(problem.Error(), c.want) {
				t.Errorf("%v, want %q", problem, c.want)
			}
			if hint := release.HintOf(problem); !strings.Contains(hint, c.hint) {
				t.Errorf("hint %q, want %q", hint, c.hint)
			}
		})
	}
}
