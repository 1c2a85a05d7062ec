package shift

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// waiting lists the roles whose step was never begun: GitHub may still ask them,
// for nothing.
func waiting(steps []traffic.Step, reached release.Weight) []string {
	var roles, decided []string
	for _, s := range steps {
		if s.Weight <= reached {
			decided = append(decided, s.Approval)
		}
	}
	for _, s := range steps {
		if s.Approval != "" && !slices.Contains(decided, s.Approval) && !slices.Contains(roles, s.Approval) {
			roles = append(roles, s.Approval)
		}
	}
	return roles
}

// reject says how a run ends whose shift did before everybody had decided.
func reject(environment string, roles []string) string {
	jobs := make([]string, len(roles))
	for i, role := range roles {
		jobs[i] = fmt.Sprintf("signoff-during-shift (%s)", role)
	}
	return fmt.Sprintf("Where the job %s still waits, reject it on the page of the run, under Review deployments (%s): the shift is over, and the run stays open until somebody decides.",
		strings.Join(jobs, ", "), environment+"-"+strings.Join(roles, ", "+environment+"-"))
}

// reached is the greatest weight that a shift has set.
func reached(log *traffic.Log) (most release.Weight) {
	for _, b := range log.Steps {
		most = max(most, b.Step.Weight)
	}
	return max(most, log.Weight)
}
