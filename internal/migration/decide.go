package migration

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Decision is what a rollback does with the schema.
type Decision struct {
	Keep     bool // always, until a way back was proven without loss
	Reason   string
	Verdicts []Verdict
}

// Verdict says what is known about going back behind one migration.
type Verdict struct {
	Version    Version
	File       string // "" when the folder does not have it
	WayBack    bool   // there is a down file with at least one statement
	Loses      bool   // the up file destroys what no down file brings back
	Reversible bool   // proven: false for every migration that was not rehearsed
	Reason     string
}

// Decide says what to do with the schema when the traffic has gone back. It keeps
// the schema: the release only expanded it, so the good slot can live with it. For
// each migration that the release has applied it says whether there would be a way
// back. That golang-migrate's down returns no error proves nothing, since it takes
// a missing file for an empty one.
//
// The state is what the database says now, nil when it could not be asked.
func Decide(schema release.Schema, files Set, now *State, seen *release.Findings) Decision {
	d := Decision{Keep: true}
	for _, v := range schema.Applied {
		d.Verdicts = append(d.Verdicts, judge(Version(v), files))
	}
	d.Reason = d.reason(schema)
	d.evidence(schema, now, seen)
	return d
}

func judge(v Version, files Set) Verdict {
	m, ok := files.Of(v)
	if !ok {
		return Verdict{Version: v, Reason: fmt.Sprintf("version %v: no way back: the folder does not have its files", v)}
	}
	verdict := Verdict{Version: v, File: m.Up.Name, WayBack: m.Down != nil && !m.Down.Script.Empty()}
	loss := m.Up.Script.loss()
	verdict.Loses = loss != ""
	switch {
	case !verdict.WayBack:
		verdict.Reason = m.Up.Name + ": " + m.WayBack()
	case verdict.Loses:
		verdict.Reason = fmt.Sprintf("%s: not reversible without loss: %s", m.Up.Name, loss)
	default:
		verdict.Reason = fmt.Sprintf("%s: not proven: %s was not rehearsed, and would remove what was written since", m.Up.Name, m.WayBack())
	}
	return verdict
}

func (d Decision) reason(schema release.Schema) string {
	switch n := len(d.Verdicts); {
	case n == 0:
		return fmt.Sprintf("the schema stays at version %d: this release applied no migration", schema.After)
	case slices.ContainsFunc(d.Verdicts, func(v Verdict) bool { return !v.WayBack }):
		return fmt.Sprintf("the schema stays at version %d: not every migration of this release has a way back", schema.After)
	default:
		return fmt.Sprintf("the schema stays at version %d: no way back was proven without loss", schema.After)
	}
}

func (d Decision) evidence(schema release.Schema, now *State, seen *release.Findings) {
	var reasons []string
	for _, v := range d.Verdicts {
		reasons = append(reasons, v.Reason)
	}
	if len(reasons) == 0 {
		reasons = []string{d.Reason}
	}
	seen.Show("4.2.1", true, "%s", strings.Join(reasons, "; "))
	if now == nil {
		seen.Miss("4.2.s2a", "%s; the database could not be asked for its version", d.Reason)
		return
	}
	kept := now.Version.recorded() == schema.After && !now.Dirty
	seen.Show("4.2.s2a", kept, "the database is at version %v, dirty %t; %s", now.Version, now.Dirty, d.Reason)
}

// loss names the first statement that destroys what a down file cannot bring
// back. It goes by the first words, so it can miss one; it never clears a file.
func (s Script) loss() string {
	for _, st := range s.Statements {
		if st.destroys() {
			return fmt.Sprintf("%s in line %d", st.head(), st.Line)
		}
	}
	return ""
}

func (s Statement) destroys() bool {
	switch {
	case s.begins("DROP"), s.begins("TRUNCATE"), s.begins("UPDATE"), s.begins("DELETE"), s.begins("MERGE"), s.begins("DO"):
		return !s.begins("DROP", "INDEX")
	case s.begins("ALTER", "TYPE"):
		return s.has("ADD")
	case s.begins("ALTER", "TABLE"):
		return s.has("DROP") || s.has("TYPE")
	case s.begins("WITH"):
		return s.has("UPDATE") || s.has("DELETE")
	}
	return false
}
