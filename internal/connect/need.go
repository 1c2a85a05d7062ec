package connect

import (
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Lacking lists the jobs of these that the record has nothing from. GitHub drops an
// output that holds a masked value, with no more than a warning in the log of its job:
// the next job finds it empty.
func Lacking(job *action.Job, from ...string) (jobs []string) {
	added := map[string]bool{
		"preflight":    job.Release.ID != "" && job.Release.Version != "" && job.Release.Candidate != "",
		"build":        len(job.Release.Images) > 0,
		"migrate":      job.Release.Schema != nil || job.Config.Database.URL == "",
		"deploy-green": true, // it adds nothing that is not read from the containers
		"smoke":        len(job.Release.Smoked) > 0,
		"shift":        job.Release.Shifted != nil,
	}
	for _, phase := range from {
		if !added[phase] {
			jobs = append(jobs, phase)
		}
	}
	return jobs
}

// dropped is what to do where a job has put its record out, and it did not arrive.
const dropped = `where the log of such a job says "Skip output 'release' since it may contain secret", GitHub has dropped the output, since a masked value stands in it: ` +
	"give what is no secret in the variable BLUEGREEN_VARS instead of BLUEGREEN_ENV, make the secret longer, and run the job again"

// NeedRelease refuses a record that lacks what the named jobs add to it, so
// that an output that GitHub dropped is never taken for nothing to do.
func NeedRelease(job *action.Job, from ...string) error {
	lacking := Lacking(job, from...)
	switch {
	case len(lacking) == 0 && job.Release.Refused:
		return release.Refuse("correct what preflight has named, run preflight again, and go on with the record of that run",
			"preflight has refused release %s", job.Release.ID)
	case len(lacking) == 0:
		return nil
	}
	return release.Reject("pass the release outputs of these jobs in the input release; re-run them if they ran in an attempt that was lost; "+dropped,
		"the record has nothing from %s", strings.Join(lacking, ", "))
}

// MissRelease warns of a record that lacks what the named jobs add to it, and says what
// is left out without it.
func MissRelease(job *action.Job, without string, from ...string) {
	for _, one := range Lacking(job, from...) {
		job.Warn("bluegreen: the output release of "+one+" is missing", "the record has nothing from "+one+", so "+without+": pass its output release in the input release; "+dropped)
	}
}
