package main_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// program stands for bluegreen: it says where it is and what it was told.
const program = "#!/bin/sh\necho \"$0\"\nfor argument; do echo \"[$argument]\"; done\n"

// launcher is a checkout with a launcher, and a machine that runs it.
type launcher struct {
	dir, cache string
	env        []string
}

func newLauncher(t testing.TB, folder string) launcher {
	t.Helper()
	text, err := os.ReadFile("launch")
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(t.TempDir(), folder)
	l := launcher{dir: filepath.Join(root, "cmd", "bluegreen"), cache: filepath.Join(root, "cache")}
	l.env = []string{"PATH=" + filepath.Join(root, "bin") + ":" + os.Getenv("PATH"), "HOME=" + root, "RUNNER_TOOL_CACHE=" + l.cache}
	place(t, filepath.Join(l.dir, "launch"), string(text))
	return l
}

func (l launcher) bin(t *testing.T, name, script string) {
	t.Helper()
	place(t, filepath.Join(l.dir, "../../bin", name), "#!/bin/sh\n"+script+"\n")
}

// pin writes the file `pinned` for one program on every platform.
func (l launcher) pin(t testing.TB, text string) {
	t.Helper()
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
	place(t, filepath.Join(l.dir, "pinned"), "version v0.1.0\nlinux-amd64 "+sum+"\nlinux-arm64 "+sum+"\ndarwin-amd64 "+sum+"\ndarwin-arm64 "+sum+"\n")
}

func (l launcher) run(env []string, args ...string) (status int, stdout, stderr string) {
	cmd := exec.Command("bash", append([]string{filepath.Join(l.dir, "launch")}, args...)...)
	var out, errs strings.Builder
	cmd.Env, cmd.Stdout, cmd.Stderr = append(l.env, env...), &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		return -1, "", err.Error()
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// cached lists what is below the cache.
func (l launcher) cached(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(strings.ReplaceAll(l.cache, "[", "\\["), "bluegreen/*/*"))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func place(t testing.TB, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o755)); err != nil {
		t.Fatal(err)
	}
}

// mirror serves one answer for every path and counts how often it was asked.
func mirror(t testing.TB, answer http.HandlerFunc) (url string, asked *atomic.Int32) {
	t.Helper()
	asked = new(atomic.Int32)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if !strings.HasPrefix(r.URL.Path, "/v0.1.0/bluegreen-") {
			http.NotFound(w, r)
			return
		}
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, asked
}

func serve(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }
}
