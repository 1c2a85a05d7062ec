package review

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Shown is what a rehearsal has shown of one file.
type Shown struct {
	Path     string
	Exact    bool // statement by statement, with nothing missed
	Real     bool // on the rows of the database
	Additive bool // everything in the schema is as it was before, whatever else there is
	Did      []Did
	Lost     []Loss
}

// Did is what one statement did.
type Did struct {
	Statement int           // its place in the file, from 0
	Effect    Effect        // with the locks that no statement before it had taken
	Held      time.Duration // the locks, to the end of the file
	Rows      []Touched
}

// Touched is what a statement did with the rows of one table, each a number of rows.
type Touched struct {
	On      Name  `json:"on"`
	Read    int64 `json:"read"` // by scans of the whole table
	Added   int64 `json:"added"`
	Changed int64 `json:"changed"` // updated and deleted, also by a cascade or a trigger
}

// Loss is what a table had before a file and has not behind it.
type Loss struct {
	On   Name   `json:"on"`
	Rows int64  `json:"rows"` // or values of one column
	Gone bool   `json:"gone"` // the table, or the column, as well
	Text string `json:"text"` // in words, such as "table users, 20 of 50 rows"
}

// Disagreement is a place where a server has shown something else than the review
// had said.
type Disagreement struct {
	Path string
	Line int
	Text string
}

// String names the line.
func (d Disagreement) String() string { return fmt.Sprintf("line %d: %s", d.Line, d.Text) }

// patience is how many times as long as a file may wait for a lock it may hold one: the
// live version waits for both. What is below briefest is noise of the server.
const (
	patience = 2
	briefest = 100 * time.Millisecond
)

// long is from where on a strong lock is held for too long. Nobody has said how long the
// live version may wait where there is no lock timeout.
func (o Options) long() time.Duration {
	if o.LockTimeout == 0 {
		return time.Second
	}
	return max(patience*o.LockTimeout, briefest)
}

// traceRules are found in a rehearsal only.
var traceRules = []Rule{
	{
		ID: "seen-rewrite", Level: Unsafe, Seen: true,
		Title:   "the rehearsal has seen a table in use written again, of which the review had said nothing",
		Breaks:  "nobody can read or write the table until every row of it was written",
		Instead: "add a new column or table, write both, and fill it in batches",
		Bad:     "DO $$ BEGIN EXECUTE format('ALTER TABLE %I ALTER COLUMN n TYPE text', 'users'); END $$;", Good: "ALTER TABLE users ADD COLUMN n_text text;",
		holds: never,
	},
	{
		ID: "seen-lock", Level: Risky, Seen: true,
		Title:   "the rehearsal has seen a table in use locked against writes for twice database.lock-timeout or longer, of which the review had said nothing",
		Breaks:  "the live version waits that long for the table",
		Instead: "a file for the statement that locks, and another for the work",
		Bad:     "ALTER TABLE users ADD COLUMN nick text;\nSELECT pg_sleep(3);", Good: "ALTER TABLE users ADD COLUMN nick text;",
		holds: never,
	},
	{
		ID: "seen-rows", Level: Unsafe, Seen: true,
		Title:   "the rehearsal has seen rows of a table in use changed or lost, of which the review had said nothing",
		Breaks:  "the live version waits for each of these rows until the file is done, and misses what is lost",
		Instead: batched,
		Bad:     "DO $$ BEGIN EXECUTE format('DELETE FROM %I', 'users'); END $$;", Good: "DELETE FROM users WHERE id BETWEEN 1 AND 50;",
		holds: never,
	},
	{
		ID: "seen-scan", Level: Risky, Seen: true,
		Title:   "the rehearsal has seen a table in use read as a whole behind a lock, of which the review had said nothing",
		Breaks:  "the live version waits for the locked table until every row was read",
		Instead: "a file for the statement that locks, and another for the one that reads",
		Bad:     "ALTER TABLE users ADD COLUMN nick text;\nDO $$ BEGIN EXECUTE format('UPDATE %I SET n = 1 WHERE n < 0', 'users'); END $$;", Good: "ALTER TABLE users ADD COLUMN nick text;",
		holds: never,
	},
}

