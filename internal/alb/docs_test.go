package alb_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/bluegreen-actions/bluegreen/internal/alb"
	"github.com/bluegreen-actions/bluegreen/internal/alb/albtest"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// example is the first block of a language in docs/alb.md.
func example(t *testing.T, language string) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/alb.md")
	must(t, err)
	m := regexp.MustCompile("(?s)```" + language + "\n(.*?)```").FindStringSubmatch(string(text))
	if m == nil {
		t.Fatalf("docs/alb.md has no %s", language)
	}
	return m[1]
}

func TestTheConfigurationOfTheDocumentationIsTaken(t *testing.T) {
	t.Parallel()
	var file struct {
		Router struct{ Alb alb.Settings }
		Queue  map[string]string
	}
	decoder := yaml.NewDecoder(strings.NewReader(example(t, "yaml")))
	decoder.KnownFields(true)
	must(t, decoder.Decode(&file))
	_, err := alb.New(file.Router.Alb)
	must(t, err)
}

// TestThePolicyOfTheDocumentationIsWhatIsAskedFor does all that a release does.
func TestThePolicyOfTheDocumentationIsWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	var policy struct{ Statement []struct{ Action []string } }
	must(t, json.Unmarshal([]byte(example(t, "json")), &policy))
	var allowed []string
	for _, statement := range policy.Statement {
		for _, action := range statement.Action {
			allowed = append(allowed, strings.TrimPrefix(action, "elasticloadbalancing:"))
		}
	}
	w := newWorld(t, albtest.Options{})
	s := w.open(t)
	must(t, s.Try(t.Context()))
	must(t, s.Update(t.Context(), page(3)))
	must(t, s.Set(t.Context(), release.Green, 100, 1))
	must(t, s.Set(t.Context(), release.Green, 100, 2))
	must(t, s.Ready(t.Context(), release.Green))
	must(t, s.Settle(t.Context(), release.Green))
	must(t, s.Restore(t.Context(), release.Blue))
	asked := w.Calls()
	slices.Sort(asked)
	asked = slices.Compact(asked)
	slices.Sort(allowed)
	equal(t, "actions", strings.Join(asked, " "), strings.Join(allowed, " "))
}
