// Package runner speaks the protocol of a GitHub Actions runner: inputs,
// outputs, job summaries, annotations and masks. It is the only place that
// knows the GITHUB_* files and the :: commands.
//
// It promises that nothing from outside becomes a command or an output of its
// own: the lines of a log, of a child process and of an annotation are
// defused, a value that could end its own heredoc is refused, or escaped where
// it is JSON, and a secret is replaced in everything that is printed or put out.
// Outside of a runner, where the files are missing, outputs and summaries go to
// standard output.
package runner

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/sethvargo/go-githubactions"
)

// MaxSummary is the size in bytes of a step's summary that GitHub still shows;
// of a longer one it shows nothing. Source: GitHub's documentation of job
// summaries, 1 MiB per step.
const MaxSummary = 1 << 20

// delimiter is what go-githubactions puts around every value, always the same.
// A value that contains it could end itself and forge further outputs.
const delimiter = "_GitHubActionsFileCommandDelimeter_"

// Runner is one step's connection to the runner that executes it.
type Runner struct {
	getenv func(string) string
	out    io.Writer
	log    *Log
	page   *Log // the same, unless the log goes elsewhere
	mu     sync.Mutex
	action *githubactions.Action
	summed int // bytes of summary so far

	grouped bool
}

// New connects to the runner whose variables getenv reads and whose log is w.
func New(getenv func(string) string, w io.Writer) *Runner {
	log := &Log{w: w}
	return &Runner{
		getenv: getenv,
		out:    w,
		log:    log,
		page:   log,
		action: githubactions.New(githubactions.WithGetenv(getenv), githubactions.WithWriter(log.commands())),
	}
}

// Log is where everything for people goes: defused and without secrets.
func (r *Runner) Log() *Log { return r.log }

// Apart sends the log to w, so that standard output has nothing but what was asked
// for: outside of a job, where one is read or redirected without the other.
func (r *Runner) Apart(w io.Writer) { r.log = &Log{w: w} }

// Page is where what was asked for goes: defused and without secrets.
func (r *Runner) Page() *Log { return r.page }

// Present reports whether the process runs inside a GitHub Actions job.
func (r *Runner) Present() bool { return r.getenv("GITHUB_ACTIONS") == "true" }

// Debug reports whether the job was started with debug logging.
func (r *Runner) Debug() bool { return r.getenv("RUNNER_DEBUG") == "1" }

// Input returns the text of an input, without space around it; an input that
// is empty and one that was not given cannot be told apart.
func (r *Runner) Input(name string) string { return r.action.GetInput(name) }

// none stands for an output without a value: GitHub skips an empty one.
const none = "none"

// SetOutput sets one output of the step. GitHub keeps the outputs of a failed
// job for its next attempt unless they are set again, so a value that is empty
// or refused is written as "none". Secrets are replaced: GitHub would silently
// drop the whole output.
func (r *Runner) SetOutput(name, value string) error {
	value = cmp.Or(escapeJSON(r.log.Redact(value)), none)
	refused := checkOutput(name, value)
	if refused != nil {
		value = none
	}
	if r.getenv("GITHUB_OUTPUT") == "" {
		_, err := fmt.Fprintf(r.log, "output %s=%s\n", name, value)
		return errors.Join(refused, err)
	}
	return errors.Join(refused, r.guarded("set output "+name, func() { r.action.SetOutput(name, value) }))
}

// escapeJSON writes the delimiter inside of JSON in another way that means the
// same: what an application says in an observation must not cost a job its
// outputs. In valid JSON the delimiter can only stand within a string.
func escapeJSON(value string) string {
	if !strings.Contains(value, delimiter) || !json.Valid([]byte(value)) {
		return value
	}
	return strings.ReplaceAll(value, delimiter, `\u005f`+delimiter[1:])
}

func checkOutput(name, value string) error {
	switch {
	case strings.Contains(value, delimiter):
		return fmt.Errorf("set output %s: the value contains the delimiter of the output file", name)
	case strings.ContainsAny(value, "\r\n\x00"):
		return fmt.Errorf("set output %s: the value has more than one line", name)
	}
	return nil
}

// AddSummary appends Markdown to the summary of the step. Secrets are
// replaced, and what is beyond MaxSummary in all is cut, with a note that says
// so.
func (r *Runner) AddSummary(markdown string) error {
	markdown = r.log.Redact(markdown)
	if r.getenv("GITHUB_STEP_SUMMARY") == "" {
		_, err := io.WriteString(r.log, markdown+"\n")
		return err
	}
	return r.guarded("write the job summary", func() {
		if text := fit(markdown, MaxSummary-r.summed-len("\n")); text != "" {
			r.action.AddStepSummary(text)
			r.summed += len(text) + len("\n")
		}
	})
}

// fit cuts a text to a size in bytes; nothing is left of it where not even the
// note fits.
func fit(markdown string, size int) string {
	const note = "\n\n*The summary was cut here: GitHub shows 1 MiB.*\n"
	switch {
	case len(markdown) <= size:
		return markdown
	case len(note) > size:
		return ""
	}
	return strings.ToValidUTF8(markdown[:size-len(note)], "") + note
}

// guarded makes one call at a time, and turns the panics of go-githubactions,
// which it uses for files that cannot be written, into errors.
func (r *Runner) guarded(what string, call func()) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: %v", what, p)
		}
	}()
	r.mu.Lock()
	defer r.mu.Unlock()
	call()
	return nil
}
