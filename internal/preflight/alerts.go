package preflight

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Scanners is what GitHub's scanners know. A list that the token may not read, or
// whose scanner is off, is an Absent error, never an empty list.
type Scanners interface {
	// CodeAlerts lists the code-scanning alerts that are open at the head of a
	// branch; "" is the default branch.
	CodeAlerts(ctx context.Context, branch string) ([]Alert, error)
	// Analysed reports whether code scanning has looked at a commit to its end.
	Analysed(ctx context.Context, branch string, commit release.Commit) (bool, error)
	DependencyAlerts(ctx context.Context) ([]Alert, error)
	SecretAlerts(ctx context.Context) ([]Alert, error)
}

// Alert is something bad that nobody has closed.
type Alert struct {
	Number   int
	Severity Severity
	What     string // the rule, the package or the kind of secret; never the secret
}

// Alerts returns the probes of GitHub's scanners.
func Alerts(scanners Scanners, history History, s Settings, commit release.Commit, run int64) []Probe {
	a := alertLook{scanners, commitLook{History: history, settings: s, commit: commit, run: run, results: &results{}}}
	return []Probe{
		{Name: "code scanning", Evidence: []string{"A.2.7"}, Remedy: "close the alerts, or set preflight.code-scanning", Timeout: s.ChecksTimeout, Look: a.strictly(a.code)},
		{Name: "dependency alerts", Evidence: []string{"A.3.1"}, Remedy: "update the packages, or set preflight.dependency-alerts", Look: a.strictly(a.dependencies)},
		{Name: "secret alerts", Evidence: []string{"A.3.3"}, Remedy: "revoke the secrets and close the alerts, or set preflight.secret-alerts", Look: a.strictly(a.secrets)},
	}
}

type alertLook struct {
	Scanners
	commitLook
}

// strictly makes a list that cannot be read a reason to stop, where that is
// configured.
func (a alertLook) strictly(look Look) Look {
	return func(ctx context.Context) (string, error) {
		seen, err := look(ctx)
		if _, nothing := errors.AsType[absent](err); nothing && a.settings.RequireScans && !errors.Is(err, errNotAsked) {
			return "", release.Refuse(cmp.Or(release.HintOf(err), "turn the scanner on, or set preflight.require-scans to false"), "%s", err.Error())
		}
		return seen, err
	}
}

// errNotAsked is that nobody wants to know.
var errNotAsked = errors.New("it is turned off in the configuration")

func unwanted(key string) error {
	return absent{"preflight." + key + " is off", errNotAsked}
}

func (a alertLook) code(ctx context.Context) (string, error) {
	threshold := a.settings.CodeScanning
	if threshold == Off {
		return "", unwanted("code-scanning")
	}
	if err := a.analysed(ctx); err != nil {
		return "", err
	}
	all, err := a.CodeAlerts(ctx, a.settings.Branch)
	if err != nil {
		return "", err
	}
	seen, err := none(all, threshold, "code scanning has looked at "+a.commit.Short()+", and has")
	if err != nil {
		return "", err
	}
	return seen, a.atHead(ctx)
}

// atHead says that a list without alerts shows nothing of a commit behind the head:
// what was closed since may still be in it.
func (a alertLook) atHead(ctx context.Context) error {
	s, err := a.Standing(ctx, a.settings.Branch, a.commit)
	if err != nil || s.Behind == 0 {
		return err
	}
	return release.CannotTell("release the head of "+s.Branch, "%w",
		Absent("GitHub knows the alerts at the head of %s only, and commit %s is %d commits behind it", s.Branch, a.commit.Short(), s.Behind))
}

// analysed waits while checks of the commit are still running, since one of them
// may be the analysis.
func (a alertLook) analysed(ctx context.Context) error {
	for {
		done, err := a.Analysed(ctx, a.settings.Branch, a.commit)
		if err != nil || done {
			return err
		}
		checks, err := a.latest(ctx)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(checks, func(c Check) bool { return !c.Done && !a.own(c) }) {
			return release.Refuse("let code scanning run on every commit of the branch (on: push), or set preflight.code-scanning to off",
				"code scanning has not looked at %s to its end: an analysis that the commit before has is missing or has failed", a.commit.Short())
		}
		if err := pause(ctx); err != nil {
			return fmt.Errorf("code scanning has not looked at %s yet: %w", a.commit.Short(), err)
		}
	}
}

func (a alertLook) dependencies(ctx context.Context) (string, error) {
	threshold := a.settings.Dependencies
	if threshold == Off {
		return "", unwanted("dependency-alerts")
	}
	all, err := a.DependencyAlerts(ctx)
	if err != nil {
		return "", err
	}
	return none(all, threshold, "Dependabot has")
}

func (a alertLook) secrets(ctx context.Context) (string, error) {
	if !a.settings.Secrets {
		return "", unwanted("secret-alerts")
	}
	all, err := a.SecretAlerts(ctx)
	if err != nil {
		return "", err
	}
	if len(all) == 0 {
		return "secret scanning has no open alert", nil
	}
	return none(all, grades[0], "secret scanning has")
}

// shown is how many alerts are named; the others are counted.
const shown = 5

// none refuses alerts that reach the threshold, the worst first.
func none(all []Alert, threshold Severity, subject string) (string, error) {
	bad := slices.DeleteFunc(slices.Clone(all), func(a Alert) bool { return !a.Severity.Reaches(threshold) })
	if len(bad) == 0 {
		return fmt.Sprintf("%s no open alert of severity %s or above, and %d below", subject, threshold, len(all)), nil
	}
	slices.SortStableFunc(bad, func(a, b Alert) int { return slices.Index(grades, b.Severity) - slices.Index(grades, a.Severity) })
	var texts []string
	for _, a := range bad[:min(shown, len(bad))] {
		texts = append(texts, strings.TrimSpace(fmt.Sprintf("%d %s %s", a.Number, a.What, a.Severity)))
	}
	return "", fmt.Errorf("%s %d open alerts of severity %s or above: %s", subject, len(bad), threshold, strings.Join(texts, ", "))
}
