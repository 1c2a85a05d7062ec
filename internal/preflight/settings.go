package preflight

import (
	"errors"
	"fmt"
	"time"
)

// Settings says what is looked at, and for how long.
type Settings struct {
	Timeout        time.Duration `yaml:"timeout" default:"10s" help:"How long one probe may take."`
	Values         []string      `yaml:"values" help:"Names of the environment variables that must be set and not empty."`
	Branch         string        `yaml:"branch" help:"The branch that a released commit must be on; the repository's default branch when left out."`
	RequireReview  bool          `yaml:"require-review" default:"true" help:"Whether the commit must come from a merged pull request that somebody else approved."`
	RequiredChecks []string      `yaml:"required-checks" help:"Names of the checks that must have succeeded on the commit, as GitHub shows them."`
	ChecksTimeout  time.Duration `yaml:"checks-timeout" default:"10m" help:"How long to wait for required checks that are still running."`
}

// Check refuses times that are no times.
func (s Settings) Check() error {
	var errs []error
	if s.Timeout <= 0 {
		errs = append(errs, fmt.Errorf("timeout %v: want more than 0", s.Timeout))
	}
	if s.ChecksTimeout <= 0 {
		errs = append(errs, fmt.Errorf("checks-timeout %v: want more than 0", s.ChecksTimeout))
	}
	return errors.Join(errs...)
}
