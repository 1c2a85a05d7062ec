package preflight

import (
	"context"
	"errors"
	"fmt"

	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/preflight"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

func (l look) balancer(ctx context.Context) (string, error) {
	b, err := connect.Balancer(l.job)
	if err != nil {
		return "", err
	}
	if err := connect.Try(ctx, b); err != nil {
		return "", err
	}
	page, err := b.Ledger.Read(ctx)
	if err != nil {
		return "", err
	}
	share, err := b.Observer.Observe(ctx, l.job.Config.Shift.Observe)
	l.showLive(share, l.owns(page))
	switch {
	case err != nil && l.job.Release.First:
		return fmt.Sprintf("%s can be switched; nothing is live yet that would answer: %v", b.Name, err), nil
	case err != nil:
		return "", err
	}
	l.job.Log.Info("counted the traffic before the release", "share", share)
	if w, err := b.Router.Weights(ctx); err != nil || !share.Fits(w) {
		return "", errors.Join(err, fmt.Errorf("it says %v and sends %v", w, share))
	}
	seen := fmt.Sprintf("%s can be switched, and sends new clients to %v", b.Name, share)
	if b.Caveat != "" {
		seen += "; " + b.Caveat
	}
	return seen, nil
}

// owns tells whether the last shift was of this release, in an earlier attempt.
func (l look) owns(page traffic.Page) bool {
	return page.Shift != nil && page.Shift.Release == l.job.Release.ID
}

// showLive shows which slot had the traffic before the release, by who answered. What
// an earlier attempt has moved says nothing about that.
func (l look) showLive(share traffic.Share, moved bool) {
	const enough = 1000 // answers, as the plan has it
	good := l.job.Release.Good
	holds := share.Fits(release.Split(good, 100))
	for _, id := range []string{"1.1.p2", "1.3.p2"} {
		switch {
		case l.job.Release.First:
			l.job.Findings.Exempt(id, "nothing was live before the first release")
		case share.Total() < enough:
			l.job.Findings.Miss(id, "counted %v, as shift.observe has it: want %d answers of the live slot", share, enough)
		case moved && !holds:
			l.job.Findings.Miss(id, "%d clients got %v, after an earlier attempt has moved the traffic", share.Total(), share)
		default:
			l.job.Findings.Show(id, holds, "%d clients got %v, and %s is live", share.Total(), share, good)
		}
	}
}

// idle refuses a slot that has traffic or belongs to another release, unless
// all of that is this release's own doing, in an earlier attempt.
func (l look) idle(ctx context.Context) (string, error) {
	balancer, err := connect.Balancer(l.job)
	if err != nil {
		return "", err
	}
	w, err := balancer.Router.Weights(ctx)
	if err != nil {
		return "", err
	}
	page, err := balancer.Ledger.Read(ctx)
	if err != nil {
		return "", err
	}
	record := l.job.Release
	if w.Of(record.Candidate) != 0 && !record.First && !l.owns(page) {
		return "", fmt.Errorf("%s has %v of the traffic", record.Candidate, w.Of(record.Candidate))
	}
	if err := page.Free(record.Candidate, record.ID); err != nil && !l.in.TakeOver {
		return "", err
	}
	return fmt.Sprintf("%s is to be replaced; the traffic is %v", record.Candidate, w), nil
}

func (l look) good(ctx context.Context) (string, error) {
	if l.job.Release.Good == "" {
		return "", preflight.Absent("this is the first release: there is no way back")
	}
	env, err := connect.Slot(ctx, l.job, l.job.Release.Good)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s is live and healthy", l.job.Release.Good), env.Healthy(ctx)
}
