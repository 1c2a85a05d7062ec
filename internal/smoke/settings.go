package smoke

import (
	"encoding"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/itchyny/gojq"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Settings is the section smoke of the configuration.
type Settings struct {
	Checks   []Check       `yaml:"checks" help:"What to ask, in this order."`
	Timeout  time.Duration `yaml:"timeout" help:"How long one request may take." default:"5s"`
	Parallel int           `yaml:"parallel" help:"How many checks run at once, 1 to 16." default:"4"`
}

// Check is one question and the answer that it wants.
type Check struct {
	Name     string                    `yaml:"name" help:"What is checked, in a few words."`
	Service  string                    `yaml:"service" help:"Service of the slot that is asked."`
	Method   string                    `yaml:"method" help:"HTTP method." default:"GET"`
	Path     string                    `yaml:"path" help:"Path with its query, from /." default:"/"`
	Headers  map[string]release.Secret `yaml:"headers" help:"Request headers; their values are not shown."`
	Body     string                    `yaml:"body" help:"Request body."`
	Expect   Expect                    `yaml:"expect" help:"The answer that passes."`
	Critical bool                      `yaml:"critical" help:"Whether a failure of it later, with traffic, is a reason to go back." default:"false"`
	Repeat   int                       `yaml:"repeat" help:"How many times it is asked, each of which must pass; 1 to 10000." default:"1"`
	Evidence []string                  `yaml:"evidence" help:"Items of the plan that it shows, by id."`
}

// Expect is the answer that passes. What is left out is not looked at, but the
// status always is.
type Expect struct {
	Status       []Status          `yaml:"status" help:"Status codes that pass." default:"[200]"`
	JSON         map[string]any    `yaml:"json" help:"Values in the JSON body by jq expression, such as .db: connected."`
	BodyContains string            `yaml:"body-contains" help:"Text that the body has."`
	Headers      map[string]string `yaml:"headers" help:"Response headers that are equal to this."`
	MaxLatency   time.Duration     `yaml:"max-latency" help:"Longest time to the whole answer; 0 is no limit but the timeout. Of a repeated check it is the 95th percentile." default:"0s"`
}

// Status is an HTTP status code, 100 to 599.
type Status int

var _ encoding.TextUnmarshaler = (*Status)(nil)

// UnmarshalText refuses what is no status code.
func (s *Status) UnmarshalText(text []byte) error {
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 100 || n > 599 {
		return fmt.Errorf("status %q: want a code from 100 to 599", text)
	}
	*s = Status(n)
	return nil
}

// Check refuses two checks of one name, and limits that make no sense.
func (s Settings) Check() error {
	var problems []error
	seen := map[string]bool{}
	for _, c := range s.Checks {
		if seen[c.Name] {
			problems = append(problems, fmt.Errorf("check %q is there twice: want names of their own", c.Name))
		}
		seen[c.Name] = true
	}
	if s.Timeout <= 0 {
		problems = append(problems, fmt.Errorf("timeout %v: want more than 0", s.Timeout))
	}
	if s.Parallel < 1 || s.Parallel > 16 {
		problems = append(problems, fmt.Errorf("parallel %d: want 1 to 16", s.Parallel))
	}
	return errors.Join(problems...)
}

// Check refuses a question that cannot be asked.
func (c Check) Check() error {
	var problems []error
	if c.Name == "" || c.Service == "" {
		problems = append(problems, errors.New("name and service: want both"))
	}
	if _, err := url.ParseRequestURI(c.Path); err != nil || !strings.HasPrefix(c.Path, "/") {
		problems = append(problems, fmt.Errorf("path %q: want one that begins with /", c.Path))
	}
	if c.Repeat < 1 || c.Repeat > 10_000 {
		problems = append(problems, fmt.Errorf("repeat %d: want 1 to 10000", c.Repeat))
	}
	for expression := range c.Expect.JSON {
		if _, err := gojq.Parse(expression); err != nil {
			problems = append(problems, fmt.Errorf("json %q: want a jq expression: %w", expression, err))
		}
	}
	return errors.Join(problems...)
}
