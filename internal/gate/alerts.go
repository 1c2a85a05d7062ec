package gate

import (
	"fmt"
	"slices"
	"time"
)

// Alert is a rule that tells people, of either slot and at any time, where a gate
// decides about a candidate while it bakes.
type Alert struct {
	Name     string
	Expr     string // PromQL that returns something when there is something to tell
	For      time.Duration
	Severity string   // critical or warning
	Evidence []string // the items of the plan that it is
	Action   string   // what to do
}

// Alerts is the rules for people that the metrics of the pack allow, without those
// that the pack is asked to leave out the measurement of. Source: sections 5.1 and 5.3
// of the plan, which have other limits than C.2 and C.3: a gate is earlier.
func (s Settings) Alerts() ([]Alert, error) {
	if err := s.Metrics.Check(); err != nil {
		return nil, err
	}
	m := s.Metrics
	var all []Alert
	for _, group := range []struct {
		rule   string
		alerts []Alert
	}{
		{RuleErrorRate, m.alertErrors()}, {RuleP95, m.alertLatency()}, {RuleWorkers, m.alertWorkers()},
		{RuleWorkerLag, m.alertBacklog()}, {RulePool, m.alertPool()}, {RuleMemory, m.alertMemory()},
	} {
		if !slices.Contains(s.Skip, group.rule) {
			all = append(all, group.alerts...)
		}
	}
	return all, nil
}

// both picks the series of a metric in both slots.
func (m Metrics) both(metric, more string) string {
	return m.matched(fmt.Sprintf(`%s{%s=~"blue|green"%s}`, metric, m.Slot, more))
}

// share is PromQL for what some series are of others, by slot. It is no number, and
// so no alert, where there are no requests.
func (m Metrics) share(some, of, window string) string {
	return fmt.Sprintf("sum by (%[1]s) (rate(%[2]s[%[4]s])) / sum by (%[1]s) (rate(%[3]s[%[4]s]))", m.Slot, some, of, window)
}

func (m Metrics) alertErrors() []Alert {
	errors := func(window string) string {
		return m.share(m.both(m.Requests, m.users()+fmt.Sprintf(`,%s!~"[1-4].."`, m.Code)), m.both(m.Requests, m.users()), window)
	}
	return []Alert{
		{"HighErrorRate", errors("2m") + " > 0.01", 2 * time.Minute, "critical", []string{"5.3.c1"}, "Roll back if the errors are those of a release."},
		{"ElevatedErrors", errors("5m") + " > 0.005", 5 * time.Minute, "warning", []string{"5.3.w1"}, "Look at the errors of the slot."},
	}
}

// alertLatency counts the requests within a bound, as the gates do: a quantile of a
// histogram is never above its highest bucket.
func (m Metrics) alertLatency() []Alert {
	within := func(le, window string) string {
		bucket := func(le string) string {
			return m.both(m.Duration+"_bucket", m.users()+fmt.Sprintf(`,le=~"%s"`, le))
		}
		return m.share(bucket(le), bucket("[+]Inf"), window) + " < 0.95"
	}
	return []Alert{
		{"VeryHighLatency", within("2|2[.]0", "2m"), 2 * time.Minute, "critical", []string{"5.3.c2"}, "Consider a rollback."},
		{"HighLatency", within("0[.]5", "5m"), 5 * time.Minute, "critical", []string{"5.1.t2"}, "Look at the slowest routes and at the database."},
		{"ElevatedLatency", within("0[.]2", "5m"), 5 * time.Minute, "warning", []string{"5.1.t1"}, "Look at the slowest routes and at the database."},
	}
}

// alertWorkers asks for one worker in either slot: that which is idle has none.
func (m Metrics) alertWorkers() []Alert {
	workers := m.both(m.Workers, "")
	return []Alert{{"WorkersDown", fmt.Sprintf("sum(%[1]s) == 0 or absent(%[1]s)", workers), time.Minute, "critical", []string{"5.3.c3"}, "Start the workers again."}}
}

// alertBacklog tells of a queue that nobody measures, too.
func (m Metrics) alertBacklog() []Alert {
	backlog := m.matched(m.Backlog)
	return []Alert{
		{"BacklogTooLong", fmt.Sprintf("max(%[1]s) > 10000 or absent(%[1]s)", backlog), time.Minute, "critical", []string{"5.3.c5"}, "Scale the workers."},
		{"WorkerLag", fmt.Sprintf("max(%s) > 1000", backlog), 5 * time.Minute, "warning", []string{"5.3.w3"}, "Scale the workers."},
	}
}

func (m Metrics) alertPool() []Alert {
	return []Alert{{"DatabasePoolExhausted", fmt.Sprintf("max by (%s) (%s) > 0.95", m.Slot, m.both(m.Pool, "")), time.Minute, "critical", []string{"5.3.c4"}, "Enlarge the pool."}}
}

func (m Metrics) alertMemory() []Alert {
	return []Alert{{"HighMemory", fmt.Sprintf("max by (%s) (%s) > 0.8", m.Slot, m.both(m.Memory, "")), 10 * time.Minute, "warning", []string{"5.3.w2"}, "Look for a leak."}}
}
