package smoke

import (
	"errors"
	"fmt"
	"slices"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Better is the report with the better of two results of each check: what passed
// once of twice has not failed.
func (r Report) Better(other Report) Report {
	for i := range min(len(r.Results), len(other.Results)) {
		if r.Results[i].Err != nil && other.Results[i].Err == nil {
			r.Results[i] = other.Results[i]
		}
	}
	return r
}

// String says how many checks passed, and which did not.
func (r Report) String() string {
	if r.Failed() == 0 {
		return fmt.Sprintf("%d checks passed", len(r.Results))
	}
	text := fmt.Sprintf("%d of %d checks failed", r.Failed(), len(r.Results))
	for _, one := range r.Results {
		if one.Err != nil {
			text += "; " + one.String()
		}
	}
	return text
}

// Failing are the names of the checks that failed; nil only when nothing was asked.
func (r Report) Failing() []string {
	if len(r.Results) == 0 {
		return nil
	}
	names := []string{}
	for _, one := range r.Results {
		if one.Err != nil {
			names = append(names, one.Check.Name)
		}
	}
	return names
}

// Since is nil unless checks fail that are not among those that failed before: what
// has failed all along is not due to what has happened in between, and nobody knows
// what that is where nothing was asked.
func (r Report) Since(before []string, what string) error {
	if before == nil {
		return nil
	}
	var problems []error
	for _, one := range r.Results {
		if one.Err != nil && !slices.Contains(before, one.Check.Name) {
			problems = append(problems, fmt.Errorf("%s: %w", one.Check.Name, one.Err))
		}
	}
	if len(problems) == 0 {
		return nil
	}
	return release.Refuse("look at the log of the live version and mend what it misses with a new migration; the traffic was not moved",
		"the live version fails %d checks that it passed before %s: %w", len(problems), what, errors.Join(problems...))
}
