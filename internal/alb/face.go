package alb

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// face is the actions of one route, as they were read.
type face struct {
	before []types.Action // such as authentication, in their order
	order  *int32         // of the forward action
	blue   int32
	green  int32
	whole  bool // both groups are listed
	sticky bool
}

// read reads all routes, and keeps what it has read for a rollback.
func (b *Balancer) read(ctx context.Context) (map[ARN]face, error) {
	actions, err := b.describe(ctx)
	if err != nil {
		return nil, err
	}
	faces := map[ARN]face{}
	for _, r := range b.routes {
		list, ok := actions[r.arn]
		if !ok {
			return nil, release.CannotTell("correct the ARN in router.alb", "%s: AWS does not list it", r.arn.name())
		}
		if faces[r.arn], err = r.parse(list); err != nil {
			return nil, fmt.Errorf("%s: %w", r.arn.name(), err)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faces = faces
	return faces, nil
}

// describe asks for the rules and the listeners at once.
func (b *Balancer) describe(ctx context.Context) (map[ARN][]types.Action, error) {
	var rules *elb.DescribeRulesOutput
	var listeners *elb.DescribeListenersOutput
	var ruleErr, listenerErr error
	var both sync.WaitGroup
	if arns := b.arns(ruleKind); len(arns) > 0 {
		both.Go(func() { rules, ruleErr = b.api.DescribeRules(ctx, &elb.DescribeRulesInput{RuleArns: arns}) })
	}
	if arns := b.arns(listenerKind); len(arns) > 0 {
		both.Go(func() {
			listeners, listenerErr = b.api.DescribeListeners(ctx, &elb.DescribeListenersInput{ListenerArns: arns})
		})
	}
	both.Wait()
	if err := cmp.Or(ruleErr, listenerErr); err != nil {
		return nil, explain(ctx, "read the rules", err)
	}
	all := map[ARN][]types.Action{}
	if rules != nil {
		for _, one := range rules.Rules {
			all[ARN(aws.ToString(one.RuleArn))] = one.Actions
		}
	}
	if listeners != nil {
		for _, one := range listeners.Listeners {
			all[ARN(aws.ToString(one.ListenerArn))] = one.DefaultActions
		}
	}
	return all, nil
}

func (b *Balancer) arns(of kind) []string {
	var all []string
	for _, r := range b.routes {
		if r.arn.kind() == of {
			all = append(all, string(r.arn))
		}
	}
	return all
}

const repoint = "let the rule forward to the two target groups of router.alb, and to no other"

// parse refuses actions that end in anything but a forward to the two groups.
func (r route) parse(actions []types.Action) (face, error) {
	f, last, err := front(actions)
	if err != nil {
		return face{}, err
	}
	groups := targets(last)
	for _, g := range groups {
		switch ARN(aws.ToString(g.TargetGroupArn)) {
		case r.blue:
			f.blue = weight(g)
		case r.green:
			f.green = weight(g)
		default:
			return face{}, release.Refuse(repoint, "it forwards to %s, too", ARN(aws.ToString(g.TargetGroupArn)).name())
		}
	}
	f.whole = len(groups) == 2
	f.sticky = last.ForwardConfig != nil && last.ForwardConfig.TargetGroupStickinessConfig != nil && aws.ToBool(last.ForwardConfig.TargetGroupStickinessConfig.Enabled)
	return f, nil
}

// front is what comes before the forward action, and the action itself.
func front(actions []types.Action) (face, types.Action, error) {
	if len(actions) == 0 {
		return face{}, types.Action{}, release.CannotTell(repoint, "it has no action")
	}
	actions = slices.Clone(actions)
	slices.SortStableFunc(actions, func(a, b types.Action) int { return cmp.Compare(aws.ToInt32(a.Order), aws.ToInt32(b.Order)) })
	last := actions[len(actions)-1]
	if last.Type != types.ActionTypeEnumForward {
		return face{}, last, release.Refuse(repoint, "its last action is %s: want forward", last.Type)
	}
	f := face{order: last.Order}
	for _, a := range actions[:len(actions)-1] {
		f.before = append(f.before, kept(a))
	}
	return f, last, nil
}

// targets lists the groups of a forward action, in either of its two forms.
func targets(a types.Action) []types.TargetGroupTuple {
	if a.ForwardConfig != nil && len(a.ForwardConfig.TargetGroups) > 0 {
		return a.ForwardConfig.TargetGroups
	}
	return []types.TargetGroupTuple{{TargetGroupArn: a.TargetGroupArn}}
}

// weight is 1 where AWS names none.
func weight(g types.TargetGroupTuple) int32 {
	if g.Weight == nil {
		return 1
	}
	return *g.Weight
}

// kept is an action as it is written back. AWS does not tell the secret of an
// OIDC client, and keeps it only where it is told to.
func kept(a types.Action) types.Action {
	if a.AuthenticateOidcConfig != nil {
		oidc := *a.AuthenticateOidcConfig
		oidc.ClientSecret, oidc.UseExistingClientSecret = nil, aws.Bool(true)
		a.AuthenticateOidcConfig = &oidc
	}
	return a
}

// weights are the split in percent.
func (f face) weights() (release.Weights, error) {
	total := f.blue + f.green
	switch {
	case total == 0:
		return release.Weights{}, release.CannotTell("give one of the two groups a weight", "both weights are 0: the split is not defined")
	case f.blue*100%total != 0:
		return release.Weights{}, release.CannotTell("set weights that are whole percents", "the weights are blue %d and green %d: want whole percents", f.blue, f.green)
	}
	return release.Split(release.Blue, release.Weight(f.blue*100/total)), nil
}

// actions are those that give the route the split.
func (f face) actions(r route, w release.Weights) []types.Action {
	return append(slices.Clone(f.before), types.Action{
		Type:  types.ActionTypeEnumForward,
		Order: f.order,
		ForwardConfig: &types.ForwardActionConfig{
			TargetGroups: []types.TargetGroupTuple{
				{TargetGroupArn: aws.String(string(r.blue)), Weight: aws.Int32(int32(w.Blue))},
				{TargetGroupArn: aws.String(string(r.green)), Weight: aws.Int32(int32(w.Green))},
			},
			TargetGroupStickinessConfig: &types.TargetGroupStickinessConfig{Enabled: aws.Bool(false)},
		},
	})
}

// is says whether nothing has to be written for the split.
func (f face) is(w release.Weights) bool {
	have, err := f.weights()
	return err == nil && have == w && f.whole && !f.sticky
}
