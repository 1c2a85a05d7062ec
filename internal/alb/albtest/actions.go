package albtest

import (
	"cmp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// Limits of AWS. Source: the API reference of ELBv2 and its quotas.
const (
	maxWeight     = 999
	maxGroups     = 5 // of one action
	maxStickiness = 604800
)

// checked refuses actions that AWS refuses, and returns them as AWS keeps them.
func (s *Server) checked(actions []types.Action, r *rule) ([]types.Action, *failure) {
	if len(actions) == 0 {
		return nil, refuse("ValidationError", "You must specify an action")
	}
	actions = slices.Clone(actions)
	orders := map[int32]bool{}
	for _, a := range actions {
		if len(actions) > 1 && (a.Order == nil || *a.Order < 1 || *a.Order > 50000 || orders[*a.Order]) {
			return nil, refuse("ValidationError", "Each action of a rule with several needs an order of its own")
		}
		orders[aws.ToInt32(a.Order)] = true
	}
	slices.SortStableFunc(actions, func(a, b types.Action) int { return cmp.Compare(aws.ToInt32(a.Order), aws.ToInt32(b.Order)) })
	for i := range actions {
		last := i == len(actions)-1
		if last != ends(actions[i].Type) {
			return nil, refuse("InvalidLoadBalancerAction", "The last action, and only that one, must be forward, redirect or fixed-response")
		}
		if problem := s.action(&actions[i], r); problem != nil {
			return nil, problem
		}
	}
	return actions, nil
}

func ends(t types.ActionTypeEnum) bool {
	return t == types.ActionTypeEnumForward || t == types.ActionTypeEnumRedirect || t == types.ActionTypeEnumFixedResponse
}

func (s *Server) action(a *types.Action, r *rule) *failure {
	if a.Type != types.ActionTypeEnumForward && (a.ForwardConfig != nil || a.TargetGroupArn != nil) {
		return refuse("ValidationError", "An action of the type %s has no target groups", a.Type)
	}
	switch a.Type {
	case types.ActionTypeEnumForward:
		return s.forward(a)
	case types.ActionTypeEnumAuthenticateOidc:
		return oidc(a, r)
	case types.ActionTypeEnumAuthenticateCognito:
		if !r.secure || a.AuthenticateCognitoConfig == nil {
			return refuse("InvalidLoadBalancerAction", "Authentication needs an HTTPS listener and its configuration")
		}
	}
	return nil
}

// oidc keeps the secret that it has, where it is told to. AWS never tells it.
func oidc(a *types.Action, r *rule) *failure {
	c := a.AuthenticateOidcConfig
	switch {
	case !r.secure || c == nil:
		return refuse("InvalidLoadBalancerAction", "Authentication needs an HTTPS listener and its configuration")
	case c.ClientSecret == nil && !aws.ToBool(c.UseExistingClientSecret):
		return refuse("ValidationError", "A client secret is required, or the use of the existing one")
	case c.ClientSecret != nil && aws.ToBool(c.UseExistingClientSecret):
		return refuse("ValidationError", "There is a client secret, and the existing one is to be used")
	case c.ClientSecret == nil && !slices.ContainsFunc(r.actions(), func(b types.Action) bool { return b.AuthenticateOidcConfig != nil }):
		return refuse("ValidationError", "There is no existing client secret")
	}
	kept := *c
	kept.ClientSecret, kept.UseExistingClientSecret = nil, nil
	a.AuthenticateOidcConfig = &kept
	return nil
}

func (s *Server) forward(a *types.Action) *failure {
	groups := []types.TargetGroupTuple{{TargetGroupArn: a.TargetGroupArn, Weight: aws.Int32(1)}}
	switch c := a.ForwardConfig; {
	case c == nil && a.TargetGroupArn == nil:
		return refuse("ValidationError", "A target group is required")
	case c != nil && a.TargetGroupArn != nil && (len(c.TargetGroups) != 1 || aws.ToString(c.TargetGroups[0].TargetGroupArn) != *a.TargetGroupArn):
		return refuse("ValidationError", "The target group must be the one of the forward configuration")
	case c != nil:
		groups = c.TargetGroups
	}
	if len(groups) == 0 || len(groups) > maxGroups {
		return refuse("ValidationError", "Want 1 to %d target groups", maxGroups)
	}
	kept := types.ForwardActionConfig{TargetGroupStickinessConfig: &types.TargetGroupStickinessConfig{Enabled: aws.Bool(false)}}
	for _, g := range groups {
		weight := aws.ToInt32(cmp.Or(g.Weight, aws.Int32(1)))
		switch arn := aws.ToString(g.TargetGroupArn); {
		case s.groups[arn] == nil:
			return refuse("TargetGroupNotFound", "One or more target groups not found")
		case weight < 0 || weight > maxWeight:
			return refuse("ValidationError", "Weight %d is not within 0 to %d", weight, maxWeight)
		case slices.ContainsFunc(kept.TargetGroups, func(k types.TargetGroupTuple) bool { return *k.TargetGroupArn == arn }):
			return refuse("ValidationError", "A target group is listed twice")
		}
		kept.TargetGroups = append(kept.TargetGroups, types.TargetGroupTuple{TargetGroupArn: g.TargetGroupArn, Weight: aws.Int32(weight)})
	}
	if a.ForwardConfig != nil && a.ForwardConfig.TargetGroupStickinessConfig != nil {
		sticky := a.ForwardConfig.TargetGroupStickinessConfig
		if d := aws.ToInt32(sticky.DurationSeconds); aws.ToBool(sticky.Enabled) && (d < 1 || d > maxStickiness) {
			return refuse("ValidationError", "Stickiness needs a duration of 1 to %d seconds", maxStickiness)
		}
		kept.TargetGroupStickinessConfig = sticky
	}
	if len(kept.TargetGroups) == 1 {
		a.TargetGroupArn = kept.TargetGroups[0].TargetGroupArn
	}
	a.ForwardConfig = &kept
	return nil
}
