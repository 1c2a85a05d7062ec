package draft

import (
	"io/fs"
	"path"
	"slices"
	"strings"
)

// dockerfile looks for the Dockerfile of a service that the compose files do not
// build; empty where there is none.
func dockerfile(checkout fs.FS, service string) string {
	for _, pattern := range []string{"S/Dockerfile", "Dockerfile.S", "S.Dockerfile", "docker/S/Dockerfile", "*/Dockerfile.S", "*/S.Dockerfile"} {
		found, err := fs.Glob(checkout, strings.ReplaceAll(pattern, "S", service))
		if err == nil && len(found) == 1 {
			return found[0]
		}
	}
	return ""
}

// Folders that hold what is not the application's own.
var foreign = []string{"node_modules", "vendor", "testdata"}

// migrations lists the folders with migrations for golang-migrate. The contract
// migrations in one of them go with it.
func migrations(checkout fs.FS) (folders []string) {
	_ = fs.WalkDir(checkout, ".", func(name string, entry fs.DirEntry, err error) error {
		switch base := path.Base(name); {
		case err != nil:
			return fs.SkipDir // what cannot be read has none that could be applied
		case entry.IsDir() && name != "." && (slices.Contains(foreign, base) || base[0] == '.'):
			return fs.SkipDir
		case !entry.IsDir() && strings.HasSuffix(base, ".up.sql") && !slices.Contains(folders, path.Dir(name)):
			folders = append(folders, path.Dir(name))
		}
		return nil
	})
	return slices.DeleteFunc(folders, func(f string) bool {
		return path.Base(f) == "contract" && slices.Contains(folders, path.Dir(f))
	})
}
