package draft_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/bluegreen-actions/bluegreen/internal/draft"
)

func TestTheComposeFilesAreFound(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		files, given, want string // want is the files of blue and of green, or a part of the error
	}{
		"one":                          {"docker-compose.yml", "", "docker-compose.yml / "},
		"the first that compose takes": {"docker-compose.yml compose.yaml", "", "compose.yaml / "},
		"those of both slots":          {"compose.blue.yml compose.green.yml", "", "compose.blue.yml / compose.green.yml"},
		"those of both slots over one": {"compose.yml compose.blue.yml compose.green.yml", "", "compose.yml compose.blue.yml / compose.yml compose.green.yml"},
		"that of one slot alone":       {"compose.yml compose.blue.yml", "", "compose.yml / "},
		"one that is given":            {"compose.yml deploy/prod.yml", "./deploy/prod.yml", "deploy/prod.yml / "},
		"one of a slot that is given":  {"deploy/green-app.yml deploy/blue-app.yml", "deploy/green-app.yml", "deploy/blue-app.yml / deploy/green-app.yml"},
		"none":                         {"README.md", "", "there is none of compose.yaml, "},
		"one that is given and is not": {"compose.yml", "b.yml", "find compose file: open b.yml: file does not exist"},
		"one that is outside":          {"compose.yml", "../b.yml", "outside of the checkout"},
		"one at an absolute path":      {"compose.yml", "/b.yml", "outside of the checkout"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkout := fstest.MapFS{}
			for _, f := range strings.Fields(tt.files) {
				checkout[f] = &fstest.MapFile{}
			}
			layout, err := draft.Find(checkout, tt.given)
			got := strings.Join(layout.Blue, " ") + " / " + strings.Join(layout.Green, " ")
			if err != nil {
				got = err.Error()
			}
			if !strings.Contains(got, tt.want) {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
