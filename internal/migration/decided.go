package migration

import (
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// evidence shows what is known when nothing was taken back. GoBack shows more.
func (d Decision) evidence(schema release.Schema, now *State, seen *release.Findings) {
	var reasons []string
	for _, v := range d.Verdicts {
		reasons = append(reasons, v.Reason)
	}
	if len(reasons) == 0 {
		reasons = []string{d.Reason}
	}
	seen.Show("4.2.1", true, "%s", strings.Join(reasons, "; "))
	for _, id := range []string{"4.2.s1", "4.2.2"} {
		seen.Miss(id, "nothing was taken back: %s", d.Reason)
	}
	if now == nil {
		seen.Miss("4.2.s2a", "%s; the database could not be asked for its version", d.Reason)
		return
	}
	if now.Dirty || len(now.Invalid) > 0 {
		seen.Show("4.2.3", false, "dirty %t, invalid indexes: %s", now.Dirty, strings.Join(now.Invalid, ", "))
	} else {
		seen.Miss("4.2.3", "the version is clean and every index is valid; constraints and rows were not looked at")
	}
	kept := now.Version.recorded() == schema.After && !now.Dirty
	seen.Show("4.2.s2a", kept, "the database is at version %v, dirty %t; %s", now.Version, now.Dirty, d.Reason)
}
