package gate

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Metrics is what the application calls the metrics that the pack reads, and
// the labels that it puts on them.
type Metrics struct {
	Requests string `yaml:"requests" default:"http_requests_total" help:"The counter of HTTP requests, with labels for slot, route and code."`
	Duration string `yaml:"duration" default:"http_request_duration_seconds" help:"The histogram of answer times in seconds, with buckets at 0.2, 0.5 and 2."`
	Backlog  string `yaml:"backlog" default:"queue_backlog" help:"The gauge of jobs that wait in the shared queue."`
	Pool     string `yaml:"pool" default:"db_connection_pool_usage" help:"The gauge of the database connection pool, 0 to 1."`
	Workers  string `yaml:"workers" default:"workers_running" help:"The gauge of running workers."`
	Failed   string `yaml:"failed" default:"worker_failed_total" help:"The counter of jobs that failed."`

	Processed  string `yaml:"processed" default:"worker_processed_total" help:"The counter of jobs that a worker has done since it started; it goes back where the worker died and came again."`
	Connecting string `yaml:"connection-failures" default:"db_connection_failures_total" help:"The counter of connections to the database that could not be made."`
	Memory     string `yaml:"memory" default:"memory_usage" help:"The gauge of the memory of a process as a share of its limit, 0 to 1."`
	CPU        string `yaml:"cpu" default:"cpu_usage" help:"The gauge of the processor time of a process as a share of what it may use, 0 to 1."`

	Slot   string `yaml:"slot-label" default:"slot" help:"The label with the slot, blue or green."`
	Route  string `yaml:"route-label" default:"route" help:"The label with the route of a request."`
	Code   string `yaml:"code-label" default:"code" help:"The label with the status code of an answer, or a word where there was none."`
	Probes string `yaml:"probes" default:"/health.*|/metrics" help:"Routes that do not count as requests of users, as a regular expression; empty when all do."`

	Matchers map[string]string `yaml:"matchers" help:"Labels and their values that every query of the pack and gates.target ask for, such as job: shop, where the source has the metrics of more than one application or environment."`
}

// metricForm is the classic form of a metric's or label's name, labelForm that of
// a label alone.
var (
	metricForm = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`)
	labelForm  = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
)

// Check refuses what cannot be the name of a metric or a label.
func (m Metrics) Check() error {
	var problems []error
	for key, name := range map[string]string{
		"requests": m.Requests, "duration": m.Duration, "backlog": m.Backlog, "pool": m.Pool, "workers": m.Workers,
		"failed": m.Failed, "processed": m.Processed, "connection-failures": m.Connecting, "memory": m.Memory, "cpu": m.CPU, "slot-label": m.Slot, "route-label": m.Route, "code-label": m.Code,
	} {
		if !metricForm.MatchString(name) {
			problems = append(problems, fmt.Errorf("gates.metrics.%s %q: want letters, digits, underscores and colons", key, name))
		}
	}
	if _, err := regexp.Compile(m.Probes); err != nil {
		problems = append(problems, fmt.Errorf("gates.metrics.probes: %w", err))
	}
	problems = append(problems, m.checkMatchers()...)
	if len(problems) > 0 {
		return release.Reject("name the metrics as the application exposes them", "%w", errors.Join(problems...))
	}
	return nil
}

func (m Metrics) checkMatchers() (problems []error) {
	for _, label := range slices.Sorted(maps.Keys(m.Matchers)) {
		switch value := m.Matchers[label]; {
		case !labelForm.MatchString(label):
			problems = append(problems, fmt.Errorf("gates.metrics.matchers: label %q: want letters, digits and underscores", label))
		case label == m.Slot, label == m.Route, label == m.Code:
			problems = append(problems, fmt.Errorf("gates.metrics.matchers: label %q: the rules ask for it themselves", label))
		case value == "" || strings.Contains(value, "{{"):
			problems = append(problems, fmt.Errorf("gates.metrics.matchers.%s %q: want the value that the label has", label, value))
		}
	}
	return problems
}

// of picks the series of metric that belong to one slot, and meet more
// conditions such as `,code=~"5.."`.
func (m Metrics) of(metric, slot, more string) string {
	return m.matched(fmt.Sprintf(`%s{%s="%s"%s}`, metric, m.Slot, slot, more))
}

// matched puts the matchers into a selector.
func (m Metrics) matched(selector string) string {
	if len(m.Matchers) == 0 {
		return selector
	}
	head, closed := strings.CutSuffix(selector, "}")
	if head = strings.TrimRight(head, ", "); !closed {
		head += "{"
	}
	for _, label := range slices.Sorted(maps.Keys(m.Matchers)) {
		if !strings.HasSuffix(head, "{") {
			head += ","
		}
		head += fmt.Sprintf("%s=%q", label, m.Matchers[label])
	}
	return head + "}"
}

// users are the conditions that leave out the routes of probes. A metric without
// routes meets them.
func (m Metrics) users() string {
	if m.Probes == "" {
		return ""
	}
	return fmt.Sprintf(`,%s!~%q`, m.Route, m.Probes)
}

// requests picks the counters of a slot's requests by users.
func (m Metrics) requests(slot, more string) string {
	return m.of(m.Requests, slot, m.users()+more)
}
