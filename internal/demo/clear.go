package demo

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/process"
)

// clear removes the containers of the two compose projects, and the images that
// were made for the demo's own registry.
func clear(ctx context.Context, dir, project string) error {
	for _, name := range []string{project + "-blue", project + "-green"} {
		if err := remove(ctx, []string{"ps", "-aq", "--filter", "label=com.docker.compose.project=" + name}, "rm", "-f"); err != nil {
			return err
		}
	}
	registry, err := os.ReadFile(registryFile(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	// By name: what has the same content has the same id, and another stage may run it.
	const name = `{{.Repository}}{{if eq .Tag "<none>"}}@{{.Digest}}{{else}}:{{.Tag}}{{end}}`
	return remove(ctx, []string{"images", "--digests", "--format", name, "--filter", "reference=" + string(registry) + "/mailblast-*"}, "rmi", "-f")
}

// remove lists ids or names with docker and gives them, each once, to another command.
func remove(ctx context.Context, list []string, command ...string) error {
	out, err := process.Output(ctx, process.Command{Path: "docker", Args: list})
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, id := range strings.Fields(string(out)) {
		if !seen[id] {
			seen[id] = true
			command = append(command, id)
		}
	}
	if len(seen) == 0 {
		return nil
	}
	return process.Run(ctx, process.Command{Path: "docker", Args: command})
}
