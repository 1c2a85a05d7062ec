package action

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"

	"github.com/bluegreen-actions/bluegreen/internal/config"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/runner"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

// Process is the surroundings of a run: the program as a value.
type Process struct {
	Args   []string // flags, --name value, for use without a runner
	Getenv func(string) string
	Stdout io.Writer
	Stderr io.Writer
}

// width is how many columns a line may have; 0 for any.
func (p Process) width(w io.Writer) int { return runner.Width(p.Getenv, w) }

// Main runs the phase and returns its exit status: 0 done, 1 refused, 2 bad
// input, 3 could not tell.
func (p Phase) Main(ctx context.Context, proc Process) int {
	given, err := p.parse(proc)
	if errors.Is(err, errHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(proc.Stderr, "bluegreen:", err)
		return int(release.Invalid)
	}
	return p.execute(ctx, proc, given)
}

func (p Phase) execute(ctx context.Context, proc Process, b binding) int {
	variables, envErr := given(proc.Getenv(bundle), b.given["vars"])
	getenv := variables.over(proc.Getenv)
	run := runner.New(proc.Getenv, proc.Stdout)
	if !run.Files() {
		run.Apart(proc.Stderr)
	}
	defer run.Log().Flush()
	job := newJob(run)
	if p.Plain {
		job.Output = run.Page()
	}
	for _, value := range variables.secret {
		if maskable(value) {
			run.Mask(value)
		}
	}
	job.Env, job.Getenv, job.After = variables.list(), getenv, p.After
	var out any
	do, err := p.prepare(run, getenv, job, b)
	if err = errors.Join(envErr, err, p.harmless(variables, job.Runner.Repository)); err == nil {
		p.unmasked(variables, job)
		out, err = p.call(ctx, job, do)
	}
	run.EndGroup()
	report := reporter{phase: p, run: run, job: job, width: proc.width}
	if p.Plain {
		return report.plain(proc.Stderr, err)
	}
	return report.finish(proc.Stderr, out, err)
}

func newJob(run *runner.Runner) *Job {
	return &Job{
		Findings: &release.Findings{},
		Page:     &summary.Page{},
		Log:      slog.New(runner.Handler(run.Log(), run.Debug())),
		Output:   run.Log(),
		redact:   run.Log().Redact,
		mask:     run.Mask,
		show:     run.Show,
		annotate: run.Annotate,
		group:    groups(run),
	}
}

func groups(run *runner.Runner) func(title string) {
	return func(title string) {
		if title == "" {
			run.EndGroup()
			return
		}
		run.Group(title)
	}
}

// prepare masks the secrets, reads the inputs and the configuration, and returns
// the function to call or all that is wrong. It touches nothing outside.
func (p Phase) prepare(run *runner.Runner, getenv func(string) string, job *Job, b binding) (call, error) {
	for _, f := range p.Inputs {
		if f.Secret {
			run.Mask(b.text(f))
		}
	}
	var in common
	err := b.fill(&in)
	do, ownErr := p.bind(b)
	dir, dirErr := filepath.Abs(in.Dir)
	job.Dir, job.Release, job.Token, job.DryRun = dir, in.Release, in.Token, in.DryRun
	if job.reports = job.Path(in.Reports); !run.Files() && b.given["report"] == "" && !p.Keeps {
		job.reports = "" // nobody uploads it
	}
	about, aboutErr := run.Job()
	if job.Runner = about; aboutErr != nil {
		aboutErr = release.Reject("let the runner set these variables, or unset them", "%w", aboutErr)
	}
	return do, errors.Join(err, ownErr, dirErr, aboutErr, p.configure(run, getenv, job, in.Config, b))
}

func (p Phase) configure(run *runner.Runner, getenv func(string) string, job *Job, path string, b binding) error {
	sources, err := p.sources(job, path, b)
	if err != nil {
		return err
	}
	lookup := func(name string) (string, bool) { v := getenv(name); return v, v != "" }
	sections := append(slices.Clone(p.Settings), p.Quiet...)
	var file config.File
	switch {
	case p.Judges:
		file, err = config.Load(lookup, sections, sources...)
		if problems, ok := errors.AsType[config.Problems](err); ok {
			job.Passed, err = problems, nil
		}
	case p.Needed == nil:
		file, err = config.Load(lookup, sections, sources...)
	default:
		file, job.Passed, err = config.LoadLenient(lookup, sections, p.Needed, sources...)
	}
	for _, s := range config.Secrets(&file) {
		run.Mask(s)
	}
	job.Config = file
	return err
}

// sources is the file, unless the default one is missing, and the inputs that
// set a key.
func (p Phase) sources(job *Job, path string, b binding) ([]config.Source, error) {
	var all []config.Source
	text, err := os.ReadFile(job.Path(path))
	switch {
	case err == nil:
		all = append(all, config.Source{Name: path, Text: string(text)})
	case p.Judges || !errors.Is(err, os.ErrNotExist) || b.given["config"] != "" && b.given["config"] != shippedConfig:
		return nil, release.Reject(makeOne, "read configuration: %w", err)
	}
	for _, f := range p.Inputs {
		if v := b.given[f.Name]; f.Key != "" && v != "" {
			all = append(all, config.Source{Name: "input " + f.Name, Key: f.Key, Text: quoteSecret(f, v)})
		}
	}
	if len(all) == 0 && len(p.Settings)+len(p.Quiet) > 0 {
		job.absent = job.Path(path)
	}
	return all, nil
}

// makeOne is what to do where there is no configuration.
const makeOne = "write it with bluegreen init; run this in the folder that has it, or give its path in the input config"

// shippedConfig is the default of the input config, which may be missing.
const shippedConfig = ".github/bluegreen.yml"

// call runs the function and turns a panic, which is our fault, into an error
// that still reports what is known.
func (p Phase) call(ctx context.Context, job *Job, do call) (out any, err error) {
	defer func() {
		if v := recover(); v != nil {
			fmt.Fprintf(job.Output, "%s\n", debug.Stack())
			err = release.CannotTell("report this as a fault of bluegreen, with the log", "%s: panic: %v", p.Name, v)
		}
	}()
	return do(ctx, job)
}

// outputs is everything the step puts out, every name present.
func (p Phase) outputs(job *Job, out any, err error) (map[string]string, error) {
	add, addErr := job.Add.Encode()
	addErr = errors.Join(addErr, p.legible(job, add))
	err = errors.Join(err, addErr)
	evidence, evidenceErr := release.Evidences(job.Findings.List()).Encode()
	all := map[string]string{}
	for _, f := range p.Outputs {
		all[f.Name] = ""
	}
	if out != nil {
		maps.Copy(all, texts(out))
	}
	all["release"], all["evidence"], all["verdict"] = add, evidence, verdict(err)
	return all, errors.Join(addErr, evidenceErr)
}

func verdict(err error) string {
	return map[int]string{0: "passed", int(release.Refused): "refused", int(release.Invalid): "invalid", int(release.Unknown): "unknown"}[release.ExitStatus(err)]
}
