package gate

import (
	"fmt"
	"slices"
	"strings"
)

// counted is PromQL for how much the counters behind a selector grew within the
// window. Unlike increase() it sees the first event of a series that is born
// within the window, counts whole events, and takes a counter that started
// again from 0.
func counted(selector, window string) string {
	return "sum(" + increase(selector, window) + ")"
}

// increase is counted, series by series. What a counter had before the window is
// taken off where it has never been lower since. That is looked for over gap, so
// that a scrape which failed when the window began does not make a counter's
// whole life a part of it; sel itself is the least of a window that has no scrape.
func increase(selector, window string) string {
	const gap = "5m"
	return fmt.Sprintf("(%[1]s - (last_over_time(%[1]s[%[3]s] offset %[2]s) <= (min_over_time(%[1]s[%[2]s]) or %[1]s))) or %[1]s", selector, window, gap)
}

// counting puts counted around each of errors, fraction and requests that is one
// metric with its labels, so that the rules of the pack and those of users count
// alike. What is more than that stays as it was written.
func (r Rule) counting() Rule {
	for _, query := range []*string{&r.Errors, &r.Fraction, &r.Requests} {
		if r.bare(*query) {
			*query = counted(strings.TrimSpace(*query), "{{window}}")
		}
	}
	return r
}

// bare says whether a query of the rule is one metric with its labels.
func (r Rule) bare(query string) bool {
	text, err := r.example().fill(query)
	return err == nil && isSelector(strings.TrimSpace(text))
}

// isSelector says whether text picks series at one place, with nothing around it.
func isSelector(text string) bool {
	found, err := selectors(text)
	return err == nil && len(found) == 1 && found[0].text == text
}

// Unseen is a rule whose errors may happen without being counted.
type Unseen struct {
	Rule   string
	Reason string
	Remedy string
}

// growths are the functions that are 0 for the first event of a series.
var growths = []string{"increase", "rate", "irate"}

// Unseen lists the rules of the user whose errors are counted by a function that
// takes the first sample of a series for what was there before: a process that has
// failed since its first error, and a status that nobody had before, count as 0.
func (s Settings) Unseen() (list []Unseen) {
	for _, r := range s.Rules {
		found, err := scan(r.Errors)
		by := slices.IndexFunc(growths, func(name string) bool { return slices.Contains(found.called, name) })
		if err != nil || by < 0 {
			continue
		}
		remedy := "write errors and requests as the counters alone, which are then counted from their first event on"
		if len(found.found) == 1 {
			remedy = fmt.Sprintf("write the counters alone, which are then counted from their first event on: errors: %s", found.found[0].text)
		}
		list = append(list, Unseen{r.Name, fmt.Sprintf("errors uses %s(), which does not see the first event of a series that is born within the window", growths[by]), remedy})
	}
	return list
}
