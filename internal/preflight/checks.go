package preflight

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// between is the pause between two looks at checks that are still running.
const between = 15 * time.Second

// results is the last look at the checks, which all probes share, so that they
// do not use up the token's requests.
type results struct {
	mu     sync.Mutex
	seen   time.Time
	checks []Check
}

func (c commitLook) latest(ctx context.Context) ([]Check, error) {
	c.results.mu.Lock()
	defer c.results.mu.Unlock()
	if !c.results.seen.IsZero() && time.Since(c.results.seen) < between/2 {
		return c.results.checks, nil
	}
	all, err := c.Checks(ctx, c.commit)
	if err == nil {
		c.results.checks, c.results.seen = all, time.Now()
	}
	return all, err
}

// required looks at the checks that the configuration names, else at those that
// the branch requires.
func (c commitLook) required(ctx context.Context) (string, error) {
	if own := c.settings.RequiredChecks; len(own) > 0 {
		return c.succeeded(ctx, named(own))
	}
	wanted, err := c.Required(ctx, c.settings.Branch)
	if err != nil {
		return "", err
	}
	if len(wanted) == 0 {
		return "", Absent("preflight.required-checks names no check, and the branch requires none")
	}
	seen, err := c.succeeded(ctx, wanted)
	if err != nil && release.HintOf(err) == "" {
		err = release.Refuse("let the checks that the branch requires run on the merged commit, too (on: push), or name those that do in preflight.required-checks", "%w", err)
	}
	return seen, err
}

// tests returns a probe for each kind of test.
func (c commitLook) tests() []Probe {
	kinds := []struct {
		name, key, item string
		checks          []string
	}{
		{"unit tests", "unit-tests", "A.2.1", c.settings.UnitTests},
		{"integration tests", "integration-tests", "A.2.2", c.settings.IntegrationTests},
		{"end-to-end tests", "end-to-end-tests", "A.2.3", c.settings.EndToEndTests},
		{"performance tests", "performance-tests", "A.2.4", c.settings.PerformanceTests},
	}
	all := make([]Probe, len(kinds))
	for i, kind := range kinds {
		all[i] = Probe{Name: kind.name, Evidence: []string{kind.item}, Remedy: "make the " + kind.name + " succeed on this commit", Timeout: c.settings.ChecksTimeout}
		all[i].Look = func(ctx context.Context) (string, error) {
			if len(kind.checks) == 0 {
				return "", Absent("preflight.%s names no check", kind.key)
			}
			return c.succeeded(ctx, named(kind.checks))
		}
	}
	return all
}

// succeeded waits for the checks, as long as its context lasts.
func (c commitLook) succeeded(ctx context.Context, wanted []Requirement) (string, error) {
	for {
		all, err := c.latest(ctx)
		if err != nil {
			return "", err
		}
		running, err := c.judge(all, wanted)
		if err != nil {
			return "", err
		}
		if len(running) == 0 {
			return fmt.Sprintf("%d checks succeeded on %s: %s", len(wanted), c.commit.Short(), list(wanted)), nil
		}
		if err := pause(ctx); err != nil {
			return "", fmt.Errorf("still running: %s: %w", strings.Join(running, ", "), err)
		}
	}
}

func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(between):
		return nil
	}
}

func list(wanted []Requirement) string {
	names := make([]string, len(wanted))
	for i, one := range wanted {
		names[i] = one.String()
	}
	return strings.Join(names, ", ")
}

// judge returns the checks that are still running, and refuses ones that are
// missing or did not succeed. Skipped and neutral are no success.
func (c commitLook) judge(all []Check, wanted []Requirement) (running []string, err error) {
	var bad []string
	for _, one := range wanted {
		of := slices.DeleteFunc(slices.Clone(all), func(check Check) bool { return !one.is(check) || c.own(check) })
		if len(of) == 0 {
			bad = append(bad, one.String()+": no such check")
		}
		for _, check := range of {
			switch {
			case !check.Done:
				running = append(running, one.String())
			case check.Conclusion != "success":
				bad = append(bad, one.String()+": "+check.Conclusion)
			}
		}
	}
	if len(bad) > 0 {
		return nil, fmt.Errorf("commit %s: %s", c.commit.Short(), strings.Join(bad, ", "))
	}
	return running, nil
}

// own reports whether a check belongs to the run that looks at it.
func (c commitLook) own(check Check) bool { return check.Run != 0 && check.Run == c.run }
