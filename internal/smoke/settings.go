package smoke

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Settings is the section smoke of the configuration.
type Settings struct {
	Checks      []Check       `yaml:"checks" help:"What to ask, in this order."`
	Timeout     time.Duration `yaml:"timeout" help:"How long one request may take." default:"5s"`
	StartWithin time.Duration `yaml:"start-within" help:"How long a refused connection is tried again, for a service that is still starting." default:"0s"`
	Parallel    int           `yaml:"parallel" help:"How many checks run at once, 1 to 16." default:"4"`
	PublicURL   string        `yaml:"public-url" help:"Address of the load balancer for the public checks; router.nginx.url when empty."`
}

// Check refuses two checks of one name, and limits that make no sense. Each
// check is looked at by itself.
func (s Settings) Check() error {
	var problems []error
	seen := map[string]bool{}
	for _, c := range s.Checks {
		if seen[c.Name] {
			problems = append(problems, fmt.Errorf("check %q is there twice: want names of their own", c.Name))
		}
		seen[c.Name] = true
	}
	if u, err := url.Parse(s.PublicURL); s.PublicURL != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		problems = append(problems, errors.New("public-url: want an address such as https://www.example.com"))
	}
	if s.Timeout <= 0 {
		problems = append(problems, fmt.Errorf("timeout %v: want more than 0", s.Timeout))
	}
	if s.StartWithin < 0 {
		problems = append(problems, fmt.Errorf("start-within %v: want 0 or more", s.StartWithin))
	}
	if s.Parallel < 1 || s.Parallel > 16 {
		problems = append(problems, fmt.Errorf("parallel %d: want 1 to 16", s.Parallel))
	}
	return errors.Join(problems...)
}

// Critical is the settings with the checks alone whose failure, with traffic, is
// a reason to go back.
func (s Settings) Critical() Settings {
	return s.again(func(c Check) bool { return c.Critical })
}

// Public is the settings with the checks alone that are asked through the load
// balancer, at its address.
func (s Settings) Public(address string) Settings {
	s = s.again(func(c Check) bool { return c.Public })
	for i := range s.Checks {
		s.Checks[i].URL, s.Checks[i].Service, s.Checks[i].Public = address, "", false
	}
	return s
}

// again keeps some checks, to be asked while there is traffic: each once and not
// tried again. How long an answer takes is the gates' to judge then, which know
// more than one.
func (s Settings) again(keep func(Check) bool) Settings {
	s.Checks = slices.Clone(s.Checks)
	s.Checks = slices.DeleteFunc(s.Checks, func(c Check) bool { return !keep(c) || !c.reads() })
	for i := range s.Checks {
		s.Checks[i].Repeat, s.Checks[i].Expect.MaxLatency = 1, 0
	}
	s.StartWithin = 0
	return s
}

// Ready refuses settings that nothing can be asked with.
func (s Settings) Ready(services map[string]string) error {
	if len(s.Checks) == 0 {
		return release.Reject("write the checks under smoke.checks in the configuration", "smoke.checks is empty: there is nothing to ask")
	}
	problems := []error{s.Check()}
	for _, c := range s.Checks {
		problems = append(problems, c.Check())
		if c.URL == "" && services[c.Service] == "" {
			problems = append(problems, fmt.Errorf("check %q: service %q has no address in this slot", c.Name, c.Service))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return release.Reject("correct smoke.checks, or the addresses under slots.blue.services and slots.green.services", "%w", err)
	}
	return nil
}
