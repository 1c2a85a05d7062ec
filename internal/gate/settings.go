package gate

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// FiveXX is what a 5xx answer of the candidate means while it has traffic. At
// weight 0 any 5xx is a rollback, since all traffic there is ours.
type FiveXX string

// The modes of the 5xx rule.
const (
	Attributable FiveXX = "attributable" // a 5xx beyond what the live slot shows
	Strict       FiveXX = "strict"       // any 5xx
)

// UnmarshalText accepts the two modes and refuses everything else.
func (f *FiveXX) UnmarshalText(text []byte) error {
	switch v := FiveXX(text); v {
	case Attributable, Strict:
		*f = v
		return nil
	}
	return fmt.Errorf("five-xx %q: want attributable or strict", text)
}

// Settings is the section gates of the configuration.
type Settings struct {
	Pack       string         `yaml:"pack" default:"plan" help:"The rules to begin with: plan, or none."`
	FiveXX     FiveXX         `yaml:"five-xx" default:"attributable" help:"What a 5xx answer means in a live step: attributable rolls back when the live slot does not show the like, strict rolls back at any."`
	Target     string         `yaml:"target" default:"up{slot=\"{{slot}}\"}" help:"The series that say whether the slot's processes are scraped, 1 or 0 each; empty when there are none."`
	Metrics    Metrics        `yaml:"metrics" help:"What the application calls the metrics that the pack reads."`
	Rules      []Rule         `yaml:"rules" help:"Rules of your own; one with the name of a rule of the pack replaces it."`
	Skip       []string       `yaml:"skip" help:"Rules of the pack to leave out, by name."`
	MinSamples map[string]int `yaml:"min-samples" help:"How many requests a verdict needs, by the rule's name."`
}

// Check refuses names that are not there, or there twice. Each rule is checked by
// itself.
func (s Settings) Check() error {
	var problems []error
	if s.Pack != PackPlan && s.Pack != PackNone {
		problems = append(problems, fmt.Errorf("gates.pack %q: want %s or %s", s.Pack, PackPlan, PackNone))
	}
	if s.FiveXX != Attributable && s.FiveXX != Strict {
		problems = append(problems, fmt.Errorf("gates.five-xx %q: want attributable or strict", s.FiveXX))
	}
	problems = append(problems, target{selector: s.Target}.check(), s.checkNames())
	if err := errors.Join(problems...); err != nil {
		return release.Reject("correct the section gates", "%w", err)
	}
	return nil
}

func (s Settings) checkNames() error {
	var problems []error
	known := s.names()
	for i, r := range s.Rules {
		if slices.ContainsFunc(s.Rules[:i], func(have Rule) bool { return have.Name == r.Name }) {
			problems = append(problems, fmt.Errorf("gates.rules: %q is there twice", r.Name))
		}
	}
	for _, name := range s.Skip {
		if !slices.Contains(packNames(s.Pack), name) {
			problems = append(problems, fmt.Errorf("gates.skip: %q is no rule of the pack: want one of %q", name, packNames(s.Pack)))
		}
	}
	for name, n := range s.MinSamples {
		if !slices.Contains(known, name) {
			problems = append(problems, fmt.Errorf("gates.min-samples: %q is no rule: want one of %q", name, known))
		} else if n < 1 {
			problems = append(problems, fmt.Errorf("gates.min-samples %q: %d: want at least 1", name, n))
		}
	}
	return errors.Join(problems...)
}

// target is the target with the matchers of the metrics.
func (s Settings) target() target {
	if s.Target == "" {
		return target{}
	}
	return target{selector: s.Metrics.matched(s.Target)}
}

// names lists every rule that could be configured: the pack's and the user's.
func (s Settings) names() []string {
	list := packNames(s.Pack)
	for _, r := range s.Rules {
		if !slices.Contains(list, r.Name) {
			list = append(list, r.Name)
		}
	}
	return list
}

// resolve returns the rules that are in force, checked.
func (s Settings) resolve(scrape time.Duration) ([]Rule, error) {
	if err := errors.Join(s.Check(), s.Metrics.Check()); err != nil {
		return nil, err
	}
	var problems []error
	var rules []Rule
	for _, r := range s.merged() {
		if n, ok := s.MinSamples[r.Name]; ok {
			r.MinSamples = n
		}
		problems = append(problems, r.Check(), r.counting().checkWindow(scrape))
		for _, one := range r.each() {
			if one.Name != r.Name {
				problems = append(problems, one.Check())
			}
			rules = append(rules, one.counting())
		}
	}
	return rules, errors.Join(problems...)
}

// merged is the pack without what is skipped, each replaced by the user's rule
// of that name, and then the user's other rules.
func (s Settings) merged() []Rule {
	var rules []Rule
	if s.Pack == PackPlan {
		rules = plan(s.Metrics)
	}
	rules = slices.DeleteFunc(rules, func(r Rule) bool { return slices.Contains(s.Skip, r.Name) })
	for _, mine := range s.Rules {
		i := slices.IndexFunc(rules, func(r Rule) bool { return r.Name == mine.Name })
		if i < 0 {
			rules = append(rules, mine)
		} else {
			rules[i] = mine
		}
	}
	return rules
}

// watches says whether a rule of the pack that is no single number is in force.
func (s Settings) watches(rule string) bool {
	replaced := slices.ContainsFunc(s.Rules, func(r Rule) bool { return r.Name == rule })
	return s.Pack == PackPlan && !replaced && !slices.Contains(s.Skip, rule)
}

// minScrapes is how many scrapes a window holds at least: with fewer, a rate is
// empty now and then for no fault of the application.
const minScrapes = 4

func (r Rule) checkWindow(scrape time.Duration) error {
	if least := minScrapes * scrape; r.Window < least && r.mentions("window") {
		return release.Reject("give the rule a longer window, or scrape more often",
			"gate %q: window %v is shorter than %d scrape intervals of %v", r.Name, r.Window, minScrapes, scrape)
	}
	return nil
}
