package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/bluegreen-actions/bluegreen/internal/config"
)

// mailblast is a checkout of the sample application without the files that init
// writes.
func mailblast(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "mailblast")
	must(t, os.CopyFS(dir, os.DirFS("../../examples/mailblast")))
	must(t, os.RemoveAll(filepath.Join(dir, ".github")))
	return dir
}

// ordered is a map without an order that changes.
func ordered(text []byte, t *testing.T) (out map[string]any) {
	t.Helper()
	must(t, yaml.Unmarshal(text, &out))
	return out
}

// What init writes for MailBlast is what its people have written, as far as files can
// say it.
func TestTheDraftOfMailBlastIsItsConfiguration(t *testing.T) {
	t.Parallel()
	dir := mailblast(t)
	if status, said := bluegreen(t, dir, "init"); status != 0 {
		t.Fatal(said)
	}
	set := func(name string) (string, bool) {
		value, ok := map[string]string{"REGISTRY": "127.0.0.1:5000", "DATABASE_URL": "postgres://127.0.0.1/m", "REDIS_URL": "redis://127.0.0.1", "API_TOKEN": "t"}[name]
		return value, ok
	}
	read := func(path string) config.File {
		text, err := os.ReadFile(path)
		must(t, err)
		filled := strings.NewReplacer("path: FILL_IN", "path: /health", "url: FILL_IN", "url: http://127.0.0.1:8080").Replace(string(text))
		file, err := config.Load(set, config.Sections(), config.Source{Name: path, Text: filled})
		must(t, err)
		return file
	}
	want, got := read("../../examples/mailblast/.github/bluegreen.yml"), read(filepath.Join(dir, ".github/bluegreen.yml"))
	for section, pair := range map[string][2]any{
		"application": {want.Application, got.Application}, "blue": {want.Slots.Blue, got.Slots.Blue}, "green": {want.Slots.Green, got.Slots.Green},
		"workers": {want.Slots.Workers, got.Slots.Workers}, "services": {want.Router.Nginx.Services, got.Router.Nginx.Services}, "steps": {want.Shift.Steps, got.Shift.Steps},
		"state": {want.Router.Nginx.State, got.Router.Nginx.State}, "config": {want.Router.Nginx.Config, got.Router.Nginx.Config}, "registry": {want.Registry, got.Registry},
		"migrations": {want.Database.Folder, got.Database.Folder}, "backups": {want.Database.Backup, got.Database.Backup}, "queue": {want.Queue.Name, got.Queue.Name},
	} {
		if diff := cmp.Diff(pair[0], pair[1]); diff != "" {
			t.Errorf("%s: %s", section, diff)
		}
	}
	for name, image := range want.Images {
		if have := got.Images[name]; have.Repository != image.Repository || have.Dockerfile != image.Dockerfile || have.Context != image.Context {
			t.Errorf("image %s: %+v", name, have)
		}
	}
	sample, err := os.ReadFile("../../examples/mailblast/.github/workflows/release.yml")
	must(t, err)
	written, err := os.ReadFile(filepath.Join(dir, ".github/workflows/release.yml"))
	must(t, err)
	theirs, ours := ordered(sample, t), ordered(written, t)
	secrets := theirs["jobs"].(map[string]any)["rollout"].(map[string]any)["secrets"].(map[string]any)
	delete(secrets, "RELEASES_TOKEN") // of the record, which is chosen
	delete(secrets, "API_TOKEN")      // of a smoke check that people have written
	if diff := cmp.Diff(theirs, ours); diff != "" {
		t.Errorf("release.yml: %s", diff)
	}
}

// Once it is filled in and the secrets are set, there is nothing left to say.
func TestADraftThatIsFilledInIsComplete(t *testing.T) {
	t.Parallel()
	dir := mailblast(t)
	if status, said := bluegreen(t, dir, "init"); status != 0 {
		t.Fatal(said)
	}
	path := filepath.Join(dir, ".github/bluegreen.yml")
	status, said := bluegreen(t, dir, "check")
	var missing []string
	for line := range strings.Lines(said) {
		if rest, ok := strings.CutPrefix(strings.TrimPrefix(line, "bluegreen: check: "), ".github/bluegreen.yml:"); ok {
			missing = append(missing, strings.Fields(rest)[1])
		}
	}
	slices.Sort(missing)
	want := []string{
		"database.url:", "images.backend.repository:", "images.frontend.repository:", "images.worker.repository:", "prometheus.url:",
		"queue.url:", "registry.server:", "router.nginx.url:", "smoke.checks[0].path:", "smoke.checks[1].path:",
	}
	if diff := cmp.Diff(want, missing); status != 2 || diff != "" {
		t.Errorf("status %d, %s\n%s", status, diff, said)
	}
	text, err := os.ReadFile(path)
	must(t, err)
	filled := strings.NewReplacer("path: FILL_IN", "path: /health", "url: FILL_IN", "url: http://127.0.0.1:8080").Replace(string(text))
	must(t, os.WriteFile(path, []byte(filled), 0o644))
	vars := "REGISTRY=127.0.0.1:5000\nDATABASE_URL=postgres://127.0.0.1/m\nREDIS_URL=redis://127.0.0.1"
	if status, said := bluegreen(t, dir, "check", "--vars", vars); status != 0 {
		t.Errorf("status %d, %s", status, said)
	}
}
