package migration

import (
	"slices"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// ofMigrations are the items about what a release migrates.
var ofMigrations = []string{"B.2.s1", "B.2.s2", "B.2.s3", "B.2.v1", "B.2.v2", "B.2.v3", "B.2.v4", "B.2.v5", "3.5.t1"}

// exempt says so where a release migrates nothing, in this attempt or an earlier one:
// no item about migrations, or about the backup before them, can be shown by it. What
// was shown all the same stays so.
func (r *run) exempt(seen *release.Findings, err error) {
	if err != nil || !r.report.idle() {
		return
	}
	why := r.report.Nothing
	for _, id := range ofMigrations {
		seen.Exempt(id, "%s", why)
	}
	if r.report.NoBackup != "" {
		seen.Exempt("A.5.v2", "%s", r.report.NoBackup)
		for _, id := range ofBackup {
			seen.Exempt(id, "%s", r.report.NoBackup)
		}
	}
	if n := len(r.files.List); n > 0 {
		seen.Show("3.5.s1", true, "golang-migrate finds every file of %s: %d migrations, none new, none of another name", r.report.Folder, n)
		return
	}
	seen.Exempt("3.5.s1", "%s", why)
	seen.Exempt("3.5.t2", "%s", why)
}

// idle tells whether a run that has ended well found nothing to do that is this
// release's, nor anything that the release did before.
func (r Report) idle() bool {
	done := len(r.Schema.Applied) + len(r.Schema.Contracted) + len(r.Contract.Files) + len(r.Contract.Earlier)
	began := slices.ContainsFunc(r.Fills, func(f FillResult) bool { return !f.Again })
	return r.Nothing != "" && done == 0 && !began
}
