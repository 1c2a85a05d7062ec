package diagnosis

import (
	"bufio"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Counter names a counter of requests in the text of a scrape.
type Counter struct {
	Metric string // such as http_requests_total
	Route  string // the label with the route
	Probes string // routes that are no users', as a regular expression; empty for none
}

// sample is one line of the text format of Prometheus.
var sample = regexp.MustCompile(`^([A-Za-z_:][A-Za-z0-9_:]*)(\{.*\})?\s+(\S+)`)

// Served adds up a counter's series of users' requests in a scrape, and says how
// many series those were.
func (c Counter) Served(scrape string) (sum float64, series int, err error) {
	probes, err := regexp.Compile("^(?:" + c.Probes + ")$")
	if err != nil {
		return 0, 0, fmt.Errorf("gates.metrics.probes: %w", err)
	}
	route := regexp.MustCompile(`[{,]\s*` + regexp.QuoteMeta(c.Route) + `="((?:[^"\\]|\\.)*)"`)
	lines := bufio.NewScanner(strings.NewReader(scrape))
	lines.Buffer(nil, len(scrape)+1)
	for lines.Scan() {
		m := sample.FindStringSubmatch(lines.Text())
		if m == nil || m[1] != c.Metric {
			continue
		}
		if r := route.FindStringSubmatch(m[2]); r != nil && c.Probes != "" && probes.MatchString(r[1]) {
			continue
		}
		n, err := strconv.ParseFloat(m[3], 64)
		if err != nil {
			return 0, 0, fmt.Errorf("scrape: %q is no sample", lines.Text())
		}
		sum += n
		series++
	}
	return sum, series, lines.Err()
}

// suspicious is what the plan greps a scrape for, in the names and labels.
var suspicious = regexp.MustCompile(`(?i)error|fail|timeout|reject|="5\d\d"`)

// Errors is the lines of a scrape that count errors and are not 0.
func Errors(scrape string) string {
	var out strings.Builder
	lines := bufio.NewScanner(strings.NewReader(scrape))
	lines.Buffer(nil, len(scrape)+1)
	for lines.Scan() {
		m := sample.FindStringSubmatch(lines.Text())
		if m == nil || !suspicious.MatchString(m[1]+m[2]) {
			continue
		}
		if n, err := strconv.ParseFloat(m[3], 64); err != nil || n != 0 {
			out.WriteString(lines.Text() + "\n")
		}
	}
	return out.String()
}
