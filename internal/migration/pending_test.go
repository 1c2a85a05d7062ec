package migration_test

import (
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func applied(id release.ID, versions ...migration.Version) map[migration.Version]migration.Entry {
	journal := map[migration.Version]migration.Entry{}
	previous := migration.None
	for _, v := range versions {
		journal[v] = migration.Entry{Version: v, Previous: previous, File: v.String() + "_x.up.sql", Release: id, Nature: migration.Atomic, Applied: true, Settled: true, Breaks: []string{}}
		previous = v
	}
	return journal
}

func TestPending(t *testing.T) {
	three := map[string]string{"1_a.up.sql": "SELECT 1", "1_a.down.sql": "SELECT 1", "2_b.up.sql": "SELECT 2", "2_b.down.sql": "", "3_c.up.sql": "CALL p()", "3_c.down.sql": "SELECT 1"}
	for name, c := range map[string]struct {
		files   map[string]string
		version migration.Version
		journal map[migration.Version]migration.Entry
		want    int // files
		target  migration.Version
		note    string
		err     string
	}{
		"an empty database":                        {files: three, version: migration.None, want: 3, target: 3, note: "3_c.up.sql is not one transaction (CALL of a procedure that may commit in line 1)"},
		"no way back is said":                      {files: three, version: migration.None, want: 3, target: 3, note: "2_b.up.sql: no way back: 2_b.down.sql has no statement"},
		"one is left":                              {files: three, version: 2, journal: applied("r", 1, 2), want: 1, target: 3},
		"nothing is left":                          {files: three, version: 3, journal: applied("r", 1, 2, 3), target: 3},
		"without a journal the older are applied":  {files: three, version: 2, want: 1, target: 3, note: "files up to version 2 are taken as applied"},
		"applied beyond the journal by other tool": {files: three, version: 3, journal: applied("r", 1), target: 3},
		"a late file":                              {files: three, version: 3, journal: applied("r", 1, 3), err: "2_b.up.sql: it came after version 3 was applied, and golang-migrate would never run it: give it a number above 3"},
		"the journal is beyond the database":       {files: three, version: 1, journal: applied("r", 1, 3), want: 2, target: 3},
		"ahead by a release":                       {files: three, version: 5, journal: applied("r", 1, 2, 3, 5), target: 5, note: "the database has version 5, applied by release r, which this commit does not have: it only expands, and is kept"},
		"ahead by another tool":                    {files: three, version: 5, journal: applied("", 1, 2, 3, 5), err: "ahead of this commit: it is at version 5"},
		"ahead without a journal":                  {files: three, version: 5, err: "version 5 was not applied by a release"},
		"a version between that is missing":        {files: map[string]string{"1_a.up.sql": "SELECT 1", "3_c.up.sql": "SELECT 1"}, version: 2, journal: applied("r", 1, 2), want: 1, target: 3, note: "the database has version 2, applied by release r, which this commit does not have"},
		"the same, by another tool":                {files: map[string]string{"1_a.up.sql": "SELECT 1", "3_c.up.sql": "SELECT 1"}, version: 2, journal: applied("", 1, 2), err: "version 2 was not applied by a release"},
		"no files and no version":                  {version: migration.None, target: migration.None},
		"version 0 is a version":                   {files: map[string]string{"0_a.up.sql": "SELECT 1"}, version: migration.None, want: 1, target: 0},
	} {
		t.Run(name, func(t *testing.T) {
			db := newDatabase(t, c.version)
			if c.journal != nil {
				db.state.Journal = c.journal
			}
			p, err := migration.Look(t.Context(), settings(t, c.files), db)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) || release.HintOf(err) == "" {
					t.Fatalf("%v (%s), want %q", err, release.HintOf(err), c.err)
				}
				return
			}
			if err != nil || len(p.Files) != c.want || p.Target != c.target {
				t.Fatalf("%d files to version %v, %v", len(p.Files), p.Target, err)
			}
			if !strings.Contains(strings.Join(p.Notes, "\n"), c.note) {
				t.Fatalf("notes %q, want %q", p.Notes, c.note)
			}
		})
	}
}

func TestAnAppliedFileThatWasEditedIsSaid(t *testing.T) {
	db := newDatabase(t, 1)
	db.state.Journal = map[migration.Version]migration.Entry{1: {Version: 1, Applied: true, Settled: true, Release: "r", SHA256: "other"}}
	p, err := migration.Look(t.Context(), settings(t, map[string]string{"1_a.up.sql": "SELECT 1"}), db)
	if err != nil || len(p.Notes) != 1 || !strings.Contains(p.Notes[0], "was edited after it had been applied") {
		t.Fatalf("%q, %v", p.Notes, err)
	}
}

