package migration

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/review"
)

const unrehearsed = "not rehearsed: set database.rehearsal.url to another server, or database.rehearsal.image to an image of PostgreSQL"

// rehearse plays the pending files and the contract files that may run through on a
// scratch database, before any of them is applied.
func (r *run) rehearse(ctx context.Context, p Pending, c Contract) error {
	r.playing = len(p.Files) + len(c.Files)
	switch {
	case r.playing == 0:
		r.report.Unplayed = "not rehearsed: nothing was to be applied"
		return nil
	case r.on.Stage == nil:
		r.report.Unplayed = unrehearsed
		return nil
	}
	rehearsal, err := Rehearse(ctx, r.settings, r.on, p, c, r.report.Backup, r.id)
	r.report.Rehearsal, r.proofs = &rehearsal, rehearsal.Proofs
	if err == nil && r.on.Weigh != nil {
		err = r.on.Weigh(&rehearsal)
	}
	if err != nil {
		return err
	}
	return r.promote(ctx, rehearsal)
}

// promote writes down that the backup was restored and compared, beside each copy of it.
func (r *run) promote(ctx context.Context, rehearsal Rehearsal) error {
	if !rehearsal.Data || rehearsal.Tables == 0 {
		return nil
	}
	m := r.report.Backup
	m.Level = Restored
	here := *m
	here.Copy = nil // which is for the manifest in the vault
	text, err := json.MarshalIndent(here, "", "  ")
	if err != nil {
		return err
	}
	if err := (shelf{r.settings.Backup.Directory}).write(m.Name+manifestSuffix, append(text, '\n')); err != nil || m.Copy == nil {
		return err
	}
	return r.on.Vault.Promote(ctx, *m)
}

// Latest is the newest backup on this machine that a rehearsal of these pending
// and contract files can begin with; nil when there is none.
func Latest(s Settings, p Pending, c Contract) (*Manifest, error) {
	shelf := shelf{s.Backup.Directory}
	list, err := shelf.list(p.State.Database, p.State.System)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	last := list[len(list)-1]
	if last.outdated(p.State, c.State) {
		return nil, nil
	}
	last.Path = shelf.path(last.Name)
	return &last, nil
}

// rehearsalEvidence shows what the scratch database has shown.
func (r *run) rehearsalEvidence(seen *release.Findings) {
	h := r.report.Rehearsal
	if h == nil {
		for _, id := range []string{"B.2.s1", "B.2.v3"} {
			seen.Miss(id, "%s", orUnplayed(r.report.Unplayed))
		}
		return
	}
	if h.Where == "" {
		r.miss(seen, "the rehearsal failed before a file was played through", "B.2.s1", "B.2.v3")
		return
	}
	if h.Ended != "" {
		for _, id := range []string{"B.2.s1", "B.2.v3"} {
			seen.Miss(id, "%d of %d files went up on %s", len(h.Files), r.playing, h.On)
		}
		return
	}
	done := len(h.Files) == r.playing
	seen.Show("B.2.s1", done, "%s on %s: %d of %d files went up; %d came back without a difference or a loss", h.Where, h.On, len(h.Files), r.playing, h.reversible())
	switch {
	case h.Data && h.Rows > 0:
		seen.Show("B.2.v3", done, "%d of %d files went up on %d rows of %s", len(h.Files), r.playing, h.Rows, h.On)
	case h.Data:
		seen.Miss("B.2.v3", "the database has no row yet")
	default:
		seen.Miss("B.2.v3", "rehearsed on %s", h.On)
	}
}

func orUnplayed(why string) string {
	if why == "" {
		return "the run ended before the rehearsal"
	}
	return why
}

func (h Rehearsal) reversible() (n int) {
	for _, p := range h.Proofs {
		if p.Reversible() {
			n++
		}
	}
	return n
}

// String says in one line what came of the rehearsal.
func (h Rehearsal) String() string {
	return fmt.Sprintf("%s, PostgreSQL %s, on %s: %d files up, %d of them down and up again without a difference or a loss", h.Where, h.Server, h.On, len(h.Files), h.reversible())
}

// Shown is what the file did, for the review of its path.
func (f Rehearsed) Shown(path string, data bool) review.Shown {
	s := review.Shown{Path: path, Exact: f.Up.Exact, Real: data, Additive: f.Additive, Lost: f.Lost}
	for _, t := range f.Up.Statements {
		s.Did = append(s.Did, review.Did{Statement: t.Place, Effect: t.Effect, Held: t.Held, Rows: t.Rows})
	}
	return s
}

// String is what the whole file did: the strongest lock on each table, and what was
// written again.
func (t Trace) String() string {
	var all review.Effect
	for _, s := range t.Statements {
		all.Join(s.Effect)
	}
	var parts []string
	for _, l := range all.Locks {
		if l.Mode.Strong() {
			parts = append(parts, fmt.Sprintf("%v on %v", l.Mode, l.On))
		}
	}
	for _, n := range all.Rewrites {
		parts = append(parts, "rewrites "+n.String())
	}
	if held := t.longest(); held > 0 {
		parts = append(parts, "held for "+held.Round(time.Millisecond).String())
	}
	if n := t.changed(); n > 0 {
		parts = append(parts, fmt.Sprintf("%d rows updated or deleted", n))
	}
	if !t.Exact {
		parts = append(parts, "watched from beside")
	}
	if len(parts) == 0 {
		return "no lock that keeps anybody from writing"
	}
	return strings.Join(parts, ", ")
}

// String says what is proven of the way back.
func (p Proof) String() string {
	switch {
	case p.Reversible() && p.Data:
		return "came back without a loss, on real rows"
	case p.Reversible():
		return "came back, without rows"
	case len(p.Lost) > 0:
		return "loses " + strings.Join(p.Lost, ", ")
	}
	return p.Difference
}

func (r Rows) words() string {
	if r.Hash == "" {
		return fmt.Sprintf("%d rows", r.Count)
	}
	return fmt.Sprintf("%d rows with the hash %s", r.Count, r.Hash)
}
