package albtest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// handlers are the actions that are known here.
var handlers = map[string]handler{
	"DescribeRules":                 typed(describeRules),
	"DescribeListeners":             typed(describeListeners),
	"ModifyRule":                    typed(modifyRule),
	"ModifyListener":                typed(modifyListener),
	"DescribeTargetGroups":          typed(describeTargetGroups),
	"DescribeTargetGroupAttributes": typed(describeTargetGroupAttributes),
	"DescribeTargetHealth":          typed(describeTargetHealth),
	"DescribeTags":                  typed(describeTags),
	"AddTags":                       typed(addTags),
	"RemoveTags":                    typed(removeTags),
}

func describeRules(s *Server, in *elb.DescribeRulesInput) (*elb.DescribeRulesOutput, *failure) {
	if (in.ListenerArn == nil) == (len(in.RuleArns) == 0) {
		return nil, refuse("ValidationError", "You must specify either listener ARNs or rule ARNs")
	}
	out := new(elb.DescribeRulesOutput)
	for _, arn := range in.RuleArns {
		r := s.ruleByARN(arn)
		if r == nil {
			return nil, refuse("RuleNotFound", "One or more rules not found")
		}
		out.Rules = append(out.Rules, r.described())
	}
	if in.ListenerArn != nil {
		if s.rules[*in.ListenerArn] == nil {
			return nil, refuse("ListenerNotFound", "One or more listeners not found")
		}
		for _, r := range s.rulesOf(*in.ListenerArn) {
			out.Rules = append(out.Rules, r.described())
		}
	}
	return out, nil
}

// ruleByARN finds a rule, the default of a listener among them.
func (s *Server) ruleByARN(arn string) *rule {
	for _, r := range s.rules {
		if r.listener != "" && r.arn == arn || r.defaultRule == arn {
			return r
		}
	}
	return nil
}

// rulesOf lists the rules of a listener in their order, its default last.
func (s *Server) rulesOf(listener string) []*rule {
	var all []*rule
	for _, r := range s.rules {
		if r.listener == listener {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b *rule) int { return a.priority - b.priority })
	return append(all, s.rules[listener])
}

func (r *rule) described() types.Rule {
	if r.listener == "" {
		return types.Rule{RuleArn: &r.defaultRule, Priority: aws.String("default"), IsDefault: aws.Bool(true), Actions: r.actions()}
	}
	return types.Rule{
		RuleArn: &r.arn, Priority: aws.String(strconv.Itoa(r.priority)), IsDefault: aws.Bool(false), Actions: r.actions(),
		Conditions: []types.RuleCondition{{Field: aws.String("path-pattern"), Values: r.paths, PathPatternConfig: &types.PathPatternConditionConfig{Values: r.paths}}},
	}
}

func describeListeners(s *Server, in *elb.DescribeListenersInput) (*elb.DescribeListenersOutput, *failure) {
	if (in.LoadBalancerArn == nil) == (len(in.ListenerArns) == 0) {
		return nil, refuse("ValidationError", "You must specify either listener ARNs or a load balancer ARN")
	}
	arns := in.ListenerArns
	if in.LoadBalancerArn != nil {
		for arn, r := range s.rules {
			if r.listener == "" {
				arns = append(arns, arn)
			}
		}
	}
	out := new(elb.DescribeListenersOutput)
	for _, arn := range arns {
		r := s.rules[arn]
		if r == nil || r.listener != "" {
			return nil, refuse("ListenerNotFound", "One or more listeners not found")
		}
		protocol := types.ProtocolEnumHttp
		if r.secure {
			protocol = types.ProtocolEnumHttps
		}
		out.Listeners = append(out.Listeners, types.Listener{ListenerArn: &r.arn, LoadBalancerArn: &s.balancer, Protocol: protocol, DefaultActions: r.actions()})
	}
	return out, nil
}

func modifyRule(s *Server, in *elb.ModifyRuleInput) (*elb.ModifyRuleOutput, *failure) {
	r := s.ruleByARN(aws.ToString(in.RuleArn))
	switch {
	case r == nil:
		return nil, refuse("RuleNotFound", "One or more rules not found")
	case r.listener == "":
		return nil, refuse("OperationNotPermitted", "Default rule '%s' cannot be modified", r.defaultRule)
	case len(in.Conditions) > 0 || len(in.Transforms) > 0 || in.ResetTransforms != nil:
		return nil, refuse("ValidationError", "conditions and transforms are not known here")
	}
	actions, problem := s.checked(in.Actions, r)
	if problem != nil {
		return nil, problem
	}
	r.set(actions)
	return &elb.ModifyRuleOutput{Rules: []types.Rule{r.described()}}, nil
}

func modifyListener(s *Server, in *elb.ModifyListenerInput) (*elb.ModifyListenerOutput, *failure) {
	r := s.rules[aws.ToString(in.ListenerArn)]
	if r == nil || r.listener != "" {
		return nil, refuse("ListenerNotFound", "One or more listeners not found")
	}
	actions, problem := s.checked(in.DefaultActions, r)
	if problem != nil {
		return nil, problem
	}
	r.set(actions)
	return &elb.ModifyListenerOutput{Listeners: []types.Listener{{ListenerArn: &r.arn, DefaultActions: actions}}}, nil
}

