package scrape

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Settings is the section scrape of the configuration.
type Settings struct {
	Services []string       `yaml:"services" help:"Services of the application whose metrics are read, each at its address under slots. It stands in for a Prometheus server."`
	Path     string         `yaml:"path" default:"/metrics" help:"Where a service has its metrics."`
	Blue     []string       `yaml:"blue" help:"Addresses of metrics in the blue slot besides those of services, one for each process, such as http://10.0.0.7:9100/metrics."`
	Green    []string       `yaml:"green" help:"Addresses of metrics in the green slot, likewise."`
	Token    release.Secret `yaml:"token" help:"Bearer token, where the metrics ask for one."`
	Interval time.Duration  `yaml:"interval" default:"5s" help:"How often every process is scraped."`
	Timeout  time.Duration  `yaml:"timeout" help:"How long a scrape may take, at most the interval; the process counts as down after it. 4s, or the interval where it is shorter, when it is not set."`
}

// Enabled says whether there is anything to scrape.
func (s Settings) Enabled() bool { return len(s.Services)+len(s.Blue)+len(s.Green) > 0 }

// limit is how long a scrape may take.
func (s Settings) limit() time.Duration {
	return cmp.Or(s.Timeout, min(4*time.Second, s.Interval))
}

// Check refuses times that make no sense, and addresses that are none.
func (s Settings) Check() error {
	var problems []error
	if s.Path == "" || s.Path[0] != '/' {
		problems = append(problems, fmt.Errorf("scrape.path %q: want a path such as /metrics", s.Path))
	}
	if s.Interval < 100*time.Millisecond {
		problems = append(problems, fmt.Errorf("scrape.interval %v: want at least 100ms", s.Interval))
	}
	if s.Timeout < 0 || s.Timeout > s.Interval {
		problems = append(problems, fmt.Errorf("scrape.timeout %v: want more than 0, and at most scrape.interval, %v", s.Timeout, s.Interval))
	}
	for _, address := range slices.Concat(s.Blue, s.Green) {
		problems = append(problems, checkAddress(address))
	}
	if err := errors.Join(problems...); err != nil {
		return release.Reject("correct the section scrape", "%w", err)
	}
	return nil
}

// checkAddress has no address with credentials in its error.
func checkAddress(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return errors.New("scrape: an address is none: want one such as http://10.0.0.7:9100/metrics")
	case u.User != nil:
		return errors.New("scrape: an address has credentials in it: put a token under scrape.token")
	case u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("scrape: address %q: want one such as http://10.0.0.7:9100/metrics", address)
	}
	return nil
}

// Targets lists what is to be scraped. It refuses a service that has no address
// in a slot.
func (s Settings) Targets(addresses func(slot release.Slot, service string) string) ([]Target, error) {
	var list []Target
	var problems []error
	for _, slot := range release.Slots {
		for _, service := range s.Services {
			address := addresses(slot, service)
			if address == "" {
				problems = append(problems, fmt.Errorf("scrape.services: slots.%s.services has no address of %q", slot, service))
				continue
			}
			list = append(list, Target{Slot: slot, Job: service, URL: join(address, s.Path)})
		}
		for _, address := range map[release.Slot][]string{release.Blue: s.Blue, release.Green: s.Green}[slot] {
			list = append(list, Target{Slot: slot, Job: "metrics", URL: address})
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, release.Reject("add the address, or take the service out of scrape.services", "%w", err)
	}
	return list, nil
}

// join puts a path behind an address that may end with a slash.
func join(address, path string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address // refused where the target is made
	}
	return u.JoinPath(path).String()
}
