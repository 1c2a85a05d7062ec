package record

import (
	"cmp"
	"context"
	"fmt"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/github"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// publish attaches the page to the GitHub release and links it in the
// deployment, where that was asked for. The files of the report are there by then.
func publish(ctx context.Context, job *action.Job, in inputs, page string) (string, error) {
	if in.Attach == "" && !in.Link || job.DryRun {
		return "", nil
	}
	if in.Link && in.Environment == "" {
		return "", release.Reject("pass the input environment", "link-deployment: no environment is named")
	}
	address, err := attach(ctx, job, in, page)
	if err != nil || !in.Link {
		return address, err
	}
	repository, err := connect.GitHub(job)
	if err != nil {
		return address, err
	}
	target := address
	if target == "" {
		target = job.Runner.URL()
	}
	return address, repository.LinkDeployment(ctx, in.Environment, job.Release, github.Link{Address: target, Text: "Release record of " + string(job.Release.Version)})
}

// attach returns the address of the page at the GitHub release; none where it was
// not asked for.
func attach(ctx context.Context, job *action.Job, in inputs, page string) (string, error) {
	if in.Attach == "" {
		return "", nil
	}
	repository, err := github.New(job.Runner.APIURL, cmp.Or(job.Config.Record.ReleasesToken, job.Token), job.Runner.Repository)
	if err != nil {
		return "", err
	}
	name := fmt.Sprintf("release-record-%s-%d.html", job.Release.ID, job.Runner.Attempt)
	address, err := repository.Attach(ctx, in.Attach, github.Asset{Name: name, Type: "text/html; charset=utf-8", Content: page})
	if err == nil {
		job.Log.Info("attached the page to the release", "tag", in.Attach, "name", name)
	}
	return address, err
}
