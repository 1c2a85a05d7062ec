// Package build is the action that makes the images of a version and brings
// them into the registry.
package build

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/image"
	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

// Phase is the action.
var Phase = action.New(action.About{
	Name:     "build",
	Summary:  "Builds all images at once, pushes them, and reads their digests back from the registry.",
	Rights:   []string{"packages: write"},
	Settings: []string{"images", "registry"},
	Quiet:    []string{"slots"},
}, run)

type inputs struct {
	Version release.Version `input:"version" help:"Version to build, such as v1.2.0; the one of the record when empty."`
	Commit  release.Commit  `input:"commit" help:"Commit that the images are of; the one of the record, or of the run, when empty."`
}

type outputs struct {
	Digests string `output:"digests" help:"The digest of each image in the registry, name=sha256:… separated by spaces."`
	Built   int    `output:"built" help:"How many images were built; 0 when the registry had this commit's already."`
}

func run(ctx context.Context, job *action.Job, in inputs) (outputs, error) {
	order := image.Order{
		Images:  job.Config.Images,
		Version: cmp.Or(in.Version, job.Release.Version),
		Commit:  cmp.Or(in.Commit, job.Release.Commit, job.Runner.Commit),
		Dir:     job.Dir,
	}
	if order.Version == "" || order.Commit == "" {
		return outputs{}, release.Reject("pass the record of preflight, or the inputs version and commit", "the version or the commit is missing: version %q, commit %q", order.Version, order.Commit)
	}
	if job.DryRun {
		return outputs{}, plan(job, order)
	}
	pipeline, err := pipeline(ctx, job)
	if err != nil {
		return outputs{}, err
	}
	built, err := pipeline.Build(ctx, order, job.Findings)
	report(job, order, built, err)
	if err != nil {
		return outputs{}, err
	}
	job.Add.Images = map[string]release.Digest{}
	for name, b := range built {
		job.Add.Images[name] = b.Digest
	}
	return outputs{Digests: digests(built), Built: fresh(built)}, nil
}

func pipeline(ctx context.Context, job *action.Job) (image.Pipeline, error) {
	engine, accounts, builder, err := connect.Builder(ctx, job)
	return image.Pipeline{
		Registry: accounts, Engine: engine, Builder: builder,
		Run: prepare,
		Say: func(line string) { job.Log.Info(line) },
	}, err
}

// prepare runs one command of a build without a shell.
func prepare(ctx context.Context, c image.Command, out io.Writer) error {
	return process.Run(ctx, process.Command{Path: c.Argv[0], Args: c.Argv[1:], Dir: c.Dir, Env: c.Env, Stdout: out, Stderr: out})
}

func plan(job *action.Job, order image.Order) error {
	job.Page.Verdict(summary.Skip, "build: dry run of %s", order.Version)
	var rows [][]string
	for _, name := range slices.Sorted(maps.Keys(order.Images)) {
		i := order.Images[name]
		rows = append(rows, []string{name, image.Tagged(i.Repository, order.Version), i.Dockerfile, i.MaxSize.String()})
	}
	job.Page.Table([]string{"image", "would be pushed as", "Dockerfile", "limit"}, rows)
	return nil
}

func report(job *action.Job, order image.Order, built map[string]image.Built, err error) {
	if err != nil {
		job.Page.Verdict(summary.Bad, "build: %d of %d images of %s are in the registry", len(built), len(order.Images), order.Version)
	} else {
		job.Page.Verdict(summary.Good, "build: %s at %s, %d images, %d built now", order.Version, order.Commit.Short(), len(built), fresh(built))
	}
	var rows [][]string
	for _, name := range slices.Sorted(maps.Keys(built)) {
		b := built[name]
		how := fmt.Sprintf("built in %.1f s", b.Took.Seconds())
		if b.Reused {
			how = "was there already"
		}
		rows = append(rows, []string{name, b.Digest.Short(), how, b.Compressed.String(), b.Limit.String()})
	}
	job.Page.Table([]string{"image", "digest in the registry", "how", "size", "limit"}, rows)
	if failure, ok := errors.AsType[*image.Failure](err); ok && failure.Log != "" {
		job.Page.Details("Log of "+failure.Image+", "+string(failure.Stage), failure.Log)
	}
}

func digests(built map[string]image.Built) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(built)) {
		all = append(all, name+"="+string(built[name].Digest))
	}
	return strings.Join(all, " ")
}

func fresh(built map[string]image.Built) int {
	n := 0
	for _, b := range built {
		if !b.Reused {
			n++
		}
	}
	return n
}