func describeTargetGroups(s *Server, in *elb.DescribeTargetGroupsInput) (*elb.DescribeTargetGroupsOutput, *failure) {
	out := new(elb.DescribeTargetGroupsOutput)
	for _, arn := range in.TargetGroupArns {
		g := s.groups[arn]
		if g == nil {
			return nil, refuse("TargetGroupNotFound", "One or more target groups not found")
		}
		one := types.TargetGroup{TargetGroupArn: &g.arn, TargetGroupName: &g.name, TargetType: g.kind, Protocol: types.ProtocolEnumHttp}
		if s.attached(arn) {
			one.LoadBalancerArns = []string{s.balancer}
		}
		out.TargetGroups = append(out.TargetGroups, one)
	}
	return out, nil
}

func describeTargetGroupAttributes(s *Server, in *elb.DescribeTargetGroupAttributesInput) (*elb.DescribeTargetGroupAttributesOutput, *failure) {
	g := s.groups[aws.ToString(in.TargetGroupArn)]
	if g == nil {
		return nil, refuse("TargetGroupNotFound", "One or more target groups not found")
	}
	return &elb.DescribeTargetGroupAttributesOutput{Attributes: []types.TargetGroupAttribute{
		{Key: aws.String("stickiness.enabled"), Value: aws.String(fmt.Sprint(g.sticky))},
		{Key: aws.String("deregistration_delay.timeout_seconds"), Value: aws.String("300")},
	}}, nil
}

func describeTags(s *Server, in *elb.DescribeTagsInput) (*elb.DescribeTagsOutput, *failure) {
	if len(in.ResourceArns) == 0 || len(in.ResourceArns) > 20 {
		return nil, refuse("ValidationError", "want 1 to 20 resources")
	}
	out := new(elb.DescribeTagsOutput)
	for _, arn := range in.ResourceArns {
		if problem := s.taggable(arn); problem != nil {
			return nil, problem
		}
		one := types.TagDescription{ResourceArn: aws.String(arn)}
		for _, key := range slices.Sorted(maps.Keys(s.tags[arn])) {
			one.Tags = append(one.Tags, types.Tag{Key: aws.String(key), Value: aws.String(s.tags[arn][key])})
		}
		out.TagDescriptions = append(out.TagDescriptions, one)
	}
	return out, nil
}

func (s *Server) taggable(arn string) *failure {
	switch {
	case s.groups[arn] != nil, s.rules[arn] != nil, arn == s.balancer:
		return nil
	case regexp.MustCompile(`:targetgroup/`).MatchString(arn):
		return refuse("TargetGroupNotFound", "One or more target groups not found")
	case regexp.MustCompile(`:listener-rule/`).MatchString(arn):
		return refuse("RuleNotFound", "One or more rules not found")
	}
	return refuse("ListenerNotFound", "One or more listeners not found")
}

// Source: the restrictions in "Tag your resources" of the user guide.
const (
	maxTags  = 50
	maxKey   = 128
	maxValue = 256
)

var tagForm = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

func addTags(s *Server, in *elb.AddTagsInput) (*elb.AddTagsOutput, *failure) {
	seen := map[string]bool{}
	for _, tag := range in.Tags {
		key, value := aws.ToString(tag.Key), aws.ToString(tag.Value)
		switch {
		case seen[key]:
			return nil, refuse("DuplicateTagKeys", "A tag key was specified more than once: %s", key)
		case key == "" || len(key) > maxKey || !tagForm.MatchString(key) || regexp.MustCompile(`^(?i)aws:`).MatchString(key):
			return nil, refuse("ValidationError", "the tag key %q is not valid", key)
		case len(value) > maxValue || !tagForm.MatchString(value):
			return nil, refuse("ValidationError", "the value of the tag %s is not valid", key)
		}
		seen[key] = true
	}
	for _, arn := range in.ResourceArns {
		if problem := s.taggable(arn); problem != nil {
			return nil, problem
		}
		next := maps.Clone(s.tags[arn])
		if next == nil {
			next = map[string]string{}
		}
		for _, tag := range in.Tags {
			next[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
		if len(next) > maxTags {
			return nil, refuse("TooManyTags", "You've reached the limit on the number of tags per load balancer")
		}
		s.tags[arn] = next
	}
	return new(elb.AddTagsOutput), nil
}

func removeTags(s *Server, in *elb.RemoveTagsInput) (*elb.RemoveTagsOutput, *failure) {
	if len(in.TagKeys) == 0 {
		return nil, refuse("ValidationError", "want at least one key")
	}
	for _, arn := range in.ResourceArns {
		if problem := s.taggable(arn); problem != nil {
			return nil, problem
		}
		for _, key := range in.TagKeys {
			delete(s.tags[arn], key)
		}
	}
	return new(elb.RemoveTagsOutput), nil
}
