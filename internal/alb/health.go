package alb

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// count is how many targets of a slot there are, by state.
type count map[types.TargetHealthStateEnum]int

func (c count) total() int {
	n := 0
	for _, k := range c {
		n += k
	}
	return n
}

func (c count) String() string {
	if len(c) == 0 {
		return "no target is registered"
	}
	var parts []string
	for _, state := range slices.Sorted(maps.Keys(c)) {
		parts = append(parts, fmt.Sprintf("%d %s", c[state], state))
	}
	return strings.Join(parts, ", ")
}

// targets asks how the load balancer sees the targets of a slot, of all
// services. Of several services, worst is the one with the least healthy ones.
func (b *Balancer) targets(ctx context.Context, slot release.Slot) (worst count, text string, err error) {
	names := slices.Sorted(maps.Keys(b.settings.Services))
	counts, problems := make([]count, len(names)), make([]error, len(names))
	var all sync.WaitGroup
	for i, name := range names {
		all.Go(func() { counts[i], problems[i] = b.group(ctx, b.settings.Services[name].group(slot)) })
	}
	all.Wait()
	if err := errors.Join(problems...); err != nil {
		return nil, "", err
	}
	var texts []string
	for i, name := range names {
		texts = append(texts, fmt.Sprintf("%s: %v", name, counts[i]))
		if worst == nil || healthier(worst, counts[i]) {
			worst = counts[i]
		}
	}
	return worst, strings.Join(texts, "; "), nil
}

func healthier(a, b count) bool {
	share := func(c count) float64 {
		return float64(c[types.TargetHealthStateEnumHealthy]) / float64(max(c.total(), 1))
	}
	return share(a) > share(b)
}

func (b *Balancer) group(ctx context.Context, arn ARN) (count, error) {
	ctx, cancel := within(ctx)
	defer cancel()
	output, err := b.api.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: aws.String(string(arn))})
	if err != nil {
		return nil, explain(ctx, "ask for the targets of "+arn.name(), err)
	}
	c := count{}
	for _, one := range output.TargetHealthDescriptions {
		if one.TargetHealth != nil {
			c[one.TargetHealth.State]++
		}
	}
	return c, nil
}

// Ready waits until the load balancer has found all targets of a slot healthy,
// which it does at its own pace, or ctx ends.
func (b *Balancer) Ready(ctx context.Context, slot release.Slot) error {
	seen := ""
	for {
		c, text, err := b.targets(ctx, slot)
		switch {
		case err == nil && c.total() > 0 && c[types.TargetHealthStateEnumHealthy] == c.total():
			return nil
		case err == nil:
			seen = text
		}
		if sleep(ctx, time.Second) {
			continue
		}
		if seen == "" {
			return err
		}
		return release.Refuse("read the health checks of the target group; they must pass before the slot gets traffic",
			"the load balancer has not found the targets of %s healthy: %s", slot, seen)
	}
}

// Health is a gate on what the load balancer itself knows: the health of the
// targets of both slots, and how long the credentials last. It goes beside the
// gates on metrics.
type Health struct{ of *Balancer }

// Health is the gate of this load balancer.
func (b *Balancer) Health() Health { return Health{b} }

// Evaluate looks once. A candidate without a healthy target is taken back; one
// that has lost some is not given more.
func (h Health) Evaluate(ctx context.Context, at gate.Moment) gate.Decision {
	var readings [3]gate.Reading
	var all sync.WaitGroup
	all.Go(func() { readings[0] = h.slot(ctx, at.Candidate, candidateVerdict(at.Weight)) })
	all.Go(func() { readings[1] = h.slot(ctx, at.Live, h.liveVerdict) })
	all.Go(func() { readings[2] = h.lasting(ctx) })
	all.Wait()
	return gate.Decision{Verdict: gate.Worst(readings[:]), Readings: readings[:], At: time.Now().UTC()}
}

// judge is what the counts of targets mean for the shift.
type judge func(healthy, starting, total int) (gate.Verdict, gate.Code)

func candidateVerdict(w release.Weight) judge {
	return func(healthy, starting, total int) (gate.Verdict, gate.Code) {
		switch {
		case total > 0 && healthy == total:
			return gate.Pass, gate.OK
		case healthy == 0 && starting == 0 && w > 0:
			return gate.Rollback, gate.Breach
		case healthy+starting == total && total > 0:
			return gate.Inconclusive, gate.Partial
		}
		return gate.Pause, gate.Breach
	}
}

// liveVerdict stops a shift whose way back is gone, and takes nothing back: it
// would be to there. One that never had any, as before a first release, is no
// reason to stop.
func (h Health) liveVerdict(healthy, _, total int) (gate.Verdict, gate.Code) {
	switch {
	case total > 0 && healthy == total:
		h.of.wayBack.Store(true)
		return gate.Pass, gate.OK
	case healthy > 0, !h.of.wayBack.Load():
		return gate.Warn, gate.Breach
	}
	return gate.Pause, gate.Breach
}

func (h Health) slot(ctx context.Context, slot release.Slot, judge judge) gate.Reading {
	r := gate.Reading{Rule: "alb-targets-" + string(slot), Query: "elbv2 DescribeTargetHealth"}
	c, text, err := h.of.targets(ctx, slot)
	if err != nil {
		r.Verdict, r.Code, r.Reason = gate.Inconclusive, gate.Failing, err.Error()
		return r
	}
	healthy := c[types.TargetHealthStateEnumHealthy]
	r.Verdict, r.Code = judge(healthy, c[types.TargetHealthStateEnumInitial], c.total())
	r.Value, r.Reason = float64(healthy), "targets of "+string(slot)+": "+text
	return r
}

// lasting pauses a shift whose credentials end soon, and takes it back while
// they still can.
func (h Health) lasting(ctx context.Context) gate.Reading {
	r := gate.Reading{Rule: "alb-credentials", Verdict: gate.Pass, Code: gate.OK, Query: "the end of the AWS credentials"}
	left, err := h.of.credentials.ending(ctx)
	r.Value = left.Seconds()
	switch {
	case err == nil:
		r.Reason = "the AWS credentials last"
	case left > 0 && left < lastChance:
		r.Verdict, r.Code, r.Reason = gate.Rollback, gate.Breach, err.Error()
	case left > 0:
		r.Verdict, r.Code, r.Reason = gate.Pause, gate.Breach, err.Error()
	default:
		r.Verdict, r.Code, r.Reason = gate.Inconclusive, gate.Failing, explain(ctx, "credentials", err).Error()
	}
	return r
}
