package postgres_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// scene is what is killed behind each effect that it asks the server for, when the
// server may or may not have carried it out yet.
type scene struct {
	least int // effects that it is known to have
	id    release.ID
	env   []string // of the child
	files map[string]string
	// prepared brings an empty database to where it begins, once: from then on that is
	// written out and read in again. It may be nil.
	prepared func(testing.TB, migration.Settings)
	// again runs it to its end and looks at the database.
	again func(*testing.T, migration.Settings)
}

func (c scene) sweep(t *testing.T) {
	t.Parallel()
	databases := emptied{t: t}
	s := settingsOf(t, databases.take(t), c.files)
	begun := ""
	if c.prepared != nil {
		c.prepared(t, s)
		begun = written(t, s)
	}
	all := newTap(t, s.URL)
	through := s
	through.URL = all.url
	if one := spawn(t, through, c.id, c.env...); !one.until("done") {
		t.Fatal(one.text())
	}
	if all.count < c.least {
		t.Fatalf("only %d effects were counted", all.count)
	}
	t.Run("killed", func(t *testing.T) {
		for k := 1; k <= all.count; k++ {
			t.Run(fmt.Sprintf("effect %d", k), func(t *testing.T) {
				t.Parallel()
				s := s
				s.URL, s.Backup.Directory = databases.take(t), filepath.Join(t.TempDir(), "backups")
				connect(t, s).exec(begun)
				c.killedAt(t, s, k)
				c.again(t, s)
			})
		}
	})
}

// killedAt starts a child that is killed behind an effect.
func (c scene) killedAt(t *testing.T, s migration.Settings, k int) {
	t.Helper()
	way, started := newTap(t, s.URL), make(chan *child, 1)
	way.told = func(n int, sql string) {
		if n == k {
			one := <-started
			one.kill()
			t.Logf("killed behind %s", strings.Join(strings.Fields(sql), " "))
			started <- one
		}
	}
	s.URL = way.url
	one := spawn(t, s, c.id, c.env...)
	started <- one
	one.wait()
	<-started
}

// swept are files of every nature, and a backfill of two batches.
var swept = map[string]string{
	"1_users.up.sql": "CREATE TABLE users (id bigint PRIMARY KEY, name text, times int NOT NULL DEFAULT 0);\nINSERT INTO users SELECT n, 'user' || n FROM generate_series(1, 30) n",
	"2_nick.up.sql": "BEGIN;\nALTER TABLE users ADD COLUMN nick text;\nCOMMIT;\n-- bluegreen: backfill users key=id batch=20 pause=0s\n" +
		"-- UPDATE users SET nick = upper(name), times = times + 1 WHERE nick IS NULL;",
	"3_index.up.sql": "CREATE INDEX CONCURRENTLY users_nick ON users (nick)",
}

func TestARunThatIsKilledAtAnyEffectConverges(t *testing.T) {
	scene{least: 40, id: "shop-1", files: swept,
		again: func(t *testing.T, s migration.Settings) {
			report := must(t, s, "shop-1")
			at(t, s, 3)
			now := state(t, s)
			if len(now.Invalid) != 0 || len(now.Journal) != 3 || len(report.Schema.Applied) != 3 || !now.Filled[migration.FillID{Version: 2, Item: 1}].Done {
				t.Errorf("%+v, %+v", now, report.Schema)
			}
			connect(t, s).filled(30)
		},
	}.sweep(t)
}

