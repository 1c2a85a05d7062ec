package connect

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/checklist"
)

// Items counts the items of the plan that the configuration names, where it says what
// shows them and which it has no use for, and refuses ids that the plan does not have:
// they would tick nothing.
func Items(job *action.Job) (int, error) {
	var problems []error
	count := 0
	look := func(whose string, ids []string) {
		count += len(ids)
		if unknown := checklist.Unknown(ids); len(unknown) > 0 {
			problems = append(problems, fmt.Errorf("%s: %s: the plan has no such item", whose, strings.Join(unknown, ", ")))
		}
	}
	for _, r := range job.Config.SignOff.All() {
		look("sign-off.roles: "+r.Name+": evidence", r.Evidence)
	}
	for _, c := range job.Config.Smoke.Checks {
		look(fmt.Sprintf("smoke check %q: evidence", c.Name), c.Evidence)
	}
	for _, r := range job.Config.Gates.Rules {
		look("gates.rules: "+r.Name+": evidence", r.Evidence)
	}
	look("record.not-applicable", slices.Sorted(maps.Keys(job.Config.Record.Excused())))
	return count, errors.Join(problems...)
}
