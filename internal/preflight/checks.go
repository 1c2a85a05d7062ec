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
	names := c.settings.RequiredChecks
	if len(names) > 0 {
		return c.succeeded(ctx, names)
	}
	names, err := c.Required(ctx, c.settings.Branch)
	if err != nil {
		return "", err
	}
	if len(names) == 0 {
		return "", Absent("preflight.required-checks names no check, and the branch requires none")
	}
	seen, err := c.succeeded(ctx, names)
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
			return c.succeeded(ctx, kind.checks)
		}
	}
	return all
}

// succeeded waits for the named checks, as long as its context lasts.
func (c commitLook) succeeded(ctx context.Context, names []string) (string, error) {
	for {
		all, err := c.latest(ctx)
		if err != nil {
			return "", err
		}
		running, err := c.judge(all, names)
		if err != nil {
			return "", err
		}
		if len(running) == 0 {
			return fmt.Sprintf("%d checks succeeded on %s: %s", len(names), c.commit.Short(), strings.Join(names, ", ")), nil
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

// judge returns the named checks that are still running, and refuses ones that
// are missing or did not succeed. Skipped and neutral are no success.
func (c commitLook) judge(all []Check, names []string) (running []string, err error) {
	var bad []string
	for _, name := range names {
		of := slices.DeleteFunc(slices.Clone(all), func(check Check) bool { return check.Name != name || c.own(check) })
		if len(of) == 0 {
			bad = append(bad, name+": no such check")
		}
		for _, check := range of {
			switch {
			case !check.Done:
				running = append(running, name)
			case check.Conclusion != "success":
				bad = append(bad, name+": "+check.Conclusion)
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
