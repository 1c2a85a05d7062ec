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
	getenv, secrets, envErr := dotenv(proc.Getenv)
	run := runner.New(getenv, proc.Stdout)
	defer run.Log().Flush()
	job := newJob(run)
	for name, value := range secrets {
		if !commonWord(value) {
			run.Mask(value)
		}
		job.Env = append(job.Env, name+"="+value)
	}
	var out any
	do, err := p.prepare(run, getenv, job, b)
	if err = errors.Join(envErr, err, p.harmless(secrets, job.Runner.Repository)); err == nil {
		out, err = p.call(ctx, job, do)
	}
	report := reporter{phase: p, run: run, job: job}
	return report.finish(out, err)
}

func newJob(run *runner.Runner) *Job {
	return &Job{
		Findings: &release.Findings{},
		Page:     &summary.Page{},
		Log:      slog.New(runner.Handler(run.Log(), run.Debug())),
		Output:   run.Log(),
		redact:   run.Log().Redact,
		annotate: run.Annotate,
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
	job.reports = job.Path(in.Reports)
	about, aboutErr := run.Job()
	if job.Runner = about; aboutErr != nil {
		aboutErr = release.Reject("let the runner set these variables, or unset them", "%w", aboutErr)
	}
	return do, errors.Join(err, ownErr, dirErr, aboutErr, p.configure(run, getenv, job, in.Config, b))
}

func (p Phase) configure(run *runner.Runner, getenv func(string) string, job *Job, path string, b binding) error {
	sources, err := p.sources(job.Path(path), path, b)
	if err != nil {
		return err
	}
	lookup := func(name string) (string, bool) { v := getenv(name); return v, v != "" }
	file, err := config.Load(lookup, append(slices.Clone(p.Settings), p.Quiet...), sources...)
	for _, s := range config.Secrets(&file) {
		run.Mask(s)
	}
	job.Config = file
	return err
}

// sources is the file, unless the default one is missing, and the inputs that
// set a key.
func (p Phase) sources(path, shown string, b binding) ([]config.Source, error) {
	var all []config.Source
	text, err := os.ReadFile(path)
	switch {
	case err == nil:
		all = append(all, config.Source{Name: shown, Text: string(text)})
	case !errors.Is(err, os.ErrNotExist) || b.given["config"] != "" && b.given["config"] != shippedConfig:
		return nil, release.Reject("write the file, examples/mailblast/.github/bluegreen.yml is one to start from, or give its path in the input config", "read configuration: %w", err)
	}
	for _, f := range p.Inputs {
		if v := b.given[f.Name]; f.Key != "" && v != "" {
			all = append(all, config.Source{Name: "input " + f.Name, Key: f.Key, Text: quoteSecret(f, v)})
		}
	}
	return all, nil
}

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
