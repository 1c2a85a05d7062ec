package gate

import (
	"errors"
	"fmt"
	"regexp"

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
	Slot     string `yaml:"slot-label" default:"slot" help:"The label with the slot, blue or green."`
	Route    string `yaml:"route-label" default:"route" help:"The label with the route of a request."`
	Code     string `yaml:"code-label" default:"code" help:"The label with the status code of an answer, or a word where there was none."`
	Probes   string `yaml:"probes" default:"/health.*|/metrics" help:"Routes that do not count as requests of users, as a regular expression; empty when all do."`
}

// metricForm is the classic form of a metric's or label's name.
var metricForm = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`)

// Check refuses what cannot be the name of a metric or a label.
func (m Metrics) Check() error {
	var problems []error
	for key, name := range map[string]string{
		"requests": m.Requests, "duration": m.Duration, "backlog": m.Backlog, "pool": m.Pool, "workers": m.Workers,
		"failed": m.Failed, "slot-label": m.Slot, "route-label": m.Route, "code-label": m.Code,
	} {
		if !metricForm.MatchString(name) {
			problems = append(problems, fmt.Errorf("gates.metrics.%s %q: want letters, digits, underscores and colons", key, name))
		}
	}
	if _, err := regexp.Compile(m.Probes); err != nil {
		problems = append(problems, fmt.Errorf("gates.metrics.probes: %w", err))
	}
	if len(problems) > 0 {
		return release.Reject("name the metrics as the application exposes them", "%w", errors.Join(problems...))
	}
	return nil
}

// of picks the series of metric that belong to one slot, and meet more
// conditions such as `,code=~"5.."`.
func (m Metrics) of(metric, slot, more string) string {
	return fmt.Sprintf(`%s{%s="%s"%s}`, metric, m.Slot, slot, more)
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

// counted is PromQL for how much the counters behind a selector grew within the
// window. Unlike increase() it sees the first event of a series that is born
// within the window, counts whole events, and takes a counter that started
// again from 0.
func counted(selector, window string) string {
	return fmt.Sprintf("sum((%[1]s - (%[1]s offset %[2]s <= %[1]s)) or %[1]s)", selector, window)
}
