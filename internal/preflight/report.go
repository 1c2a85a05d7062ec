package preflight

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Report is the results of all probes.
type Report struct{ Results []Result }

// StopsFirst is the results for a reader, who looks for what stops the release.
func (r Report) StopsFirst() []Result {
	all := slices.Clone(r.Results)
	slices.SortStableFunc(all, func(a, b Result) int {
		return map[bool]int{true: 0, false: 1}[a.Stops] - map[bool]int{true: 0, false: 1}[b.Stops]
	})
	return all
}

// Show adds the evidence. An item that several probes show is as good as the
// worst of them; a probe that had nothing to look at takes nothing away from
// what the others saw.
func (r Report) Show(findings *release.Findings) {
	for _, id := range r.ids() {
		parts := r.about(id)
		worst := slices.MinFunc(parts, func(a, b Result) int { return order[a.Status] - order[b.Status] })
		switch worst.Status {
		case release.NotShown:
			findings.Miss(id, "%s", describe(parts))
		default:
			findings.Show(id, worst.Status == release.Passed, "%s", describe(parts))
		}
	}
}

var order = map[release.Status]int{release.Failed: 0, release.NotShown: 1, release.Passed: 2}

func (r Report) ids() []string {
	var ids []string
	for _, result := range r.Results {
		for _, id := range result.Evidence {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// about returns the results that count for an item.
func (r Report) about(id string) []Result {
	var all, looked []Result
	for _, result := range r.Results {
		if !slices.Contains(result.Evidence, id) {
			continue
		}
		all = append(all, result)
		if result.Stops || result.Status == release.Passed {
			looked = append(looked, result)
		}
	}
	if len(looked) > 0 {
		return looked
	}
	return all
}

func describe(parts []Result) string {
	texts := make([]string, len(parts))
	for i, p := range parts {
		texts[i] = p.Name + ": " + p.Observed
	}
	return strings.Join(texts, "; ")
}

// Err is nil when nothing stops the release. Otherwise it names everything that
// does, and its hint every remedy, each on a line.
func (r Report) Err() error {
	var errs []error
	var remedies []string
	failed := 0
	for _, result := range r.Results {
		if !result.Stops {
			continue
		}
		errs = append(errs, fmt.Errorf("%s: %s", result.Name, result.Observed))
		if result.Remedy != "" && !slices.Contains(remedies, result.Remedy) {
			remedies = append(remedies, result.Remedy)
		}
		if result.Status == release.Failed {
			failed++
		}
	}
	switch err, hint := errors.Join(errs...), strings.Join(remedies, "\n"); {
	case err == nil:
		return nil
	case failed == 0:
		return release.CannotTell(hint, "%w", err)
	default:
		return release.Refuse(hint, "%w", err)
	}
}
