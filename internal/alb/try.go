package alb

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Try proves that the load balancer can be switched, without moving any
// traffic: the rules and groups are as a shift needs them, and what is there can
// be written. It writes the split that the rules have, and only where one slot
// has all of it and no shift is on its way, so that it comes in nobody's way.
func (b *Balancer) Try(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, 2*callTime, fmt.Errorf("AWS did not answer within %v", 2*callTime))
	defer cancel()
	if _, err := b.credentials.ending(ctx); err != nil {
		return explain(ctx, "look at the credentials", err)
	}
	faces, now, err := b.look(ctx)
	if err != nil {
		return err
	}
	if err := errors.Join(b.shape(faces), b.groups(ctx)); err != nil {
		return err
	}
	weights, err := b.agreed(faces)
	if err != nil {
		return err
	}
	live, whole := weights.Live()
	if !whole {
		return nil
	}
	if err := b.serves(ctx, now, live); err != nil {
		return err
	}
	return b.writes(ctx, now)
}

// shape refuses rules that a shift would change more of than the weights.
func (b *Balancer) shape(faces map[ARN]face) error {
	var problems []error
	for _, r := range b.routes {
		switch f := faces[r.arn]; {
		case f.sticky:
			problems = append(problems, release.Refuse("turn the stickiness of the target groups off in the rule",
				"%s: it keeps clients in their group whatever the weights are, so a rollback would not reach them", r.arn.name()))
		case !f.whole:
			problems = append(problems, release.Refuse("list both groups in the rule, the idle one with weight 0",
				"%s: it lists one of the two target groups only: AWS does not check the health of one that no rule lists", r.arn.name()))
		}
	}
	return errors.Join(problems...)
}

// groups refuses target groups that cannot take turns.
func (b *Balancer) groups(ctx context.Context) error {
	var problems []error
	seen := map[ARN]bool{}
	for _, r := range b.routes {
		for _, group := range []ARN{r.blue, r.green} {
			if !seen[group] {
				seen[group] = true
				problems = append(problems, b.fit(ctx, r, group))
			}
		}
	}
	return errors.Join(problems...)
}

func (b *Balancer) fit(ctx context.Context, r route, group ARN) error {
	output, err := b.api.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{TargetGroupArns: []string{string(group)}})
	if err != nil {
		return explain(ctx, "look at "+group.name(), err)
	}
	if len(output.TargetGroups) != 1 {
		return release.CannotTell("correct the ARN in router.alb", "%s: AWS does not list it", group.name())
	}
	switch g := output.TargetGroups[0]; {
	case g.TargetType == types.TargetTypeEnumLambda || g.TargetType == types.TargetTypeEnumAlb:
		return release.Refuse("use a group of instances or IP addresses", "%s: its targets are of the type %s, which no slot is", group.name(), g.TargetType)
	case !slices.Contains(g.LoadBalancerArns, r.arn.balancer()):
		return release.Refuse("list the group in the rule, with weight 0 while it is idle",
			"%s: it is not attached to the load balancer of %s, so its health is not checked", group.name(), r.arn.name())
	}
	attributes, err := b.api.DescribeTargetGroupAttributes(ctx, &elb.DescribeTargetGroupAttributesInput{TargetGroupArn: aws.String(string(group))})
	if err != nil {
		return explain(ctx, "look at "+group.name(), err)
	}
	for _, a := range attributes.Attributes {
		if aws.ToString(a.Key) == "stickiness.enabled" && aws.ToString(a.Value) == "true" {
			return release.Refuse("set stickiness.enabled of the target group to false",
				"%s: it keeps clients at their targets, so a rollback would not reach them", group.name())
		}
	}
	c, err := b.group(ctx, group)
	if err == nil && c.total() == 0 {
		err = release.Refuse("register the hosts of the slot: members do not move, weights do", "%s: %v", group.name(), c)
	}
	return err
}

// serves refuses a live slot without a healthy target, unless nothing was ever
// released or adopted here: then nothing can be healthy yet.
func (b *Balancer) serves(ctx context.Context, now tags, live release.Slot) error {
	page, _, err := now.unpack()
	if err != nil {
		return release.CannotTell("restore the tags that begin with "+ours, "read the ledger: %w", err)
	}
	c, text, err := b.targets(ctx, live)
	switch {
	case err != nil:
		return err
	case c[types.TargetHealthStateEnumHealthy] == 0 && (page.Shift != nil || page.Good != nil):
		return release.Refuse("repair the live slot first", "%s has all the traffic and no healthy target: %s", live, text)
	}
	return nil
}

// writes proves the permissions that a move needs, unless a shift is on its way:
// it has proven them.
func (b *Balancer) writes(ctx context.Context, now tags) error {
	if on, err := now.shifting(); err != nil || on {
		return err
	}
	const tried = ours + "tried"
	if err := b.put(ctx, tags{tried: "yes"}); err != nil {
		return err
	}
	problems := []error{b.drop(ctx, []string{tried})}
	for _, r := range b.routes {
		problems = append(problems, b.same(ctx, r))
	}
	return errors.Join(problems...)
}

// shifting says whether a shift has begun that neither ended nor was taken back.
func (t tags) shifting() (bool, error) {
	page, _, err := t.unpack()
	if err != nil {
		return false, release.CannotTell("restore the tags that begin with "+ours, "read the ledger: %w", err)
	}
	f, err := t.fence()
	return page.Shift != nil && page.Shift.Finished.IsZero() && f.seen > f.closed, err
}

// same writes what a route has, as it was read right before. It comes in the way
// of a move only in between, looks for one again, and then makes room for it.
func (b *Balancer) same(ctx context.Context, r route) error {
	faces, now, err := b.look(ctx)
	if err != nil {
		return err
	}
	before, err := now.fence()
	if err != nil {
		return err
	}
	weights, err := b.agreed(faces)
	if err != nil {
		return err
	}
	if _, whole := weights.Live(); !whole {
		return nil // somebody moves it, so it can be moved
	}
	if err := b.write(ctx, r, faces[r.arn].actions(r, weights)); err != nil {
		return explain(ctx, r.arn.name(), err)
	}
	if err := b.stand(ctx, before, before.seen); err != nil {
		return release.Refuse("run preflight again when the traffic has come to rest", "%s was moved while it was tried: %w", r.arn.name(), err)
	}
	return nil
}
