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
	Passed  config.Problems // what is wrong in sections that this phase can do without; they count as not written, unless it judges them
	Release release.Record  // the record so far
	After   []string        // the jobs that it should have something from
	Token   release.Secret
	DryRun  bool
	Dir     string // absolute; relative paths of the configuration start here
	Runner  runner.Job
	Env     []string                 // the variables of BLUEGREEN_ENV, NAME=value, for child processes
	Getenv  func(name string) string // a variable of the step, else one of Env

	Add      release.Record // what this job adds to the record
	Findings *release.Findings
	Page     *summary.Page
	Log      *slog.Logger
	Output   io.Writer // for child processes: defused and without secrets

	reports  string
	absent   string // the configuration file that would be read and is not there
	redact   func(string) string
	mask     func(string)
	show     func(*summary.Page) error
	annotate func(runner.Annotation)
	group    func(title string)
}

// Path makes a path of the configuration absolute.
func (j *Job) Path(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(j.Dir, path)
}

// Secret reads a variable that is no input, and hides its value from everything
// that is printed from now on.
func (j *Job) Secret(name string) release.Secret {
	value := j.Getenv(name)
	j.mask(value)
	return release.Secret(value)
}

// Show prints a page as the answer of a command that is Plain, now.
func (j *Job) Show(page *summary.Page) error { return j.show(page) }

// Group puts the lines of the log from here on under a title; an empty title ends
// that.
func (j *Job) Group(title string) { j.group(title) }

// Annotate shows a message on a line of a file.
func (j *Job) Annotate(a runner.Annotation) { j.annotate(a) }

// Warn shows one warning on the run.
func (j *Job) Warn(title, text string) {
	j.annotate(runner.Annotation{Level: runner.Warning, Title: title, Text: text})
}
