package gate

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Rule is one number to measure and the thresholds that it must keep. The
// number is errors/requests, fraction/requests, or value itself. Errors, fraction
// and requests are each a counter, which is one metric with its labels: how much it
// grew within the window is counted here, series by series and from the first event
// of each. Where that is not enough they are PromQL that counts, as value is PromQL.
//
// All have the placeholders {{slot}} (the candidate), {{live}} (the slot beside it),
// {{window}} (the rule's window, less while the step is younger) and {{service}} (one
// after the other of the rule's services).
type Rule struct {
	Name       string        `yaml:"name" help:"Names the rule in every report; the name of a rule of the pack replaces it."`
	Errors     string        `yaml:"errors" help:"The counter of what went wrong: one metric with its labels, such as checkout_failed_total{slot=\"{{slot}}\"}, counted within the window from the first event of each series on; or PromQL that counts. It may be empty when requests is not: then it is 0."`
	Fraction   string        `yaml:"fraction" help:"The counter of the requests within a bound, such as a bucket of a histogram, written as errors is. It is never taken for 0."`
	Value      string        `yaml:"value" help:"PromQL for one number."`
	Requests   string        `yaml:"requests" help:"The counter of all requests, written as errors is: what errors or fraction is divided by, or how many samples are behind value."`
	Services   []string      `yaml:"services" help:"The rule is one for each of these, named after it: {{service}} in its queries is the service."`
	Window     time.Duration `yaml:"window" default:"2m" help:"How much time one measurement covers, at least 4 scrape intervals. It reaches further back, within the step, as long as there are fewer requests than min-samples."`
	MinSamples int           `yaml:"min-samples" default:"299" help:"How many requests a verdict needs. 299 without an error show less than 1 %, 2995 less than 0.1 %."`
	StaleAfter time.Duration `yaml:"stale-after" help:"How old the newest sample may be; 2 scrape intervals when it is not set."`
	Largest    *float64      `yaml:"largest" help:"The largest value that makes sense, such as 1 for a ratio; a greater one has another unit and is refused."`
	Warn       *Threshold    `yaml:"warn" help:"Reported from here on."`
	Pause      *Threshold    `yaml:"pause" help:"The weight is kept and the step's clock stands still from here on."`
	Rollback   *Threshold    `yaml:"rollback" help:"The traffic goes back from here on."`
	DryRun     bool          `yaml:"dry-run" help:"Measured and reported, but of no effect."`
	Optional   bool          `yaml:"optional" help:"A measurement that could not be had does not stop the step."`
	Evidence   []string      `yaml:"evidence" help:"The items of the checklist that the rule shows."`
}

var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// Check refuses a rule that could not be measured or could never speak.
func (r Rule) Check() error {
	err := errors.Join(r.checkForm(), r.checkQueries(), r.checkNumbers(), r.checkThresholds())
	if !nameForm.MatchString(r.Name) {
		err = errors.Join(fmt.Errorf("name %q: want lower case letters, digits and dashes, at most 63", r.Name), err)
	}
	if err != nil {
		return release.Reject("correct the rule under gates.rules", "gate %q: %w", r.Name, err)
	}
	return nil
}

func (r Rule) checkForm() error {
	forms := 0
	for _, query := range []string{r.Errors, r.Fraction, r.Value} {
		if query != "" {
			forms++
		}
	}
	switch {
	case forms != 1:
		return fmt.Errorf("%d queries: want exactly one of errors, fraction and value", forms)
	case r.Value == "" && r.Requests == "":
		return errors.New("requests is missing: errors and fraction are divided by it")
	case r.bare(r.Requests) && mentions(r.numerator(), "slot") && !mentions(r.Requests, "slot"):
		return errors.New("requests counts both slots, and what is divided by it one: want {{slot}} in it, too")
	case len(r.Services) > 0 && !r.mentions("service"):
		return errors.New("services without {{service}} in a query: each of them would be the same rule")
	}
	for _, service := range r.Services {
		if !serviceForm.MatchString(service) {
			return fmt.Errorf("services: %q: want letters, digits, dots, dashes and underscores", service)
		}
	}
	return nil
}

