package action

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Report writes a value as indented JSON to the report folder.
func (j *Job) Report(name string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("encode report %s: %w", name, err)
	}
	return j.ReportText(name, string(text)+"\n")
}

// ReportText writes a file to the report folder; the name may have folders and
// is made fit for every file system. Secrets are replaced. The file is whole or
// not there. A dry run writes nothing, nor does a job without a report folder.
func (j *Job) ReportText(name, text string) error {
	if j.reports == "" || j.DryRun {
		return nil
	}
	path := filepath.Join(j.reports, filepath.FromSlash(strings.NewReplacer("..", "_", " ", "-", ":", "-").Replace(name)))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if err := replace(path, []byte(j.redact(text))); err != nil {
		return fmt.Errorf("write report %s: %w", name, err)
	}
	return nil
}

// Reports is the report folder; empty where none is kept.
func (j *Job) Reports() string { return j.reports }

// Redact replaces the secrets in a text.
func (j *Job) Redact(text string) string { return j.redact(text) }

// replace writes a file beside the path, syncs it, and renames it.
func replace(path string, text []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".report-")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(text)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