// settles are the rules that guess, and what of a rehearsal on real rows settles
// each. A function that is only made has not run, so its code stays unread.
var settles = map[string]func(Judged, Did, bool) bool{
	"unread-code":             harmless,
	"unknown-statement":       harmless,
	"alter-type-unknown":      metadataOnly,
	"add-column-unknown-type": metadataOnly,
	"change-all-rows":         changedFew,
	"change-many-rows":        changedFew,
	"delete-rows":             changedNone,
}

func harmless(j Judged, d Did, additive bool) bool {
	return additive && !d.Effect.Strongest().Mode.Strong() && len(d.Effect.Rewrites) == 0 && d.changed() <= few &&
		!slices.Contains(j.Ops, CreateFunction)
}

func metadataOnly(_ Judged, d Did, _ bool) bool {
	return len(d.Effect.Rewrites)+len(d.Effect.Scans) == 0
}

func changedFew(_ Judged, d Did, _ bool) bool { return d.changed() <= few }

// changed is how many rows were added, updated and deleted.
func (d Did) changed() (n int64) {
	for _, t := range d.Rows {
		n += t.Added + t.Changed
	}
	return n
}

// beyond tells whether code was called of which a database shows no more than that it
// ran: that of the server or of a library may do its work elsewhere.
func (f Finding) beyond() bool {
	return strings.Contains(f.Detail, unlisted) || strings.Contains(f.Detail, Compiled)
}

func changedNone(_ Judged, d Did, _ bool) bool { return d.changed() == 0 }

// Sure is the refusal that no rehearsal could take back: nil when nothing is open,
// or only what a rehearsal may settle.
func (r Review) Sure(policy []string) error {
	for _, p := range r.Open(policy) {
		if settles[p.Rule.ID] == nil || p.beyond() {
			return r.Refusal(policy)
		}
	}
	return nil
}

// Weigh holds the review against what a rehearsal has shown, whose word counts:
// what is worse becomes a finding, and a guess that it has disproved on real rows is
// settled. It returns where the two disagree.
func (r *Review) Weigh(shown []Shown) []Disagreement {
	var all []Disagreement
	for _, s := range shown {
		for i := range r.Files {
			if r.Files[i].Path == s.Path && !r.Files[i].whole() {
				all = append(all, r.weigh(&r.Files[i], s.on(r.inUse))...)
			}
		}
	}
	return all
}

// on leaves out what was done to tables that the files themselves have made.
func (s Shown) on(inUse map[Name]bool) Shown {
	unused := func(n Name) bool { return !inUse[n] }
	did := slices.Clone(s.Did)
	for i := range did {
		e := &did[i].Effect
		e.Locks = slices.DeleteFunc(slices.Clone(e.Locks), func(l Lock) bool { return unused(l.On) })
		e.Rewrites = slices.DeleteFunc(slices.Clone(e.Rewrites), unused)
		e.Scans = slices.DeleteFunc(slices.Clone(e.Scans), unused)
		did[i].Rows = slices.DeleteFunc(slices.Clone(did[i].Rows), func(t Touched) bool { return unused(t.On) })
	}
	s.Did = did
	s.Lost = slices.DeleteFunc(slices.Clone(s.Lost), func(l Loss) bool { return unused(l.On) })
	return s
}

// whole tells whether what was said is about the name of the file.
func (f Reviewed) whole() bool { return len(f.Statements) == 1 && f.Statements[0].Whole }

// weighing is one file: what has been said and shown of it so far.
type weighing struct {
	*Review
	path        string
	said, shown map[Name]Mode
	changed     map[Name]bool // tables of which a finding says that rows of them were changed
	found       []Disagreement
}

func (r *Review) weigh(f *Reviewed, s Shown) []Disagreement {
	w := &weighing{Review: r, path: f.Path, said: map[Name]Mode{}, shown: map[Name]Mode{}, changed: map[Name]bool{}}
	for i := range f.Statements {
		if did, there := s.of(i); there && s.Exact && s.Real {
			f.Statements[i].settle(did, s.Additive, r.long)
		}
	}
	for i := range f.Statements {
		j := &f.Statements[i]
		did, there := s.of(i)
		for _, l := range j.Effect.Locks {
			w.said[l.On] = max(w.said[l.On], l.Mode)
		}
		if !there {
			continue
		}
		w.stronger(j, did, f.Statements[i:])
		w.rewrites(j, did)
		w.rows(j, did)
		w.scans(j, did)
		if s.Exact {
			w.weaker(j, did)
		}
	}
	w.losses(f, s)
	return w.found
}