func TestAnAppliedFileThatIsGoneIsSaid(t *testing.T) {
	for by, want := range map[release.ID]string{"shop-1": ", applied by release shop-1", "": ""} {
		db, s := newDatabase(t, 4), settings(t, map[string]string{"1_a.up.sql": "SELECT 1", "2_b.up.sql": "SELECT 2", "4_d.up.sql": "SELECT 4"})
		for v, name := range map[migration.Version]string{1: "1_a.up.sql", 2: "2_b.up.sql", 3: "3_c.up.sql", 4: "4_d.up.sql"} {
			db.state.Journal[v] = migration.Entry{Version: v, File: name, Applied: true, Settled: true, Release: by}
		}
		p, err := migration.Look(t.Context(), s, db)
		notes := strings.Join(p.Notes, "\n")
		if err != nil || !strings.Contains(notes, "the database has version 3 from 3_c.up.sql, which "+s.Folder+" has no more"+want) || strings.Count(notes, "has no more") != 1 {
			t.Errorf("%q, %v", p.Notes, err)
		}
	}
}

func TestDirtyIsExplained(t *testing.T) {
	files := map[string]string{"1_a.up.sql": "SELECT 1", "2_b.up.sql": "SELECT 2", "3_c.up.sql": "BEGIN; SELECT 1; COMMIT; SELECT 2", "4_i.up.sql": "CREATE INDEX CONCURRENTLY i ON t (a)",
		"5_r.up.sql": "REINDEX TABLE CONCURRENTLY t", "6_d.up.sql": "ALTER TABLE t DETACH PARTITION p CONCURRENTLY"}
	set, err := migration.Read(folder(t, files))
	if err != nil {
		t.Fatal(err)
	}
	sum := func(v migration.Version) string { m, _ := set.Of(v); return m.Up.SHA256 }
	ours := func(v migration.Version, n migration.Nature, done bool) *migration.Entry {
		return &migration.Entry{Version: v, Previous: v - 1, File: v.String() + "_x.up.sql", SHA256: sum(v), Release: "shop-1", Nature: n, Applied: done}
	}
	settled := &migration.Entry{Version: 2, Previous: 1, Nature: migration.Atomic, Applied: true, Settled: true}
	for name, c := range map[string]struct {
		at    migration.Version
		entry *migration.Entry
		found migration.Found
		want  migration.Outcome
		says  string
	}{
		"a transaction that was rolled back":       {at: 2, entry: ours(2, migration.Atomic, false), want: migration.Untouched, says: "release shop-1 was interrupted in 2_x.up.sql"},
		"a transaction that was committed":         {at: 2, entry: ours(2, migration.Atomic, true), want: migration.Applied, says: "release shop-1 was interrupted in 2_x.up.sql"},
		"another tool at a transaction":            {at: 2, want: migration.Unclear, says: "another tool has left the mark; 2_b.up.sql is one transaction, so all of it was applied or nothing"},
		"another tool went down to ours":           {at: 2, entry: settled, want: migration.Unclear, says: "unless a down file was running"},
		"another tool at several":                  {at: 3, want: migration.Unclear, says: "3_c.up.sql may have been applied in part"},
		"ours at several":                          {at: 3, entry: ours(3, migration.Loose, false), want: migration.Unclear, says: "started by release shop-1 at 0001-01-01T00:00:00Z, did not end: 3_x.up.sql may have been applied in part, since it is not one transaction: BEGIN in line 1"},
		"an index that is whole":                   {at: 4, entry: ours(4, migration.Concurrent, false), found: migration.Whole, want: migration.Applied, says: "release shop-1 was interrupted"},
		"an index that is broken":                  {at: 4, entry: ours(4, migration.Concurrent, false), found: migration.Broken, want: migration.Untouched, says: "release shop-1 was interrupted"},
		"an index that is not there":               {at: 4, entry: ours(4, migration.Concurrent, false), found: migration.Missing, want: migration.Untouched, says: "release shop-1 was interrupted"},
		"something else of the name":               {at: 4, entry: ours(4, migration.Concurrent, false), found: migration.Foreign, want: migration.Unclear, says: "release shop-1 was interrupted"},
		"an index of a file that changed":          {at: 4, entry: &migration.Entry{Version: 4, Previous: 3, File: "4_old.up.sql", Nature: migration.Concurrent, SHA256: "x"}, want: migration.Unclear, says: "4_old.up.sql is gone or has changed since"},
		"an index of a file from before the word":  {at: 4, entry: ours(4, "indexes", false), found: migration.Whole, want: migration.Applied, says: "release shop-1 was interrupted"},
		"indexes that are rebuilt":                 {at: 5, entry: ours(5, migration.Concurrent, false), found: migration.Whole, want: migration.Applied, says: "release shop-1 was interrupted"},
		"indexes that are not rebuilt":             {at: 5, entry: ours(5, migration.Concurrent, false), found: migration.Former, want: migration.Untouched, says: "release shop-1 was interrupted"},
		"indexes that are half rebuilt":            {at: 5, entry: ours(5, migration.Loose, false), found: migration.Broken, want: migration.Untouched, says: "release shop-1 was interrupted"},
		"indexes of a table that is gone":          {at: 5, entry: ours(5, migration.Concurrent, false), found: migration.Missing, want: migration.Unclear, says: "release shop-1 was interrupted"},
		"a partition that is detached":             {at: 6, entry: ours(6, migration.Concurrent, false), found: migration.Whole, want: migration.Applied, says: "release shop-1 was interrupted"},
		"a partition that is not detached":         {at: 6, entry: ours(6, migration.Concurrent, false), found: migration.Former, want: migration.Untouched, says: "release shop-1 was interrupted"},
		"a partition that is being detached":       {at: 6, entry: ours(6, migration.Concurrent, false), found: migration.Broken, want: migration.Applied, says: "release shop-1 was interrupted"},
		"a partition that is gone":                 {at: 6, entry: ours(6, migration.Concurrent, false), found: migration.Missing, want: migration.Unclear, says: "release shop-1 was interrupted"},
		"a version that the folder has no file of": {at: 9, want: migration.Unclear, says: "the folder has no file of that version"},
	} {
		t.Run(name, func(t *testing.T) {
			db := newDatabase(t, c.at)
			db.state.Dirty = true
			if c.entry != nil {
				for v := migration.Version(1); v < c.at; v++ {
					db.state.Journal[v] = applied("shop-0", v)[v]
				}
				db.state.Journal[c.at] = *c.entry
			}
			outcome, err := db.state.Outcome(set, func(migration.Change) (migration.Found, error) { return c.found, nil })
			if err != nil || outcome != c.want {
				t.Fatalf("outcome %v, %v, want %v", outcome, err, c.want)
			}
			p, err := migration.Look(t.Context(), settings(t, files), db)
			text := p.Dirty
			if err != nil {
				text += err.Error()
				if hint := release.HintOf(err); !strings.Contains(hint, `-database "$DATABASE_URL" force `) {
					t.Errorf("hint %q", hint)
				}
			}
			if !strings.Contains(text, c.says) {
				t.Fatalf("%q, want %q", text, c.says)
			}
		})
	}
}