var serviceForm = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]*$`)

// each is the rule for every one of its services, or the rule itself.
func (r Rule) each() []Rule {
	if len(r.Services) == 0 {
		return []Rule{r}
	}
	var list []Rule
	for _, service := range r.Services {
		one := r
		one.Services = nil
		one.Name += "-" + strings.NewReplacer(".", "-", "_", "-").Replace(strings.ToLower(service))
		for _, query := range []*string{&one.Errors, &one.Fraction, &one.Value, &one.Requests} {
			*query = servicePlace.ReplaceAllString(*query, service)
		}
		list = append(list, one)
	}
	return list
}

var servicePlace = regexp.MustCompile(`\{\{\s*service\s*\}\}`)

// checkQueries refuses unknown placeholders and queries that pick no series: a
// constant measures nothing.
func (r Rule) checkQueries() error {
	var problems []error
	for _, query := range r.queries() {
		text, err := r.example().fill(query)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		picked, err := selectors(text)
		if err == nil && len(picked) == 0 {
			err = fmt.Errorf("query %q names no metric", query)
		}
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// example is a scope in which each query that has no mistake can be filled.
func (r Rule) example() scope {
	s := scope{slot: release.Green, live: release.Blue, window: r.Window}
	if len(r.Services) > 0 {
		s.service = r.Services[0]
	}
	return s
}

// parsed refuses queries that the source says it cannot read.
func (r Rule) parsed(by Parser) error {
	var problems []error
	for _, query := range r.queries() {
		text, err := r.example().fill(query)
		if err == nil {
			err = by.Parse(text)
		}
		if err != nil {
			problems = append(problems, release.Reject("correct the rule under gates.rules", "gate %q: query %q: %w", r.Name, query, err))
		}
	}
	return errors.Join(problems...)
}

func (r Rule) checkNumbers() error {
	var problems []error
	if r.Window < time.Second {
		problems = append(problems, fmt.Errorf("window %v: want at least 1s", r.Window))
	}
	if r.StaleAfter < 0 {
		problems = append(problems, fmt.Errorf("stale-after %v: want 0 or more", r.StaleAfter))
	}
	if r.MinSamples < 0 || r.Value == "" && r.MinSamples == 0 {
		problems = append(problems, fmt.Errorf("min-samples %d: want at least 1", r.MinSamples))
	}
	return errors.Join(problems...)
}

func (r Rule) checkThresholds() error {
	if r.Warn == nil && r.Pause == nil && r.Rollback == nil {
		return errors.New("no threshold: want at least one of warn, pause and rollback")
	}
	var problems []error
	for _, t := range []*Threshold{r.Warn, r.Pause, r.Rollback} {
		if t != nil {
			problems = append(problems, t.Check())
		}
	}
	problems = append(problems, ordered(r.Warn, r.Pause), ordered(r.Pause, r.Rollback), ordered(r.Warn, r.Rollback))
	return errors.Join(problems...)
}

// queries lists what the rule asks, without what is not set.
func (r Rule) queries() []string {
	var list []string
	for _, query := range []string{r.Errors, r.Fraction, r.Value, r.Requests} {
		if query != "" {
			list = append(list, query)
		}
	}
	return list
}

// numerator is the one query that makes the rule's number.
func (r Rule) numerator() string { return r.Errors + r.Fraction + r.Value }

// isRatio says whether the number is a share of requests, from 0 to 1.
func (r Rule) isRatio() bool { return r.Value == "" }

func (r Rule) mentions(placeholder string) bool {
	for _, query := range r.queries() {
		if mentions(query, placeholder) {
			return true
		}
	}
	return false
}

// surely says whether so few requests already show a breach: that of a share
// with 95 % confidence, since one error in a hundred requests is no rate of 1 %.
func (r Rule) surely(x sample) bool {
	value := x.value
	switch {
	case r.Errors != "":
		value = LowerBound(x.bad, x.requests)
	case r.Fraction != "":
		value = 1 - LowerBound(x.bad, x.requests)
	}
	return r.Pause.crossed(value) || r.Rollback.crossed(value)
}