// TestASweepOfBackfillsThatIsKilledAtAnyEffectConverges sweeps two backfills, so that
// it is killed between the counts and the marks of both as well.
func TestASweepOfBackfillsThatIsKilledAtAnyEffectConverges(t *testing.T) {
	files := nicks(10, bare)
	files["3_short.up.sql"] = "ALTER TABLE users ADD COLUMN short text;\n" + bare + "\n-- UPDATE users SET short = left(name, 4) WHERE short IS NULL;\n"
	scene{least: 8, id: "shop-1", env: []string{"BLUEGREEN_TEST_SWEEP=1", "BLUEGREEN_TEST_SERVING=shop-1"}, files: files,
		prepared: func(t testing.TB, s migration.Settings) {
			must(t, s, "shop-1")
			connect(t, s).exec(`INSERT INTO users (id, name) VALUES (4, 'between'), (100, 'behind')`)
		},
		again: func(t *testing.T, s migration.Settings) {
			c := connect(t, s)
			for range 2 {
				var seen release.Findings
				if _, err := migration.Sweep(t.Context(), s, served(t, s, migration.Serving{Release: "shop-1", As: "live in blue"}), "shop-1", &seen); err != nil {
					t.Fatalf("%v (%s)", err, release.HintOf(err))
				}
				for _, id := range []string{"3.1.1b", "3.1.3b"} {
					if e := found(&seen, id); e.Status != release.Passed || !strings.HasPrefix(e.Observed, "backfills: 2; ") {
						t.Errorf("%s: %+v", id, e)
					}
				}
				c.filled(12)
			}
			if n := c.number(`SELECT count(*) FROM bluegreen_backfills WHERE swept_at IS NOT NULL AND changed = 12`); n != 2 {
				t.Errorf("%d backfills are marked as swept, with 12 rows changed in all", n)
			}
		},
	}.sweep(t)
}

// contracts are files of every nature that a contraction may have. One that ran twice
// would show in the names.
var contracts = map[string]string{
	"1_old.up.sql":   dropOld + "\nUPDATE users SET new_name = new_name || ', without the old one';",
	"2_index.up.sql": "-- bluegreen: contract after=2\nDROP INDEX CONCURRENTLY users_name;",
	"3_must.up.sql":  "-- bluegreen: contract after=2\nUPDATE users SET new_name = new_name || ', tight';",
}

func TestARunThatIsKilledAtAnyEffectOfItsContractFilesConverges(t *testing.T) {
	scene{least: 20, id: "shop-3", env: []string{"BLUEGREEN_TEST_SERVING=shop-2"},
		files: map[string]string{"1_users.up.sql": usersTable, "2_name.up.sql": newName + "\nUPDATE users SET new_name = old_name;\nCREATE INDEX users_name ON users (new_name);"},
		prepared: func(t testing.TB, s migration.Settings) {
			h := houseOf(t, s)
			h.release("shop-1")
			h.contract(contracts)
			if r := h.release("shop-2"); len(r.Contract.Held) != 3 {
				t.Fatalf("%+v", r.Contract)
			}
		},
		again: func(t *testing.T, s migration.Settings) {
			h := &house{t: t, s: s, serving: []migration.Serving{{Release: "shop-2", As: "live in blue"}}}
			for range 2 {
				var seen release.Findings
				r, err := migration.Run(t.Context(), s, h.systems(), "shop-3", &seen)
				if err != nil {
					t.Fatalf("%v (%s)", err, release.HintOf(err))
				}
				if r.Contract.Version != 3 || len(r.Contract.Held) != 0 || !slices.Equal(r.Schema.Contracted, []uint{1, 2, 3}) {
					t.Errorf("%+v", r.Contract)
				}
				e := found(&seen, "3.1.3c")
				for name := range contracts {
					if e.Status != release.Passed || strings.Count(e.Observed, name) != 1 {
						t.Errorf("%s is not shown once: %+v", name, e)
					}
				}
			}
			c := connect(t, s)
			if n := c.number(`SELECT count(*) FROM users WHERE new_name = 'a, without the old one, tight'`); n != 1 || c.number(oldNames) != 0 {
				t.Errorf("%d rows are right", n)
			}
			now := state(t, s.Contracts())
			if len(now.Journal) != 3 || len(now.Invalid) != 0 || now.Dirty {
				t.Errorf("%+v", now)
			}
		},
	}.sweep(t)
}
