package smoke

import (
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/itchyny/gojq"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Check is one question and the answer that it wants.
type Check struct {
	Name     string                    `yaml:"name" help:"What is checked, in a few words."`
	Service  string                    `yaml:"service" help:"Service of the slot that is asked."`
	URL      string                    `yaml:"url" help:"Address that is asked instead of a service, the same for both slots."`
	Method   string                    `yaml:"method" help:"HTTP method." default:"GET"`
	Path     string                    `yaml:"path" help:"Path with its query, from /." default:"/"`
	Headers  map[string]release.Secret `yaml:"headers" help:"Request headers; their values are not shown."`
	Body     string                    `yaml:"body" help:"Request body."`
	Expect   Expect                    `yaml:"expect" help:"The answer that passes."`
	Critical bool                      `yaml:"critical" help:"Whether it is asked again at every look while the candidate has traffic, where two failures in a row are a reason to go back. It must only read." default:"false"`
	Public   bool                      `yaml:"public" help:"Whether it is asked again through the load balancer when the release has all the traffic, where two failures in a row are a reason to go back. It must only read." default:"false"`
	Repeat   int                       `yaml:"repeat" help:"How many times it is asked, each of which must pass; 1 to 10000." default:"1"`
	Evidence []string                  `yaml:"evidence" help:"Items of the plan that it shows, by id."`
}

// Expect is the answer that passes. What is left out is not looked at, but the
// status always is.
type Expect struct {
	Status       []Status          `yaml:"status" help:"Status codes that pass." default:"[200]"`
	JSON         map[string]any    `yaml:"json" help:"Values in the JSON body by jq expression, such as .db: connected."`
	BodyContains string            `yaml:"body-contains" help:"Text that the body has."`
	Metrics      []string          `yaml:"metrics" help:"Metrics that the body has in Prometheus' text format, each with a sample that is a number; a histogram by the names of its series."`
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

// tokenForm is the form of methods and of the names of headers. Source: RFC 9110.
var tokenForm = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

// Check refuses a question that cannot be asked, or that every answer passes.
func (c Check) Check() error {
	problems := []error{c.checkWhom(), c.checkWhat(), c.Expect.check()}
	if c.Name == "" {
		problems = append(problems, errors.New("name is missing"))
	}
	if (c.Critical || c.Public) && !c.reads() {
		problems = append(problems, fmt.Errorf("method %s: want GET, HEAD or OPTIONS for a critical or public check, since it is repeated with traffic", c.Method))
	}
	if c.Public && c.URL != "" {
		problems = append(problems, errors.New("public: want a check of a service, which the load balancer leads to"))
	}
	if c.Repeat < 1 || c.Repeat > 10_000 {
		problems = append(problems, fmt.Errorf("repeat %d: want 1 to 10000", c.Repeat))
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("check %q: %w", c.Name, err)
	}
	return nil
}

// checkWhom never shows the URL, which may have a password in it.
func (c Check) checkWhom() error {
	if (c.Service == "") == (c.URL == "") {
		return errors.New("service and url: want one of them")
	}
	if u, err := url.Parse(c.URL); c.URL != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return errors.New("url: want an address such as http://127.0.0.1:8080")
	}
	return nil
}

func (c Check) checkWhat() error {
	var problems []error
	if _, err := url.ParseRequestURI(c.Path); err != nil || !strings.HasPrefix(c.Path, "/") {
		problems = append(problems, fmt.Errorf("path %q: want one that begins with /", c.Path))
	}
	if !tokenForm.MatchString(c.method()) {
		problems = append(problems, fmt.Errorf("method %q: want one such as GET", c.Method))
	}
	for name, value := range c.Headers {
		if !tokenForm.MatchString(name) || strings.ContainsAny(value.Reveal(), "\r\n\x00") {
			problems = append(problems, fmt.Errorf("headers: %q: want a name without blanks, and a value in one line", name))
		}
	}
	return errors.Join(problems...)
}

func (e Expect) check() error {
	var problems []error
	if len(e.Status) == 0 {
		problems = append(problems, errors.New("expect.status is empty: every answer would differ"))
	}
	if e.MaxLatency < 0 {
		problems = append(problems, fmt.Errorf("expect.max-latency %v: want 0 or more", e.MaxLatency))
	}
	for expression := range e.JSON {
		if _, err := compile(expression); err != nil {
			problems = append(problems, fmt.Errorf("expect.json %q: want a jq expression: %w", expression, err))
		}
	}
	return errors.Join(problems...)
}

// compile gives an expression no access to the environment, to other input or
// to modules.
func compile(expression string) (*gojq.Code, error) {
	query, err := gojq.Parse(expression)
	if err != nil {
		return nil, err
	}
	return gojq.Compile(query)
}

// reads says that the question changes nothing.
func (c Check) reads() bool {
	return slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions}, c.method())
}

func (c Check) method() string { return cmp.Or(c.Method, http.MethodGet) }

// String names the question without its query, which may have a token in it.
func (c Check) String() string {
	path, _, _ := strings.Cut(c.Path, "?")
	return c.method() + " " + path
}
