package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/process"
)

// source is a program that is built from the module proxy, at a fixed version.
type source struct{ pkg, version string }

var tools = map[string]source{
	"act":             {"github.com/nektos/act", "v0.2.89"},
	"actionlint":      {"github.com/rhysd/actionlint/cmd/actionlint", "v1.7.12"},
	"staticcheck":     {"honnef.co/go/tools/cmd/staticcheck", "v0.8.2"},
	"govulncheck":     {"golang.org/x/vuln/cmd/govulncheck", "v1.9.0"},
	"cyclonedx-gomod": {"github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod", "v1.10.0"},
	"docker-registry": {"github.com/distribution/distribution/v3/cmd/registry", "v3.1.2"},
}

// Tool returns the path of a program that is built from source, and builds it
// when that has not been done: act, actionlint, staticcheck, govulncheck,
// cyclonedx-gomod or docker-registry. It is built once for a machine and version.
func Tool(ctx context.Context, name string, log io.Writer) (string, error) {
	target, err := toolPath(name)
	if err != nil {
		return "", err
	}
	if _, err := folder(filepath.Dir(filepath.Dir(target))); err != nil {
		return "", err
	}
	release, err := lock(ctx, filepath.Dir(target)+".lock", alone)
	if err != nil {
		return "", err
	}
	defer release()
	if _, err := os.Stat(target); err == nil {
		return target, nil
	}
	return target, build(ctx, name, target, log)
}

func toolPath(name string) (string, error) {
	from, ok := tools[name]
	if !ok {
		return "", fmt.Errorf("tool %q: it is not one of act, actionlint, staticcheck, govulncheck, cyclonedx-gomod and docker-registry", name)
	}
	home, err := Home()
	return filepath.Join(home, "tools", name+"-"+from.version, name), err
}

func build(ctx context.Context, name, target string, log io.Writer) error {
	from, begin := tools[name], time.Now()
	fmt.Fprintf(log, "building %s %s …\n", name, from.version)
	half, err := os.MkdirTemp(filepath.Dir(filepath.Dir(target)), ".build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(half)
	ctx, cancel := context.WithTimeoutCause(ctx, 30*time.Minute, errors.New("no end within 30 minutes"))
	defer cancel()
	err = process.Run(ctx, process.Command{
		Path: "go", Args: []string{"install", "-trimpath", from.pkg + "@" + from.version}, Dir: half,
		Env: []string{"GOBIN=" + half, "GOFLAGS=", "GOWORK=off", "GOOS=", "GOARCH=", "CGO_ENABLED=0"},
	})
	if err != nil {
		return fmt.Errorf("build %s %s: %w", name, from.version, err)
	}
	if _, err := folder(filepath.Dir(target)); err != nil {
		return err
	}
	fmt.Fprintf(log, "built %s in %.0f s\n", name, time.Since(begin).Seconds())
	return os.Rename(filepath.Join(half, path.Base(from.pkg)), target)
}
