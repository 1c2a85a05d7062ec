package preflight

import (
	"fmt"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Traffic is what is seen of the traffic, and what the last shift wrote down.
type Traffic struct {
	Weights release.Weights // as the balancer has them; both 0 when it has no slot at all
	Serving bool            // whether the slot that has all the traffic runs a release
	Owner   release.ID      // the release that wrote down the good slot, if one did
	Good    release.Slot    // the good slot that it wrote down

	// Serves is the release in each slot, as the shifts wrote it down.
	Serves map[release.Slot]release.ID

	// Stranger is the service of the slot with all the traffic that answers there,
	// where no container of the slot runs; "" when there is none.
	Stranger string
}

// live returns the slot that serves all the traffic.
func (t Traffic) live() (release.Slot, bool) {
	slot, whole := t.Weights.Live()
	return slot, whole && t.Serving
}

// Choose returns where a release to come would go, and the slot that it would go back
// to; none in a first release.
func (t Traffic) Choose(first bool) (candidate, good release.Slot, err error) {
	return t.choose("a release to come", first)
}

// Plan is what is to be released.
type Plan struct {
	Repository string // owner/name
	Run        int64
	Version    release.Version
	Commit     release.Commit
	First      bool // the release may go where nothing is live yet
}

// ID names a release: the repository with hyphens for slashes, and the run.
func ID(repository string, run int64) (release.ID, error) {
	var id release.ID
	if repository == "" || run < 1 {
		return "", release.Reject("run this in a workflow, or set GITHUB_REPOSITORY and GITHUB_RUN_ID",
			"repository %q and run %d name no release", repository, run)
	}
	err := id.UnmarshalText(fmt.Appendf(nil, "%s-%d", strings.ReplaceAll(repository, "/", "-"), run))
	return id, err
}

// Record decides the candidate and returns the record that the release starts
// with.
func (p Plan) Record(t Traffic, now time.Time) (release.Record, error) {
	id, err := ID(p.Repository, p.Run)
	if err != nil {
		return release.Record{}, err
	}
	if p.Version == "" || p.Commit == "" {
		return release.Record{}, release.Reject("give the version, and run this for a commit", "version %q of commit %q: both are due", p.Version, p.Commit)
	}
	record := release.Record{ID: id, Version: p.Version, Commit: p.Commit, Started: now.UTC().Truncate(time.Millisecond)}
	record.Candidate, record.Good, err = t.choose(id, p.First)
	record.First, record.After = record.Good == "", t.Serves[record.Good]
	if err != nil {
		return release.Record{}, err
	}
	return record, nil
}

// choose returns the slot that the release goes to and the one to go back to;
// the second is empty in a first release.
func (t Traffic) choose(id release.ID, first bool) (candidate, good release.Slot, err error) {
	if t.Owner == id && t.Good != "" {
		return t.Good.Other(), t.Good, nil // run again: what was decided stays
	}
	whole, atRest := t.Weights.Live()
	live, serving := t.live()
	switch {
	case t.Weights != (release.Weights{}) && !atRest:
		return "", "", t.split()
	case t.Stranger != "":
		return "", "", release.Refuse(fmt.Sprintf("name its compose project in slots.%s.project, so that what is live is known and kept as the way back", whole),
			"%s has all the traffic and its %s answers, but no container of the slot runs: somebody is served by what this release does not know", whole, t.Stranger)
	case serving && first && t.Owner == id:
		return live, "", nil // run again: it is live already
	case serving && first:
		return "", "", release.Reject("leave first-release out", "%s is live, so this is not the first release", live)
	case serving:
		return live.Other(), live, nil
	case !first:
		return "", "", release.Refuse("set first-release: true, which is right only while nothing of this application serves anybody",
			"no slot is live: this release would have no way back")
	case atRest:
		return whole.Other(), "", nil // away from where the balancer points by default
	}
	return release.Blue, "", nil
}

func (t Traffic) split() error {
	who := "nobody wrote down whose release it is"
	if t.Owner != "" {
		who = "it is release " + string(t.Owner)
	}
	return release.Refuse("resume that release: re-run its failed jobs, or run shift again with its record; or roll it back, with the rollback workflow or bluegreen rollback",
		"the traffic is split, %s: %s", t.Weights, who)
}