// of is what a statement did. What is known of a whole file is its first
// statement's.
func (s Shown) of(statement int) (Did, bool) {
	i := slices.IndexFunc(s.Did, func(d Did) bool { return d.Statement == statement })
	if i < 0 {
		return Did{}, false
	}
	return s.Did[i], true
}

func (w *weighing) say(j *Judged, format string, args ...any) {
	w.found = append(w.found, Disagreement{w.path, j.Line, fmt.Sprintf(format, args...)})
}

// stronger finds locks that were not said, and those that were held for long by
// what was called safe.
func (w *weighing) stronger(j *Judged, d Did, rest []Judged) {
	for _, l := range d.Effect.Locks {
		w.shown[l.On] = max(w.shown[l.On], l.Mode)
		if l.Mode.Strong() && l.Mode > w.said[l.On] {
			w.say(j, "it took %v on %v; the review had said %v", l.Mode, l.On, w.said[l.On])
		}
	}
	if top := d.Effect.Strongest(); top.Mode.Strong() && d.Held >= w.long && !slices.ContainsFunc(rest, risky) {
		w.say(j, "%v on %v was held for %v, and the review had found nothing", top.Mode, top.On, d.Held.Round(time.Millisecond))
		j.seen("seen-lock", fmt.Sprintf("%v on %v for %v", top.Mode, top.On, d.Held.Round(time.Millisecond)))
	}
}

// risky tells whether a person has to answer for what a statement does.
func risky(j Judged) bool {
	return slices.ContainsFunc(j.Findings, func(f Finding) bool { return f.Rule.Level >= Risky && !f.Settled && f.Waited == "" })
}

func (w *weighing) rewrites(j *Judged, d Did) {
	if slices.Contains(j.Ops, Truncate) || slices.ContainsFunc(j.Findings, func(f Finding) bool { return f.Rule.ID == "truncate" }) {
		return // which gives a table a new file as well, also inside of code
	}
	for _, n := range d.Effect.Rewrites {
		if !slices.Contains(j.Effect.Rewrites, n) {
			w.say(j, "it has written %v again; the review had not said so", n)
			j.seen("seen-rewrite", n.String())
		}
	}
}

// weaker finds what was said and has not come.
func (w *weighing) weaker(j *Judged, d Did) {
	for _, l := range j.Effect.Locks {
		if l.Mode.Strong() && w.shown[l.On] < l.Mode {
			w.say(j, "the review had said %v on %v; it took %v", l.Mode, l.On, w.shown[l.On])
		}
	}
	for _, n := range compact(j.Effect.Rewrites) {
		if !slices.Contains(d.Effect.Rewrites, n) {
			w.say(j, "the review had said that it writes %v again; it did not", n)
		}
	}
}

// seen adds what was found in a rehearsal, with the reason of its acknowledgement.
func (j *Judged) seen(id, detail string) {
	rule, _ := RuleOf(id)
	j.Findings = append(j.Findings, Finding{Rule: rule, Line: j.Line, Detail: detail, Reason: j.promised[id]})
}

// settle answers the guesses that the rehearsal has disproved. What has locked for long
// has disproved nothing.
func (j *Judged) settle(d Did, additive bool, long time.Duration) {
	for i := range j.Findings {
		f := &j.Findings[i]
		disproved := settles[f.Rule.ID]
		if f.Reason == "" && !f.beyond() && disproved != nil && disproved(*j, d, additive) && !(d.Effect.Strongest().Mode.Strong() && d.Held >= long) {
			f.Settled = true
			f.Reason = fmt.Sprintf("the rehearsal on real rows has shown: %s", d.words())
		}
	}
}

// words are what was seen.
func (d Did) words() string {
	text := d.Effect.String()
	if text == "" {
		text = "no lock on a table in use"
	}
	return fmt.Sprintf("%s; %d rows changed", text, d.changed())
}
