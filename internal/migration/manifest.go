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

// Level is what is proven about every backup that this package takes: the whole
// file was read back and decompressed, and it has every table of the snapshot. That
// it can be restored is not proven by that.
const Level = "decoded and complete"

// Manifest is the small file beside a backup.
type Manifest struct {
	Name     string     `json:"name"` // of the backup, in the same folder
	SHA256   string     `json:"sha256"`
	Bytes    int64      `json:"bytes"`
	Level    string     `json:"level"`
	Release  release.ID `json:"release"`
	Database string     `json:"database"`
	System   string     `json:"system"` // PostgreSQL's identifier of the cluster
	Server   string     `json:"server"` // version
	Tool     string     `json:"pgDump"` // version
	Schema   Version    `json:"schema"` // -1 for none
	Tables   []string   `json:"tables"`
	TakenAt  time.Time  `json:"takenAt"` // the snapshot
}

// Handle is the backup as the record has it.
func (m Manifest) Handle() *release.Backup {
	return &release.Backup{Name: m.Name, SHA256: m.SHA256, Bytes: m.Bytes, Level: m.Level}
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

// prune removes the oldest backups beyond keep, never the newest one, and
// nothing that has no manifest of ours.
func (s shelf) prune(backups []Manifest, keep int) ([]string, error) {
	var removed []string
	for _, m := range backups[:max(0, len(backups)-max(keep, 1))] {
		if err := os.Remove(s.path(m.Name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return removed, fmt.Errorf("remove old backup: %w", err)
		}
		if err := os.Remove(s.path(m.Name + manifestSuffix)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return removed, fmt.Errorf("remove old backup: %w", err)
		}
		removed = append(removed, m.Name)
	}
	return removed, nil
}
