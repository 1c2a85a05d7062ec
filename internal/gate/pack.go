package gate

import (
	"fmt"
	"slices"
	"time"
)

// The packs of rules.
const (
	PackPlan = "plan" // the tables C.2 and C.3 of the rollout plan
	PackNone = "none"
)

// The rules of the plan's pack.
const (
	RuleErrorRate     = "error-rate"
	RuleErrorRateHigh = "error-rate-high"
	RuleP95           = "p95-latency"
	RuleP95High       = "p95-latency-high"
	RuleP99           = "p99-latency"
	RuleFiveXX        = "5xx"
	RuleWorkerLag     = "worker-lag"
	RulePool          = "db-connections"
	RuleWorkers       = "workers-running"
	RuleFailedJobs    = "failed-jobs"
	RuleRestarts      = "restarts"
	RuleTrend         = "error-trend"
	RuleConnecting    = "db-connection-failures"
	RuleCrashes       = "worker-crashes"
	RuleMemory        = "memory"
	RuleCPU           = "cpu"
)

// The windows of the pack. The plan's "for 2 minutes" is the window of one
// look: on top of it a "for" of the same length would miss three bad releases
// of four for 5 minutes.
const (
	longWindow  = 5 * time.Minute
	shortWindow = 2 * time.Minute
)

func packNames(pack string) []string {
	if pack != PackPlan {
		return nil
	}
	names := []string{RuleFiveXX, RuleTrend}
	for _, r := range plan(Metrics{}) {
		names = append(names, r.Name)
	}
	slices.Sort(names)
	return names
}

// plan is the plan's pack, without the rules about failures as they come, 5xx
// and the trend of errors, which are no single number.
//
// Sample sizes: no error in 299 requests shows less than 1 % with 95 %
// confidence, none in 2995 less than 0.1 %; 600 place a p95, 3000 a p99.
func plan(m Metrics) []Rule {
	return slices.Concat(planErrors(m), planLatency(m), planWorkers(m), planSystem(m))
}

func planErrors(m Metrics) []Rule {
	requests := m.requests("{{slot}}", "")
	// What has no status below 500 failed: 5xx, timeouts, resets.
	failed := m.requests("{{slot}}", fmt.Sprintf(`,%s!~"[1-4].."`, m.Code))
	return []Rule{{
		Name: RuleErrorRate, Errors: failed, Requests: requests, Window: longWindow, MinSamples: 2995,
		Warn: atLeast(0.0008), Pause: atLeast(0.001), Evidence: []string{"C.2.1", "5.2.2"},
	}, {
		Name: RuleErrorRateHigh, Errors: failed, Requests: requests, Window: shortWindow, MinSamples: 299,
		Rollback: above(0.01), Evidence: []string{"C.3.1"},
	}, {
		Name: RuleRestarts, Value: fmt.Sprintf("sum(resets(%s[{{window}}]))", m.of(m.Requests, "{{slot}}", "")), Window: longWindow,
		Rollback: above(0),
	}}
}

// planLatency judges by the fraction of requests under a bound, which is exact
// at any shape; an estimated quantile is off by up to 39 %.
func planLatency(m Metrics) []Rule {
	within := func(le string) string {
		return m.of(m.Duration+"_bucket", "{{slot}}", m.users()+fmt.Sprintf(`,le=~"%s"`, le))
	}
	rule := func(name, bound string, window time.Duration, n int, ids ...string) Rule {
		return Rule{Name: name, Fraction: within(bound), Requests: within("[+]Inf"), Window: window, MinSamples: n, Evidence: ids}
	}
	p95 := rule(RuleP95, "0[.]2", longWindow, 600, "C.2.2", "5.2.11", "5.1.l1")
	p95.Warn, p95.Pause = below(0.96), below(0.95)
	p95High := rule(RuleP95High, "2|2[.]0", shortWindow, 299, "C.3.2")
	p95High.Rollback = below(0.95)
	p99 := rule(RuleP99, "0[.]5", longWindow, 3000, "C.2.3", "5.2.12")
	p99.Warn, p99.Pause = below(0.992), below(0.99)
	return []Rule{p95, p95High, p99}
}

func planWorkers(m Metrics) []Rule {
	return []Rule{{
		// The queue is shared, so its length is never the candidate's fault alone.
		Name: RuleWorkerLag, Value: fmt.Sprintf("max(%s)", m.matched(m.Backlog)), Window: shortWindow,
		Warn: atLeast(100), Pause: atLeast(1000), Evidence: []string{"C.2.5", "5.2.9", "5.4.1", "5.4.2", "5.4.3"},
	}, {
		Name: RulePool, Value: fmt.Sprintf("max(%s)", m.of(m.Pool, "{{slot}}", "")), Window: shortWindow, Largest: number(1),
		Warn: atLeast(0.8), Pause: above(0.95), Evidence: []string{"C.2.6", "5.2.14"},
	}, {
		Name: RuleWorkers, Value: fmt.Sprintf("sum(%s)", m.of(m.Workers, "{{slot}}", "")), Window: shortWindow,
		Pause: lasting(below(1), time.Minute), // they start beside the first step
	}, {
		Name: RuleFailedJobs, Value: counted(m.of(m.Failed, "{{slot}}", ""), "{{window}}"), Window: longWindow,
		Warn: above(0), Optional: true,
	}, {
		// The counter of a worker that came back after it died.
		Name: RuleCrashes, Value: fmt.Sprintf("sum(resets(%s[{{window}}]))", m.of(m.Processed, "{{slot}}", "")), Window: shortWindow,
		Rollback: above(0), Optional: true, Evidence: []string{"C.3.5"},
	}}
}

// planSystem is what an application need not expose: a rule without a metric
// stops nothing, and shows nothing.
func planSystem(m Metrics) []Rule {
	share := func(name, metric, id string) Rule {
		return Rule{
			Name: name, Value: fmt.Sprintf("max(%s)", m.of(metric, "{{slot}}", "")), Window: shortWindow, Largest: number(1.2),
			Warn: atLeast(0.8), Optional: true, Evidence: []string{id},
		}
	}
	return []Rule{{
		Name: RuleConnecting, Value: counted(m.of(m.Connecting, "{{slot}}", ""), "{{window}}"), Window: shortWindow,
		Rollback: above(0), Optional: true, Evidence: []string{"C.3.4"},
	}, share(RuleMemory, m.Memory, "C.2.7"), share(RuleCPU, m.CPU, "C.2.8")}
}

// crash says whether a breach of the rule is a process that died.
func crash(rule string) bool { return rule == RuleRestarts || rule == RuleCrashes }

func number(v float64) *float64    { return &v }
func above(v float64) *Threshold   { return &Threshold{Above: &v} }
func atLeast(v float64) *Threshold { return &Threshold{AtLeast: &v} }
func below(v float64) *Threshold   { return &Threshold{Below: &v} }

func lasting(t *Threshold, d time.Duration) *Threshold {
	t.For = d
	return t
}
