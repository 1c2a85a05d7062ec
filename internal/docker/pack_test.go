package docker

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestAContextIsPackedWithoutWhatIsIgnored(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		files      string
		ignore     string
		dockerfile string
		want       string
		name       string
	}{
		"all of it":                              {"a b/c", "", "Dockerfile", ".dockerignore Dockerfile a b/ b/c", "Dockerfile"},
		"without a folder":                       {"a b/c b/d/e", "b", "Dockerfile", ".dockerignore Dockerfile a", "Dockerfile"},
		"with an exception in a folder":          {"b/c b/d", "b/*\n!b/d", "Dockerfile", ".dockerignore Dockerfile b/ b/d", "Dockerfile"},
		"with the Dockerfile that it excludes":   {"a", "docker\nDockerfile*", "docker/Dockerfile.web", ".dockerignore a docker/Dockerfile.web", "docker/Dockerfile.web"},
		"with a Dockerfile from outside":         {"a", "", "../Dockerfile", ".bluegreen.Dockerfile .dockerignore a", outside},
		"with everything ignored but one folder": {"a b/c", "*\n!b", "Dockerfile", ".dockerignore Dockerfile b/ b/c", "Dockerfile"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "context")
			for _, file := range append(strings.Fields(tt.files), tt.dockerfile, ".dockerignore") {
				path := filepath.Join(dir, file)
				if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(tt.ignore), 0o644)); err != nil {
					t.Fatal(err)
				}
			}
			archive, dockerfile, err := pack(dir, filepath.Join(dir, tt.dockerfile))
			if err != nil {
				t.Fatal(err)
			}
			defer archive.Close()
			if got := names(t, archive); got != tt.want || dockerfile != tt.name {
				t.Errorf("got %q, Dockerfile %q", got, dockerfile)
			}
		})
	}
}

func names(t *testing.T, archive io.Reader) string {
	t.Helper()
	var all []string
	for in := tar.NewReader(archive); ; {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			slices.Sort(all)
			return strings.Join(all, " ")
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.Uid != 0 || header.Uname != "" {
			t.Errorf("%s belongs to %d %s", header.Name, header.Uid, header.Uname)
		}
		all = append(all, header.Name)
	}
}
