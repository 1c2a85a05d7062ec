package image_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/image"
)

func TestALogSaysStepsAndKeepsAllWithoutSecrets(t *testing.T) {
	t.Parallel()
	var said []string
	log := image.NewLog("web", func(line string) { said = append(said, line) }, "hunter2", "")
	log.Step("RUN login %s", "hunter2")
	fmt.Fprint(log, "token hunter2\n")
	if got := strings.Join(said, "|"); got != "[web] RUN login ***" {
		t.Errorf("said %q", got)
	}
	if got := log.String(); got != "RUN login ***\ntoken ***\n" {
		t.Errorf("kept %q", got)
	}
}

func TestALogIsBounded(t *testing.T) {
	t.Parallel()
	log := image.NewLog("web", nil)
	for range 5 {
		fmt.Fprint(log, strings.Repeat("x", 1<<20))
	}
	log.Step("the end")
	if got := log.String(); len(got) != 4<<20 || !strings.HasSuffix(got, "the end\n") {
		t.Errorf("kept %d bytes", len(got))
	}
}

func TestARepositoryIsCutFromAReference(t *testing.T) {
	t.Parallel()
	for reference, want := range map[string]string{
		"ghcr.io/acme/web:v1":                        "ghcr.io/acme/web",
		"127.0.0.1:5000/web":                         "127.0.0.1:5000/web",
		"127.0.0.1:5000/web:v1@sha256:0123456789abc": "127.0.0.1:5000/web",
		"web@sha256:0123456789abc":                   "web",
	} {
		if got := image.Repository(reference); got != want {
			t.Errorf("%s: got %s, want %s", reference, got, want)
		}
	}
}
