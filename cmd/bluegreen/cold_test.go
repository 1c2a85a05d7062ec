package main_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
)

// BenchmarkColdStart is how long a step takes that does nothing but say so in an
// output, in each form that an action can have; each as the runner starts it. The
// download comes from this machine, so that it is the launcher's own part.
func BenchmarkColdStart(b *testing.B) {
	dir := b.TempDir()
	release := build(b, dir, "bluegreen", ".")
	b.Run("bluegreen, downloaded", func(b *testing.B) { downloaded(b, release) })
	b.Run("bluegreen, launched", func(b *testing.B) {
		l := pinned(b, release)
		times(b, func() { l.step(b, "launch version") })
	})
	b.Run("bluegreen, alone", func(b *testing.B) {
		times(b, func() { must(b, exec.Command(release, "version").Run()) })
	})
	b.Run("a node action", func(b *testing.B) {
		must(b, lab.Install(b.Context(), b.Output(), "node"))
		script := filepath.Join(dir, "index.js")
		must(b, os.WriteFile(script, []byte("require('fs').appendFileSync(process.env.GITHUB_OUTPUT, 'verdict=passed\\n')\n"), 0o600))
		times(b, func() {
			cmd := exec.Command("node", script)
			cmd.Env = append(os.Environ(), "GITHUB_OUTPUT="+filepath.Join(dir, "output"))
			must(b, cmd.Run())
		})
	})
	b.Run("a docker action", func(b *testing.B) {
		docker := container(b, dir)
		times(b, func() { docker("run", "--rm", image, "verdict=passed") })
	})
}

// image holds a program of a few lines, and nothing else.
const image = "bluegreen-cold-start"

// times reports the quickest of ten, which is the one that the rest of the
// machine has disturbed the least.
func times(b *testing.B, step func()) {
	b.Helper()
	step()
	best := time.Hour
	for range 10 {
		begin := time.Now()
		step()
		best = min(best, time.Since(begin))
	}
	b.ReportMetric(float64(best.Microseconds())/1000, "ms")
	b.ReportMetric(0, "ns/op")
}

// downloaded has a new cache every time.
func downloaded(b *testing.B, release string) {
	l := pinned(b, release)
	times(b, func() {
		must(b, os.RemoveAll(l.cache))
		l.step(b, "launch version")
	})
}

// pinned is a launcher whose release is the program, from a mirror.
func pinned(b *testing.B, release string) launcher {
	b.Helper()
	l := newLauncher(b, "plain")
	text, err := os.ReadFile(release)
	must(b, err)
	l.pin(b, string(text))
	url, _ := mirror(b, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(text) })
	l.env = append(l.env, "BLUEGREEN_MIRROR="+url)
	b.Logf("the program has %d bytes, sha256 %x", len(text), sha256.Sum256(text))
	return l
}

// step runs a command of the launcher's folder as a step of a composite action.
func (l launcher) step(b *testing.B, command string) {
	b.Helper()
	script := filepath.Join(l.dir, "step.sh")
	must(b, os.WriteFile(script, []byte("exec \""+l.dir+"\"/"+command+"\n"), 0o600))
	cmd := exec.Command("bash", "--noprofile", "--norc", "-e", "-o", "pipefail", script)
	cmd.Env = l.env
	if out, err := cmd.CombinedOutput(); err != nil || !strings.HasPrefix(string(out), "bluegreen ") {
		b.Fatalf("%v: %s", err, out)
	}
}

func build(b *testing.B, dir, name, from string) string {
	b.Helper()
	path := filepath.Join(dir, name)
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", path, from)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	return path
}

// container makes an image of a small static program, and returns docker.
func container(b *testing.B, dir string) func(args ...string) {
	b.Helper()
	source := filepath.Join(dir, "echo.go")
	must(b, os.WriteFile(source, []byte("package main\n\nimport \"os\"\n\nfunc main() { os.Stdout.WriteString(os.Args[1] + \"\\n\") }\n"), 0o600))
	program, err := os.ReadFile(build(b, dir, "echo", source))
	must(b, err)
	var layer bytes.Buffer
	out := tar.NewWriter(&layer)
	must(b, out.WriteHeader(&tar.Header{Name: "echo", Mode: 0o755, Size: int64(len(program))}))
	_, err = out.Write(program)
	must(b, errors.Join(err, out.Close()))
	host := lab.Docker(b)
	docker := func(stdin *bytes.Buffer, args ...string) {
		cmd := exec.Command("docker", append([]string{"--host", host}, args...)...)
		if stdin != nil {
			cmd.Stdin = stdin
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("docker %v: %v: %s", args, err, out)
		}
	}
	docker(&layer, "import", "--change", `ENTRYPOINT ["/echo"]`, "-", image)
	b.Cleanup(func() { docker(nil, "rmi", "--force", image) })
	return func(args ...string) { docker(nil, args...) }
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(fmt.Errorf("cold start: %w", err))
	}
}