func TestAChangeMustBeClearBeforeItIsMade(t *testing.T) {
	change := func(sql string) migration.Change {
		s, err := migration.ParseScript(sql)
		if err != nil {
			t.Fatal(err)
		}
		return s.Change
	}
	made, dropped := change("CREATE INDEX CONCURRENTLY i ON t (a)"), change("DROP INDEX CONCURRENTLY i")
	rebuilt, detached := change("REINDEX TABLE CONCURRENTLY t"), change("ALTER TABLE t DETACH PARTITION p CONCURRENTLY")
	tolerant := func(c migration.Change) migration.Change { c.Tolerant = true; return c }
	for _, c := range []struct {
		change migration.Change
		found  migration.Found
		want   string
		fits   bool // once the statement has not failed
	}{
		{made, migration.Missing, "", false},
		{made, migration.Whole, "the index i is there already", true},
		{made, migration.Broken, "an invalid index i is there already", false},
		{made, migration.Foreign, "the name i is taken by something else", false},
		{tolerant(made), migration.Whole, "", true},
		{tolerant(made), migration.Broken, "an invalid index i is there already", false},
		{dropped, migration.Whole, "", false},
		{dropped, migration.Broken, "", false},
		{dropped, migration.Missing, "there is no index i to drop", true},
		{tolerant(dropped), migration.Missing, "", true},
		{dropped, migration.Foreign, "the name i is taken by something else", false},
		{rebuilt, migration.Former, "", true},
		{rebuilt, migration.Whole, "", true},
		{rebuilt, migration.Missing, "there is no table t", false},
		{rebuilt, migration.Broken, "an index whose name ends with _ccnew or _ccold, and which is invalid, is there already in t", false},
		{detached, migration.Former, "", false},
		{detached, migration.Whole, "p is no partition of t", true},
		{detached, migration.Missing, "p is no partition of t", false},
		{tolerant(detached), migration.Missing, "", true},
		{detached, migration.Broken, "somebody else has begun to detach p from t: end that with DETACH PARTITION … FINALIZE", false},
	} {
		if have := c.change.Clash(c.found); have != c.want {
			t.Errorf("%+v, found %v: %q, want %q", c.change, c.found, have, c.want)
		}
		if have := c.change.Fits(c.found); have != c.fits {
			t.Errorf("%+v, found %v: fits %t", c.change, c.found, have)
		}
	}
}
