package migration

import (
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// unshown are the items of this part of the plan that a run does not observe, and
// why.
var unshown = map[string]string{
	"A.5.s3": "the backup was not copied to an object store",
	"A.5.v2": "the backup was decoded and compared with the list of tables, not restored",
	"A.5.v3": "whether the backup folder is on another host, encrypted and closed was not read",
	"A.5.v4": "a retention of the folder was applied; no bucket's lifecycle was read back",
	"A.5.v5": "point-in-time recovery is for a person to sign",
	"B.2.s1": "the files were not rehearsed on a copy of the database",
	"B.2.v1": "the statements were not parsed and judged",
	"B.2.v2": "the live version was not tested on a migrated copy",
	"B.2.v3": "the files were not rehearsed on data",
	"B.2.r1": "the rule was not tried: statements were not judged",
	"B.2.r2": "the rule was not tried: only that a concurrent index is alone in its file and valid",
	"B.2.r3": "the rule was not tried: statements were not judged",
	"B.2.r4": "feature flags are for a person to sign",
	"B.2.r5": "the rule was not tried: statements were not judged",
}

// shown are the items that a run observes.
var shown = []string{"A.5.s1", "A.5.s2", "A.5.v1", "B.2.s2", "B.2.s3", "B.2.v4", "B.2.v5", "B.2.v6"}

// none records that nothing of this part was observed.
func none(seen *release.Findings, why string) {
	for _, id := range shown {
		seen.Miss(id, "%s", why)
	}
	for id := range unshown {
		seen.Miss(id, "%s", why)
	}
}

// evidence adds what the run has shown. An error fails the items that it
// concerns and leaves the others not shown. Its text stays out of the record, which
// must not have the names of hosts.
func (r *run) evidence(seen *release.Findings, err error) {
	for id, why := range unshown {
		seen.Miss(id, "%s", why)
	}
	r.backupEvidence(seen)
	r.versionEvidence(seen, err)
}

func (r *run) backupEvidence(seen *release.Findings) {
	b := r.report.Backup
	switch {
	case b != nil:
		seen.Show("A.5.s1", true, "%s of release %s: pg_dump %s of server %s ended with status 0", b.Name, b.Release, b.Tool, b.Server)
		seen.Show("A.5.s2", true, "read back whole: %s, SHA-256 %s, %d bytes", b.Level, b.SHA256, b.Bytes)
		r.tableEvidence(seen, len(b.Tables))
	case r.report.NoBackup != "":
		r.miss(seen, r.report.NoBackup, "A.5.s1", "A.5.s2", "A.5.v1")
	default:
		r.miss(seen, "the run ended before a backup was taken and verified", "A.5.s1", "A.5.s2", "A.5.v1")
	}
}

func (r *run) tableEvidence(seen *release.Findings, tables int) {
	if tables == 0 {
		seen.Miss("A.5.v1", "the database has no table yet")
		return
	}
	seen.Show("A.5.v1", true, "each of the %d tables of the snapshot is in the backup, with its rows", tables)
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
}

// outcome says what the catalog has from a file.
func (f Result) outcome() string {
	if len(f.Objects) == 0 {
		return "committed in one transaction with its line in the journal, and left no object of its own"
	}
	return "the catalog has " + strings.Join(f.Objects, ", ")
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
