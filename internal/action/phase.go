// Package action turns a typed Go function into a GitHub action and into a
// command: it binds inputs to a struct, loads the configuration, calls the
// function, and reports what came of it.
//
// Inputs and outputs are declared once, as tagged structs; action.yml, the page of
// the action and --help are written from the same declaration. Every bad input is
// reported at once, before the function is called. Outputs, evidence
// and the summary are written even when the function fails, so that the next
// job never sees those of an earlier attempt.
package action

import (
	"context"
	"reflect"

	"github.com/bluegreen-actions/bluegreen/internal/config"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// About describes a phase to people.
type About struct {
	Name     string   // the verb: the folder under actions/ and the command
	Summary  string   // one sentence
	Settings []string // the sections of the configuration that it uses
	Quiet    []string // sections that are read but are no inputs
	Needed   []string // the sections that have to be right, where a mistake elsewhere is only a warning; nil for all
	Judges   bool     // it reports the mistakes of the configuration itself, beside what else is wrong with what they left
	Rights   []string // what the job's token must be allowed besides reading the contents, such as "actions: read"
	After    []string // the jobs whose release outputs it needs; where none are named, it works without a record
	First    bool     // it begins a release, and refuses what would hurt a later phase
	Looks    bool     // it only looks, so no report is kept of it
	Keeps    bool     // its report is of what nobody can look at again, so one is kept outside of a job, too
	Plain    bool     // it answers a person or a program: nothing is printed but what it writes to Output
}

// Phase is one step of a release, ready to be described or run.
type Phase struct {
	About
	Inputs  []Field
	Outputs []Field
	bind    func(binding) (call, error)
}

// call is the function of a phase with its inputs.
type call func(context.Context, *Job) (any, error)

// common is the inputs that every action has.
type common struct {
	Config  string         `input:"config" default:".github/bluegreen.yml" help:"Path of the configuration file, relative to the workspace. The default may be missing when the inputs say everything."`
	Release release.Record `input:"release" help:"The record so far: the release outputs of all jobs before, one after the other."`
	DryRun  bool           `input:"dry-run" default:"false" help:"Say what would be done, and change nothing."`
	Dir     string         `input:"working-directory" default:"." help:"The folder that relative paths start from."`
	Reports string         `input:"report" default:"bluegreen-report" help:"Folder for the files of this action, to be uploaded as an artifact; on a laptop only a rollback leaves one unless it is given."`
	Vars    string         `input:"vars" help:"Variables that are no secrets, one NAME=value a line, for the configuration's ${NAME} and for child processes. They are not masked; the secret BLUEGREEN_ENV is for what has to be, and wins."`
	Token   release.Secret `input:"token" default:"${{ github.token }}" help:"Token for the GitHub API; the permissions that the job needs are in the README."`
}

// standard is the outputs that every action has.
type standard struct {
	Release  string `output:"release" help:"What this action adds to the record, as JSON. It holds no secret, host name or URL."`
	Evidence string `output:"evidence" help:"The items of the plan that were checked: id, status, observation, time; as JSON."`
	Verdict  string `output:"verdict" help:"passed, refused (a gate or check said no), invalid (bad input, nothing was touched) or unknown (could not tell)."`
}

// New declares a phase. In and Out are structs whose fields are tagged with
// input and output; Out's fields are text, numbers or booleans.
func New[In, Out any](about About, run func(context.Context, *Job, In) (Out, error)) Phase {
	return Phase{
		About:   about,
		Inputs:  inputsOf(about, reflect.TypeFor[In]()),
		Outputs: append(fields(reflect.TypeFor[standard](), "output"), fields(reflect.TypeFor[Out](), "output")...),
		bind: func(b binding) (call, error) {
			var in In
			err := b.fill(&in)
			return func(ctx context.Context, job *Job) (any, error) { return run(ctx, job, in) }, err
		},
	}
}

func inputsOf(about About, own reflect.Type) []Field {
	all := append(fields(reflect.TypeFor[common](), "input"), fields(own, "input")...)
	for _, section := range about.Settings {
		for _, key := range config.Keys(section) {
			all = append(all, Field{
				Name: inputName(key.Path), Help: key.Help, Default: key.Default, Secret: key.Secret, Key: key.Path,
			})
		}
	}
	return all
}
