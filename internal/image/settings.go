package image

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Image is how one image of the application is made. Paths are relative to the
// checkout.
type Image struct {
	Repository string                    `yaml:"repository" help:"Where the image is pushed, with the registry's host and without a tag, such as ghcr.io/acme/backend."`
	Context    string                    `yaml:"context" help:"Folder that the build sees." default:"."`
	Dockerfile string                    `yaml:"dockerfile" help:"Path of the Dockerfile; the one in the context when empty."`
	Args       map[string]string         `yaml:"args" help:"Build arguments. VERSION and REVISION are always passed."`
	Target     string                    `yaml:"target" help:"Stage of the Dockerfile to build; the last one when empty."`
	Platform   string                    `yaml:"platform" help:"Platform to build for, such as linux/arm64; the engine's own when empty."`
	Secrets    map[string]release.Secret `yaml:"secrets" help:"Build secrets by id, for RUN --mount=type=secret. They need BuildKit."`
	MaxSize    release.Size              `yaml:"max-size" help:"Largest size in the registry: the compressed layers and the configuration." default:"500MB"`
	Prepare    [][]string                `yaml:"prepare" help:"Commands to run in the checkout before the build, each a list of words; there is no shell."`
}

// A repository with at least one name part; the host may have capitals and a port.
var repositoryForm = regexp.MustCompile(`^([A-Za-z0-9.-]+(:[0-9]+)?/)?[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*$`)

// Check refuses what cannot be built or pushed as it is written.
func (i Image) Check() error {
	var problems []error
	if !repositoryForm.MatchString(i.Repository) {
		problems = append(problems, fmt.Errorf("repository %q: want a registry's host and a lower-case name without a tag, such as ghcr.io/acme/backend", i.Repository))
	}
	if i.MaxSize <= 0 {
		problems = append(problems, fmt.Errorf("max-size %v: want a limit above 0, such as 500MB", i.MaxSize))
	}
	for n, argv := range i.Prepare {
		if len(argv) == 0 || argv[0] == "" {
			problems = append(problems, fmt.Errorf("prepare %d: want a program and its arguments, such as [npm, run, build]", n+1))
		}
	}
	for _, path := range []string{i.Context, i.Dockerfile} {
		if path != "" && !filepath.IsLocal(path) {
			problems = append(problems, fmt.Errorf("path %q: want one inside the checkout", path))
		}
	}
	return errors.Join(problems...)
}

// Present refuses an image whose context or Dockerfile is not in the checkout.
func (i Image) Present(checkout string) error {
	_, context := os.Stat(filepath.Join(checkout, i.Context))
	_, dockerfile := os.Stat(filepath.Join(checkout, i.dockerfile()))
	return errors.Join(prefix("context", context), prefix("dockerfile", dockerfile))
}

func prefix(key string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", key, err)
}

func (i Image) dockerfile() string {
	if i.Dockerfile != "" {
		return i.Dockerfile
	}
	return filepath.Join(i.Context, "Dockerfile")
}

func (i Image) secrets() []release.Secret {
	var all []release.Secret
	for _, s := range i.Secrets {
		all = append(all, s)
	}
	return all
}

// Tagged names an image by its version, such as ghcr.io/acme/backend:v1.2.0.
func Tagged(repository string, v release.Version) string { return repository + ":" + string(v) }

// Pinned names an image by its content: what the tag points at may change,
// this cannot.
func Pinned(repository string, d release.Digest) string { return repository + "@" + string(d) }

// Repository cuts the tag or the digest off a reference.
func Repository(reference string) string {
	reference, _, _ = strings.Cut(reference, "@")
	if colon := strings.LastIndexByte(reference, ':'); colon > strings.LastIndexByte(reference, '/') {
		return reference[:colon]
	}
	return reference
}

// sorted lists the names in a fixed order, so that what is said twice is equal.
func sorted[T any](of map[string]T) []string {
	names := make([]string, 0, len(of))
	for name := range of {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
