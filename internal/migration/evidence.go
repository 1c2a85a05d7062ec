package migration

import (
	"fmt"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// unshown are the items of this part of the plan that a run does not observe, and
// why.
var unshown = map[string]string{
	"A.5.v2": "the backup was decoded and compared with the list of tables, not restored",
	"A.5.v5": "point-in-time recovery is for a person to sign",
	"B.2.v1": unreviewed,
	"B.2.v2": "the live version was not tested on a migrated copy",
	"B.2.r1": unreviewed,
	"B.2.r2": unreviewed,
	"B.2.r3": unreviewed,
	"B.2.r5": unreviewed,
	"B.2.r4": "feature flags are for a person to sign",
}

const unreviewed = "there was nothing to review, or the run ended before it"

// shown are the items that a run observes.
var shown = []string{"3.1.1b", "A.5.s1", "A.5.s2", "A.5.s3", "A.5.v1", "A.5.v3", "A.5.v4", "B.2.s1", "B.2.v3", "B.2.s2", "B.2.s3", "B.2.v4", "B.2.v5", "B.2.v6"}

// none records that nothing of this part was observed.
func none(seen *release.Findings, why string) {
	for _, id := range shown {
		seen.Miss(id, "%s", why)
	}
	for id := range unshown {
		seen.Miss(id, "%s", why)
	}
	for _, id := range contractItems {
		seen.Miss(id, "%s", why)
	}
}

// evidence adds what the run has shown. An error fails the items that it
// concerns and leaves the others not shown. Its text stays out of the record, which
// must not have the names of hosts.
func (r *run) evidence(seen *release.Findings, err error) {
	r.backupEvidence(seen)
	for id, why := range unshown { // behind it: the first reason is kept
		seen.Miss(id, "%s", why)
	}
	r.rehearsalEvidence(seen)
	r.versionEvidence(seen, err)
	r.fillEvidence(seen, err)
	r.contractEvidence(seen, err)
	r.exempt(seen, err)
}

func (r *run) versionEvidence(seen *release.Findings, err error) {
	schema, last := r.report.Schema, r.files.Last()
	switch {
	case err != nil && len(r.report.Files) == 0 && !r.started:
		r.miss(seen, "the run ended before it came to a file", "B.2.s2", "B.2.s3", "B.2.v4", "B.2.v5", "B.2.v6")
		return
	case err != nil:
		for _, id := range []string{"B.2.s2", "B.2.v4", "B.2.v6"} {
			seen.Show(id, false, "files applied: %d of %d; the schema is at version %v, and the run ended in an error", len(r.report.Files), r.pending, r.report.Version)
		}
		r.miss(seen, "not every file was applied", "B.2.s3", "B.2.v5")
		return
	case last == None || r.report.Version != last:
		r.miss(seen, r.report.Nothing+"; there is no file of the database's version to compare with", "B.2.s2", "B.2.s3", "B.2.v4", "B.2.v5")
	default:
		seen.Show("B.2.s2", true, "%s is at version %v, the highest of %s, and clean", r.settings.Table, r.report.Version, r.report.Folder)
		for _, id := range []string{"B.2.s3", "B.2.v5"} {
			seen.Show(id, true, "version %d before, %d after, %v expected", schema.Before, schema.After, last)
		}
		seen.Show("3.5.t2", true, "%s has version %v of the database", r.settings.Table, r.report.Version)
		r.objectEvidence(seen)
	}
	seen.Show("B.2.v6", true, "clean, no index that is invalid since, tries that met a lock: %d, all repeated within %v", r.locks(), r.settings.LockBudget)
}

// objectEvidence shows that files were applied by what the catalog has from them,
// not by the number that golang-migrate writes.
func (r *run) objectEvidence(seen *release.Findings) {
	if len(r.report.Files) == 0 {
		r.miss(seen, r.report.Nothing, "B.2.v4")
		return
	}
	var list []string
	for _, f := range r.report.Files {
		if f.Nature == Loose {
			r.miss(seen, f.File+" is not one transaction, so that what the catalog has from it is not known", "B.2.v4")
			return
		}
		list = append(list, f.File+": "+f.outcome())
	}
	seen.Show("B.2.v4", true, "%s", strings.Join(list, "; "))
	seen.Show("3.5.s1", true, "golang-migrate found every file of %s: %d applied now, none of another name", r.report.Folder, len(list))
	seen.Show("3.5.t1", true, "golang-migrate applied %d files", len(list))
}

// outcome says what the catalog has from a file.
func (f Result) outcome() string {
	if len(f.Objects) == 0 {
		return "committed in one transaction with its line in the journal, and left no object of its own"
	}
	return "the catalog has " + strings.Join(f.Objects, ", ")
}

// fillEvidence shows what the backfills have done. What the live version writes
// behind them is for the sweep, so it fails nothing.
func (r *run) fillEvidence(seen *release.Findings, err error) {
	var changed, largest, left int64
	batches := 0
	for _, f := range r.report.Fills {
		changed, left, batches, largest = changed+f.Changed, left+f.Remainder, batches+f.Batches, max(largest, f.Largest)
	}
	text := fmt.Sprintf("%d rows in %d transactions of at most %d rows, each with its checkpoint; rows left: %d", changed, batches, largest, left)
	switch n := len(r.report.Fills); {
	case n == 0:
		r.miss(seen, "no backfill was to be done", "3.1.1b")
	case err != nil && !r.report.Verified:
		r.miss(seen, "the run ended in an error before every backfill was done: "+text, "3.1.1b")
	case left > 0:
		r.miss(seen, text+", written by the live version meanwhile; finalize changes them", "3.1.1b")
	default:
		seen.Show("3.1.1b", true, "%s", text)
		seen.Show("B.2.r5", true, "%s", text)
	}
}

func (r *run) locks() int {
	n := 0
	for _, f := range r.report.Files {
		n += f.Locks
	}
	return n
}

func (r *run) miss(seen *release.Findings, why string, ids ...string) {
	for _, id := range ids {
		seen.Miss(id, "%s", why)
	}
}
