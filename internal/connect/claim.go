package connect

import (
	"context"
	"errors"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Claim writes down that the candidate slot is this release's, and refuses one that
// another has overtaken.
func Claim(ctx context.Context, job *action.Job, b traffic.Balancer, takeOver bool) error {
	if err := Current(ctx, job, b); err != nil {
		return err
	}
	return traffic.TakeClaim(ctx, b.Ledger, job.Release.Candidate, job.Release.ID, takeOver)
}

// Current refuses a release that another has overtaken.
func Current(ctx context.Context, job *action.Job, b traffic.Balancer) error {
	return Overtaken(job, traffic.Current(ctx, b, job.Release))
}

// Overtaken adds to the record that another release has superseded this one, where
// that is the error, which it returns as it is.
func Overtaken(job *action.Job, err error) error {
	if s, ok := errors.AsType[*traffic.Superseded](err); ok {
		job.Add.Superseded = s.By
	}
	return err
}
