package acceptance_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Five mistakes, by their place.
var mistakes = map[string]string{
	`  tick: ${TICK:-5s}`:              `  tick: often`,
	`  max-pause: ${MAX_PAUSE:-30m}`:   `  max-pauses: 30m`,
	`    max-size: 60MB`:               `    max-size: sixty`,
	`  settle: ${SETTLE:-10s}`:         `  settle: -1s`,
	`  migrations: backend/migrations`: `  migration: backend/migrations`,
}

func TestFiveMistakesAreFiveMessagesAndTouchNothing(t *testing.T) {
	r := waiting(t)
	path := filepath.Join(r.dir, ".github", "bluegreen.yml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	broken, want := string(text), []string{}
	for right, wrong := range mistakes {
		broken = strings.Replace(broken, right+"\n", wrong+"\n", 1)
	}
	for i, line := range strings.Split(broken, "\n") {
		for _, wrong := range mistakes {
			if line == wrong {
				want = append(want, placed(".github/broken.yml", i+1))
			}
		}
	}
	if err := os.WriteFile(filepath.Join(r.dir, ".github", "broken.yml"), []byte(broken), 0o644); err != nil || len(want) != 5 {
		t.Fatal(want, err)
	}
	before := r.look(t, r)
	for _, phase := range []string{"shift", "deploy-green"} {
		got := r.start(t, phase, inputs{"config": ".github/broken.yml"}).end(t).want(t, 2)
		said := strings.Join(got.errors, "\n")
		for _, place := range want {
			if strings.Count(said, place) != 1 {
				t.Errorf("%s: want one message for %s in\n%s", phase, place, said)
			}
		}
		t.Logf("%s: exit status 2, %s", phase, said)
		got.has(t, inputs{"verdict": "invalid"})
	}
	if diff := cmp.Diff(before, r.look(t, r)); diff != "" {
		t.Errorf("something was touched: %s", diff)
	}
}

// placed is how a message names a line of a file.
func placed(path string, line int) string { return fmt.Sprintf("%s:%d:", path, line) }
