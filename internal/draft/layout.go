package draft

import (
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Layout is the compose files of each slot, in the order in which they are merged.
type Layout struct {
	Blue  []string
	Green []string // none where the application has files for one environment only
}

// The names that compose looks for, in its order.
var usual = []string{"compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"}

// Find looks for the compose files in a checkout, beginning with the one that is
// given, if any. Files with blue and green in their names are those of the slots:
// each by itself, or merged over the file that is named like them without a slot.
func Find(checkout fs.FS, given string) (Layout, error) {
	if given == "" {
		return search(checkout)
	}
	if !fs.ValidPath(path.Clean(given)) {
		return Layout{}, release.Reject("give a path inside the checkout, in the input compose", "compose file %s: outside of the checkout", given)
	}
	given = path.Clean(given)
	if _, err := fs.Stat(checkout, given); err != nil {
		return Layout{}, release.Reject("give the path of a compose file in the input compose", "find compose file: %w", err)
	}
	for _, s := range release.Slots {
		if other := s.Other(); strings.Contains(path.Base(given), string(s)) && exists(checkout, renamed(given, s, other)) {
			return Layout{Blue: []string{renamed(given, s, release.Blue)}, Green: []string{renamed(given, s, release.Green)}}, nil
		}
	}
	return over(checkout, given), nil
}

// search looks for a file of the usual names, and then for those of slots alone.
func search(checkout fs.FS) (Layout, error) {
	for _, name := range usual {
		if exists(checkout, name) {
			return over(checkout, name), nil
		}
	}
	for _, name := range usual {
		if blue, green := of(name, release.Blue), of(name, release.Green); exists(checkout, blue) && exists(checkout, green) {
			return Layout{Blue: []string{blue}, Green: []string{green}}, nil
		}
	}
	return Layout{}, release.Reject("run this in the folder that has it, or give its path in the input compose", "find compose file: there is none of %s", strings.Join(usual, ", "))
}

// over is a file with those of both slots merged over it, where there are both.
func over(checkout fs.FS, name string) Layout {
	blue, green := of(name, release.Blue), of(name, release.Green)
	if !exists(checkout, blue) || !exists(checkout, green) {
		return Layout{Blue: []string{name}}
	}
	return Layout{Blue: []string{name, blue}, Green: []string{name, green}}
}

// of is the file of a slot: docker-compose.blue.yml of docker-compose.yml.
func of(name string, s release.Slot) string {
	ending := path.Ext(name)
	return fmt.Sprintf("%s.%s%s", strings.TrimSuffix(name, ending), s, ending)
}

func renamed(name string, from, to release.Slot) string {
	return path.Join(path.Dir(name), strings.Replace(path.Base(name), string(from), string(to), 1))
}

func exists(checkout fs.FS, name string) bool {
	info, err := fs.Stat(checkout, name)
	return err == nil && info.Mode().IsRegular()
}
