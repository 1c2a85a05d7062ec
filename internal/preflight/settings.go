package preflight

import (
	"errors"
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Settings says what is looked at, and for how long.
type Settings struct {
	Timeout          time.Duration  `yaml:"timeout" default:"30s" help:"How long one probe may take."`
	Values           []string       `yaml:"values" help:"Names of the environment variables that must be set and not empty."`
	Branch           string         `yaml:"branch" help:"The branch that a released commit must be on; the repository's default branch when left out."`
	RequireReview    bool           `yaml:"require-review" default:"true" help:"Whether the commit must come from a merged pull request that somebody else approved."`
	RequiredChecks   []string       `yaml:"required-checks" help:"Names of the checks, commit statuses or workflows that must have succeeded on the commit, as GitHub shows them. Left out: those that the branch's own rules require."`
	UnitTests        []string       `yaml:"unit-tests" help:"Names of the checks or workflows that are the unit tests; required like the others."`
	IntegrationTests []string       `yaml:"integration-tests" help:"The same for the integration tests."`
	EndToEndTests    []string       `yaml:"end-to-end-tests" help:"The same for the end-to-end tests."`
	PerformanceTests []string       `yaml:"performance-tests" help:"The same for the performance tests."`
	ChecksTimeout    time.Duration  `yaml:"checks-timeout" default:"10m" help:"How long to wait for checks that are still running."`
	CodeScanning     Severity       `yaml:"code-scanning" default:"high" help:"The lowest severity of an open code-scanning alert that stops a release: low, medium, high or critical; off does not look."`
	Dependencies     Severity       `yaml:"dependency-alerts" default:"high" help:"The same for Dependabot's alerts."`
	Secrets          bool           `yaml:"secret-alerts" default:"true" help:"Whether an open secret-scanning alert stops a release."`
	AlertsToken      release.Secret `yaml:"alerts-token" help:"A token that reads the alerts of all three, such as ${ALERTS_TOKEN:-}, where the job's own may not."`
	RequireScans     bool           `yaml:"require-scans" default:"false" help:"Whether alerts that cannot be read stop the release: the scanner is off, or the token may not. Otherwise they are not shown."`
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
