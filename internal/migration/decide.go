package migration

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Decision is what a rollback does with the schema.
type Decision struct {
	Possible bool // to go back: every migration of the release is reversible without loss
	Gone     bool // it went back
	Reason   string
	Schema   release.Schema
	Verdicts []Verdict // the migrations of the release, in their order
}

// Verdict says what is known about going back behind one migration.
type Verdict struct {
	Version Version
	File    string // "" when the folder does not have it
	Way     Way
	Reason  string
}

// Way says what going back behind a migration costs.
type Way string

// The ways. Only what a rehearsal has shown, and nothing since contradicts, is
// without loss.
const (
	Lossless Way = "reversible without loss"
	Lossy    Way = "reversible with loss"
	NoWay    Way = "not reversible"
	Unproven Way = "not proven to be reversible"
)

// Known is what a decision goes by.
type Known struct {
	Schema  release.Schema // what the release did to it
	Files   Set
	Now     *State               // nil when the database could not be asked
	Written map[Version][]string // what was written since, and going back would remove
	Unread  map[Version]error    // why that could not be counted
}

// Counter counts what going back would remove.
type Counter interface {
	// Written says in words what there is in the tables and columns that a migration
	// has made, such as "column users.nick, 812 values"; defaults do not count.
	Written(ctx context.Context, made []string) ([]string, error)
}

// Learn reads what is known about the migrations of a release: from its record, or
// from the journal when there is none, as after a migrate that failed. What could not
// be asked is left out, beside the error.
func Learn(ctx context.Context, s Settings, on Systems, id release.ID, recorded *release.Schema) (Known, error) {
	k := Known{Written: map[Version][]string{}, Unread: map[Version]error{}}
	if recorded != nil {
		k.Schema = *recorded
	}
	var err error
	if k.Files, err = Read(s.Folder); err != nil {
		return k, err
	}
	state, err := on.Database.State(ctx)
	if err != nil {
		return k, err
	}
	k.Now = &state
	if recorded == nil {
		k.Schema = state.of(id)
	}
	if on.Contract.Database != nil && id != "" {
		contract, err := on.Contract.Database.State(ctx)
		if err != nil {
			return k, err
		}
		k.Schema.Contracted = contract.of(id).Applied
	}
	k.count(ctx, on.Counter)
	return k, nil
}

func (k Known) count(ctx context.Context, by Counter) {
	for _, v := range k.Schema.Applied {
		made := k.Now.Journal[Version(v)].Made
		if made == nil {
			continue
		}
		if written, err := by.Written(ctx, made); err != nil {
			k.Unread[Version(v)] = err
		} else {
			k.Written[Version(v)] = written
		}
	}
}

// Decide says what to do with the schema when the traffic has gone back. It keeps
// the schema: the release only expanded it, so the good slot can live with it. For
// each migration that the release has applied it says what going back would cost.
// That golang-migrate's down returns no error proves nothing, since it takes a
// missing file for an empty one; nor does a down file that is there. A rehearsal
// does, of these very files.
func Decide(k Known, seen *release.Findings) Decision {
	schema := k.Schema
	d := Decision{Schema: schema}
	for _, v := range schema.Applied {
		d.Verdicts = append(d.Verdicts, k.judge(Version(v)))
	}
	d.Possible = k.onTop() && len(schema.Contracted) == 0 && !slices.ContainsFunc(d.Verdicts, func(v Verdict) bool { return v.Way != Lossless })
	d.Reason = d.reason(k)
	d.evidence(schema, k.Now, seen)
	return d
}

// onTop tells whether the migrations of the release are the last of the database, one
// behind the other: another one on top, or between, would be taken back first.
func (k Known) onTop() bool {
	applied := k.Schema.Applied
	if k.Now == nil || k.Now.Dirty || len(applied) == 0 || k.Now.Version != Version(applied[len(applied)-1]) {
		return false
	}
	for i := 1; i < len(applied); i++ {
		if k.Now.Journal[Version(applied[i])].Previous != Version(applied[i-1]) {
			return false
		}
	}
	return true
}

