package slot

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Settings is how the two slots are deployed to. Paths are relative to the
// checkout.
type Settings struct {
	Blue    Place          `yaml:"blue" help:"Where the blue slot runs."`
	Green   Place          `yaml:"green" help:"Where the green slot runs."`
	Workers WorkerSettings `yaml:"workers" help:"Which service takes jobs, and when."`
	Scale   map[string]int `yaml:"scale" help:"Containers per service; what the compose files say when not named here."`
	Settle  time.Duration  `yaml:"settle" help:"How long everything has to be healthy without a restart." default:"10s"`
	Timeout time.Duration  `yaml:"timeout" help:"How long a slot may take to become healthy, the settle time included." default:"5m"`
	Logs    LogSettings    `yaml:"logs" help:"What counts as an error in the logs."`
}

// Place is where one slot runs.
type Place struct {
	Compose  []string          `yaml:"compose" help:"Compose files, in the order in which they are merged."`
	Project  string            `yaml:"project" help:"Name of the compose project, different for each slot."`
	EnvFile  string            `yaml:"env-file" help:"File with variables for the compose files."`
	Docker   string            `yaml:"docker" help:"Docker engine, such as unix:///var/run/docker.sock or tcp://host:2376; the runner's own when empty."`
	Services map[string]string `yaml:"services" help:"Address of each service in this slot, past the load balancer, such as backend: http://127.0.0.1:18081."`
}

// WorkerSettings says which service takes jobs from the shared queue.
type WorkerSettings struct {
	Service string        `yaml:"service" help:"Compose service that takes jobs. Where none does, write \"\" in the configuration file." default:"worker"`
	Start   Start         `yaml:"start" help:"first-step keeps an unproven version away from customers' jobs until it has traffic; from-deploy does not." default:"first-step"`
	Grace   time.Duration `yaml:"grace" help:"How long a worker may take to finish after SIGTERM before it is killed." default:"30s"`
}

// LogSettings says what counts as an error in the logs.
type LogSettings struct {
	Window    time.Duration `yaml:"window" help:"How far back the live slot's log is read for errors that are not new." default:"1h"`
	Ignore    []string      `yaml:"ignore" help:"Regular expressions of lines that are not errors."`
	NewErrors Verdict       `yaml:"new-errors" help:"report or fail, for error lines that the live slot does not have. A panic or fatal line always fails." default:"report"`
}

// Start is when the workers of a candidate start.
type Start string

// The times at which workers start.
const (
	FirstStep  Start = "first-step"
	FromDeploy Start = "from-deploy"
)

// UnmarshalText accepts "first-step" and "from-deploy".
func (s *Start) UnmarshalText(text []byte) error {
	if *s = Start(text); *s != FirstStep && *s != FromDeploy {
		return fmt.Errorf("start %q: want first-step or from-deploy", text)
	}
	return nil
}

// Verdict is what follows from a finding.
type Verdict string

// The verdicts.
const (
	Report Verdict = "report"
	Fail   Verdict = "fail"
)

// UnmarshalText accepts "report" and "fail".
func (v *Verdict) UnmarshalText(text []byte) error {
	if *v = Verdict(text); *v != Report && *v != Fail {
		return fmt.Errorf("verdict %q: want report or fail", text)
	}
	return nil
}

// Of returns the place of one slot.
func (s Settings) Of(slot release.Slot) Place {
	if slot == release.Blue {
		return s.Blue
	}
	return s.Green
}

// Check refuses two slots that would be one, and times that cannot work.
func (s Settings) Check() error {
	var problems []error
	if s.Blue.Project != "" && s.Blue.Project == s.Green.Project && s.Blue.Docker == s.Green.Docker {
		problems = append(problems, fmt.Errorf("project %q: want a project of its own for each slot", s.Blue.Project))
	}
	if s.Settle < 0 || s.Timeout <= s.Settle {
		problems = append(problems, fmt.Errorf("timeout %v: want more than settle, %v", s.Timeout, s.Settle))
	}
	for service, n := range s.Scale {
		if n < 0 {
			problems = append(problems, fmt.Errorf("scale.%s %d: want 0 or more", service, n))
		}
	}
	return errors.Join(problems...)
}

// The names that compose v2 accepts for a project.
var projectForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`)

// Check refuses a project name or an address that nothing can use.
func (p Place) Check() error {
	var problems []error
	if p.Project != "" && !projectForm.MatchString(p.Project) {
		problems = append(problems, fmt.Errorf("project %q: want lower-case letters, digits, dashes or underscores", p.Project))
	}
	for service, address := range p.Services {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			problems = append(problems, fmt.Errorf("services.%s %q: want an address such as http://127.0.0.1:18081", service, address))
		}
	}
	return errors.Join(problems...)
}

// Check refuses a worker without time to finish.
func (w WorkerSettings) Check() error {
	if w.Grace < time.Second {
		return fmt.Errorf("grace %v: want at least 1s, in which a worker can finish its job", w.Grace)
	}
	return nil
}

// Check refuses a pattern that does not compile.
func (l LogSettings) Check() error {
	_, err := l.patterns()
	return err
}

func (l LogSettings) patterns() ([]*regexp.Regexp, error) {
	var all []*regexp.Regexp
	for _, text := range l.Ignore {
		pattern, err := regexp.Compile(text)
		if err != nil {
			return nil, fmt.Errorf("ignore %q: want a regular expression: %w", text, err)
		}
		all = append(all, pattern)
	}
	return all, nil
}
