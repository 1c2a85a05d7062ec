package action

import (
	"io"
	"log/slog"
	"path/filepath"

	"github.com/bluegreen-actions/bluegreen/internal/config"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/runner"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

// Job is what a phase works with: what it was told, and where it reports.
type Job struct {
	Config  config.File
	Release release.Record // the record so far
	Token   release.Secret
	DryRun  bool
	Dir     string // absolute; relative paths of the configuration start here
	Runner  runner.Job
	Env     []string // the variables of BLUEGREEN_ENV, NAME=value, for child processes

	Add      release.Record // what this job adds to the record
	Findings *release.Findings
	Page     *summary.Page
	Log      *slog.Logger
	Output   io.Writer // for child processes: defused and without secrets

	reports  string
	redact   func(string) string
	annotate func(runner.Annotation)
}

// Path makes a path of the configuration absolute.
func (j *Job) Path(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(j.Dir, path)
}

// Warn shows one warning on the run.
func (j *Job) Warn(title, text string) {
	j.annotate(runner.Annotation{Level: runner.Warning, Title: title, Text: text})
}