func (k Known) judge(v Version) Verdict {
	m, ok := k.Files.Of(v)
	if !ok {
		return Verdict{v, "", NoWay, fmt.Sprintf("version %v: no way back: the folder does not have its files", v)}
	}
	way, why := k.way(m)
	return Verdict{v, m.Up.Name, way, fmt.Sprintf("%s: %v: %s", m.Up.Name, way, why)}
}

func (k Known) way(m Migration) (Way, string) {
	if m.Down == nil || m.Down.Script.Empty() {
		return NoWay, m.WayBack()
	}
	if loss := m.Up.Script.loss(); loss != "" {
		return Lossy, loss
	}
	if k.Now == nil {
		return Unproven, "the database could not be asked for its rehearsal"
	}
	e := k.Now.Journal[m.Version]
	if what := m.overwritten(e.Made); e.Made != nil && what != "" {
		return Lossy, what
	}
	switch p := e.Proof; {
	case p == nil:
		return Unproven, m.WayBack() + ", was not rehearsed, and would remove what was written since"
	case !p.Of(m):
		return Unproven, "its files are not those that were rehearsed"
	case len(p.Lost) > 0:
		return Lossy, "the rehearsal has lost " + strings.Join(p.Lost, ", ")
	case !p.Reversible():
		return NoWay, "the rehearsal did not lead back: " + p.Difference
	case m.Down.Script.Nature != Atomic:
		return Unproven, m.Down.Name + " is not one transaction, so that it could end halfway"
	case e.Previous != k.Files.before(m.Version):
		return NoWay, fmt.Sprintf("it came behind version %v, and this commit has %v before it", e.Previous, k.Files.before(m.Version))
	}
	return k.since(m, e)
}

// since is the way back after what was written since.
func (k Known) since(m Migration, e Entry) (Way, string) {
	switch err := k.Unread[m.Version]; {
	case e.Made == nil:
		return Unproven, "what it has made is not known, nor what was written there since"
	case err != nil:
		return Unproven, "what was written since could not be counted: " + err.Error()
	case len(k.Written[m.Version]) > 0:
		return Lossy, "written since: " + strings.Join(k.Written[m.Version], ", ")
	case e.Fingerprint == "":
		return Unproven, "the schema before it was not written down in a way that can be compared: database.down was not proven when it was applied, or another version of this tool applied it"
	}
	if more := m.Down.Script.reach(e.Made); more != "" {
		return Unproven, fmt.Sprintf("%s may take away more than %s has made: %s", m.Down.Name, m.Up.Name, more)
	}
	return Lossless, m.Down.Name + " was rehearsed, led back to the same schema, and nothing was written since that it would remove"
}

// before is the version in front of one of the set.
func (s Set) before(v Version) Version {
	last := None
	for _, m := range s.List {
		if m.Version < v {
			last = m.Version
		}
	}
	return last
}

func (d Decision) reason(k Known) string {
	schema := k.Schema
	stays := fmt.Sprintf("the schema stays at version %d: ", schema.After)
	is := func(way Way) bool {
		return slices.ContainsFunc(d.Verdicts, func(v Verdict) bool { return v.Way == way })
	}
	switch {
	case len(schema.Contracted) > 0:
		return stays + "this release has run contract migrations, which nothing brings back"
	case len(d.Verdicts) == 0:
		return stays + "this release applied no migration"
	case is(NoWay):
		return stays + "not every migration of this release has a way back"
	case is(Lossy):
		return stays + "going back would lose data"
	case k.Now != nil && !k.onTop():
		return stays + "the migrations of this release are not its last ones any more"
	case d.Possible:
		return stays + "that is the rule, though going back would lose nothing"
	}
	return stays + "no way back was proven without loss"
}
