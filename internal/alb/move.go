package alb

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Set implements traffic.Router. All rules acknowledge, or all get back what
// they had.
func (b *Balancer) Set(ctx context.Context, candidate release.Slot, w release.Weight, token traffic.Token) error {
	ctx, cancel := within(ctx)
	defer cancel()
	if _, err := b.credentials.ending(ctx); err != nil {
		return explain(ctx, "no move forward", err)
	}
	faces, tags, err := b.look(ctx)
	if err != nil {
		return fmt.Errorf("set %s to %v: %w", candidate, w, err)
	}
	if _, err := b.agreed(faces); err != nil && !errors.Is(err, traffic.ErrApart) {
		return fmt.Errorf("set %s to %v: %w", candidate, w, err)
	}
	before, err := b.pass(ctx, faces, tags, token)
	if err != nil {
		return err
	}
	want, retreats := release.Split(candidate, w), b.retreats()
	b.aimed(want)
	err = b.move(ctx, faces, want)
	after, stop := afterwards(ctx)
	defer stop()
	late := b.stand(after, before, token)
	if _, overtaken := errors.AsType[*traffic.Stale](late); err == nil || overtaken {
		return errors.Join(late, err)
	}
	return fmt.Errorf("set %s to %v: %w", candidate, w, errors.Join(err, late, b.undo(after, faces, want, retreats), b.stand(after, before, token)))
}

// hurryTime is for what follows a move whose time is over, or that was told to
// end: whoever waits for it has the traffic to bring back.
const hurryTime = time.Second

func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	limit := callTime
	if ctx.Err() != nil {
		limit = hurryTime
	}
	return context.WithTimeoutCause(context.WithoutCancel(ctx), limit, fmt.Errorf("AWS did not answer within %v", limit))
}

// look reads the rules and the tags at once.
func (b *Balancer) look(ctx context.Context) (faces map[ARN]face, tags tags, err error) {
	var faceErr, tagErr error
	var both sync.WaitGroup
	both.Go(func() { faces, faceErr = b.read(ctx) })
	both.Go(func() { tags, tagErr = b.tags(ctx) })
	both.Wait()
	return faces, tags, errors.Join(faceErr, tagErr)
}

// pass lets a token through that is not stale, and makes it known before
// anything is written.
func (b *Balancer) pass(ctx context.Context, faces map[ARN]face, now tags, token traffic.Token) (fence, error) {
	f, err := now.fence()
	switch {
	case err != nil:
		return f, err
	case token < f.seen || token <= f.closed:
		return f, &traffic.Stale{Token: token, Seen: max(f.seen, f.closed)}
	case token == f.seen:
		return f, nil
	}
	if err := b.put(ctx, tags{seenTag(token): "seen", plainKey: b.plainness(faces)}); err != nil {
		return f, err
	}
	return f, b.drop(ctx, now.older(token))
}

// move writes what differs, and reads it back.
func (b *Balancer) move(ctx context.Context, faces map[ARN]face, want release.Weights) error {
	err := b.each(ctx, func(ctx context.Context, r route) error {
		if faces[r.arn].is(want) {
			return nil
		}
		return b.write(ctx, r, faces[r.arn].actions(r, want))
	})
	if err != nil {
		return err
	}
	return b.settled(ctx, want)
}

// undo gives all rules what they had, the one that failed as well: its answer
// may have been lost after the change. It comes between two looks for a rollback,
// which it must not overwrite: where the first one saw nothing, the second takes
// that back.
func (b *Balancer) undo(ctx context.Context, faces map[ARN]face, want release.Weights, retreats int) error {
	return b.each(ctx, func(ctx context.Context, r route) error {
		had, err := faces[r.arn].weights()
		if err != nil || faces[r.arn].is(want) || b.retreats() != retreats {
			return err
		}
		b.aimed(had)
		if err := b.write(ctx, r, faces[r.arn].actions(r, had)); err != nil {
			return fmt.Errorf("return to %v: %w", had, err)
		}
		return nil
	})
}

// write replaces the actions of one route.
func (b *Balancer) write(ctx context.Context, r route, actions []types.Action) error {
	if err := b.step("modify", string(r.arn)); err != nil {
		return err
	}
	if r.arn.kind() == listenerKind {
		_, err := b.api.ModifyListener(ctx, &elb.ModifyListenerInput{ListenerArn: aws.String(string(r.arn)), DefaultActions: actions})
		return err
	}
	_, err := b.api.ModifyRule(ctx, &elb.ModifyRuleInput{RuleArn: aws.String(string(r.arn)), Actions: actions})
	return err
}

// settled reads back until all rules say what was written, for a while.
func (b *Balancer) settled(ctx context.Context, want release.Weights) error {
	ctx, cancel := context.WithTimeoutCause(ctx, settleTime, fmt.Errorf("waited for %v", settleTime))
	defer cancel()
	for {
		faces, err := b.read(ctx)
		if err == nil && b.all(faces, want) {
			return nil
		}
		if !sleep(ctx, 100*time.Millisecond) {
			return release.CannotTell("look at the rules", "written %v, and the rules do not say so: %w", want, errors.Join(err, context.Cause(ctx)))
		}
	}
}

func (b *Balancer) all(faces map[ARN]face, want release.Weights) bool {
	for _, r := range b.routes {
		if !faces[r.arn].is(want) {
			return false
		}
	}
	return true
}

// stand looks whether a rollback, or a newer shift, came while this one wrote.
// After a rollback the write is taken back: it may have been the last.
func (b *Balancer) stand(ctx context.Context, before fence, token traffic.Token) error {
	looking, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	now, err := b.tags(looking)
	if err != nil {
		return err
	}
	f, err := now.fence()
	switch {
	case err != nil:
		return err
	case f.rollback != before.rollback:
		return errors.Join(&traffic.Stale{Token: token, Seen: max(f.seen, f.closed, token)}, b.rewrite(ctx, f.good))
	case f.seen > token:
		return &traffic.Stale{Token: token, Seen: f.seen}
	}
	return nil
}

// settleTime is how long AWS may read back what was there before a write.
const settleTime = 3 * time.Second

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
