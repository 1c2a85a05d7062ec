package migration

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Level is what is proven about the content of a backup.
type Level string

// The levels. Each has what is said of the one before it.
const (
	Decoded  Level = "decoded and complete"  // the whole file was read back and decompressed, and it has every table of the snapshot
	Restored Level = "restored and compared" // a scratch database that it was restored into has the rows of the snapshot
)

// proven tells whether the manifest of a backup says what this package proves of
// every one.
func (l Level) proven() bool { return l == Decoded || l == Restored }

// Manifest is the small file beside a backup.
type Manifest struct {
	Name     string     `json:"name"` // of the backup, in the same folder
	SHA256   string     `json:"sha256"`
	Bytes    int64      `json:"bytes"`
	Level    Level      `json:"level"`
	Release  release.ID `json:"release"`
	Database string     `json:"database"`
	System   string     `json:"system"` // PostgreSQL's identifier of the cluster
	Server   string     `json:"server"` // version
	Tool     string     `json:"pgDump"` // version
	Schema   Version    `json:"schema"` // -1 for none
	Tables   []string   `json:"tables"`
	TakenAt  time.Time  `json:"takenAt"` // the snapshot

	// Rows is what the snapshot had of each table, without those that
	// database.backup.count-timeout did not suffice for.
	Rows map[string]Rows `json:"rows,omitempty"`

	Copy *Copy `json:"copy,omitempty"` // in a vault, which alone has manifests with it

	// Path is where the dump is on this machine, for as long as the run lasts.
	Path string `json:"-"`
}

// Handle is the backup as the record has it.
func (m Manifest) Handle() *release.Backup {
	return &release.Backup{Name: m.Name, SHA256: m.SHA256, Bytes: m.Bytes, Level: m.Proven()}
}

// outdated tells whether a file of either line was applied behind the snapshot, or
// taken back: nothing that the database has now can be tried on such a backup.
func (m Manifest) outdated(state, contract State) bool {
	return m.Schema != state.Version || state.changedSince(m.TakenAt) || contract.changedSince(m.TakenAt)
}

// Proven says what is proven of the backup and of its copy.
func (m Manifest) Proven() string {
	if m.Copy == nil {
		return string(m.Level)
	}
	return string(m.Level) + "; " + m.Copy.String()
}

const (
	dumpSuffix     = ".dump"
	manifestSuffix = ".json"
)

// shelf is the folder of backups.
type shelf struct{ dir string }

// list returns the backups of one database that are complete, the oldest first.
func (s shelf) list(database, system string) ([]Manifest, error) {
	names, err := filepath.Glob(filepath.Join(s.dir, "*"+dumpSuffix+manifestSuffix))
	if err != nil {
		return nil, err
	}
	var found []Manifest
	for _, name := range names {
		m, ok := s.manifest(name)
		if ok && m.Database == database && m.System == system {
			found = append(found, m)
		}
	}
	slices.SortFunc(found, func(a, b Manifest) int { return a.TakenAt.Compare(b.TakenAt) })
	return found, nil
}

// manifest reads one that names the file it is beside, and whose file is there.
func (s shelf) manifest(path string) (Manifest, bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Manifest{}, false
	}
	var m Manifest
	if json.Unmarshal(text, &m) != nil || m.Name != strings.TrimSuffix(filepath.Base(path), manifestSuffix) {
		return Manifest{}, false
	}
	info, err := os.Stat(s.path(m.Name))
	return m, err == nil && info.Mode().IsRegular()
}

func (s shelf) path(name string) string { return filepath.Join(s.dir, name) }

// prune removes the oldest backups beyond keep that were taken before young, never
// the newest one, and nothing that has no manifest of ours.
func (s shelf) prune(backups []Manifest, keep int, young time.Time) ([]string, error) {
	var removed []string
	for _, m := range backups[:max(0, len(backups)-max(keep, 1))] {
		if !m.TakenAt.Before(young) {
			break // and so are all that follow
		}
		if err := s.remove(m.Name); err != nil {
			return removed, fmt.Errorf("remove old backup: %w", err)
		}
		removed = append(removed, m.Name)
	}
	return removed, nil
}

// remove removes a backup before its manifest, so that one that can be seen always
// has it.
func (s shelf) remove(name string) error {
	for _, path := range []string{s.path(name), s.path(name + manifestSuffix)} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
