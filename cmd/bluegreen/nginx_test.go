package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// bluegreen runs the program in a folder, as on a laptop.
func bluegreen(t *testing.T, dir string, args ...string) (status int, said string) {
	t.Helper()
	var out bytes.Buffer
	args = append(args, "--working-directory", dir, "--report", filepath.Join(t.TempDir(), "report"))
	status = command{args: args, getenv: func(string) string { return "" }, stdout: &out, stderr: &out}.main(t.Context())
	return status, out.String()
}

func TestChangedStepsAreSaidBeforeARelease(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("/var/tmp", "bluegreen-") // on a disk, and open to nginx's workers
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	configure := func(steps string) {
		text := fmt.Sprintf(`application: shop
router:
  nginx:
    state: %[1]s/state
    url: http://127.0.0.1:1
    config: %[1]s/conf/bluegreen.conf
    services: {web: {blue: "127.0.0.1:81", green: "127.0.0.1:82"}}
shift:
  steps: [%s]
`, dir, steps)
		if err := os.MkdirAll(filepath.Join(dir, ".github"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, ".github", "bluegreen.yml"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const outdated = "bluegreen.conf was made for other settings or other steps"
	configure("{weight: 10, bake: 1s}, {weight: 100, bake: 1s}")
	for i, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"nginx", "config"}, 0, "nothing is written"},
		{[]string{"nginx", "install"}, 0, "What to add to nginx, once"},
		{[]string{"nginx", "install"}, 0, "3 files are in place"},
		{[]string{"check"}, 2, "images: none is described"},
	} {
		status, said := bluegreen(t, dir, c.args...)
		if status != c.status || !strings.Contains(said, c.want) || strings.Contains(said, outdated) {
			t.Fatalf("%d %v: status %d, %s", i, c.args, status, said)
		}
	}
	configure("{weight: 25, bake: 1s}, {weight: 100, bake: 1s}")
	if status, said := bluegreen(t, dir, "check"); status != 2 || !strings.Contains(said, outdated) {
		t.Errorf("check: status %d, %s", status, said)
	}
}
