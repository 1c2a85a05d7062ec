package postgres_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// sessions is a release with two migrations that come back without loss.
var sessions = map[string]string{
	"1_users.up.sql": usersTable, "1_users.down.sql": "DROP TABLE users;",
	"2_nick.up.sql": "ALTER TABLE users ADD COLUMN nick text, ADD COLUMN mood text DEFAULT 'ok';", "2_nick.down.sql": "BEGIN;\nALTER TABLE users DROP COLUMN nick, DROP COLUMN mood;\nCOMMIT;",
	"3_sessions.up.sql": "CREATE TABLE sessions (id bigint PRIMARY KEY, of bigint REFERENCES users);", "3_sessions.down.sql": "DROP TABLE sessions;",
}

// rehearsed is a house in which the second release has applied versions 2 and 3, and
// a rehearsal has proven these.
func rehearsed(t testing.TB, files map[string]string) *house {
	t.Helper()
	h := newHouse(t, map[string]string{"1_users.up.sql": files["1_users.up.sql"], "1_users.down.sql": files["1_users.down.sql"]})
	h.s.Down = migration.Proven
	h.release("shop-1")
	write(t, h.s.Folder, files)
	h.release("shop-2")
	h.prove(func(p *migration.Proof) {})
	return h
}

// prove writes what a rehearsal would have found of the files of the second release.
func (h *house) prove(change func(*migration.Proof)) {
	h.t.Helper()
	set, err := migration.Read(h.s.Folder)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, m := range set.After(1) {
		p := migration.Proof{Version: m.Version, Up: m.Up.SHA256, Data: true, At: time.Now(), Returned: true, Again: true}
		if m.Down != nil {
			p.Down = m.Down.SHA256
		}
		change(&p)
		text, err := json.Marshal(p)
		if err != nil {
			h.t.Fatal(err)
		}
		connect(h.t, h.s).exec(fmt.Sprintf(`UPDATE bluegreen_migrations SET proof = '%s' WHERE version = %v`, text, m.Version))
	}
}

func (h *house) goBack(quiet func(context.Context) error) (migration.Decision, error) {
	h.t.Helper()
	return migration.GoBack(h.t.Context(), h.s, h.systems(), migration.Return{Release: "shop-2", Quiet: quiet}, new(release.Findings))
}

func still(context.Context) error { return nil }

func TestGoingBackLeadsToTheSchemaBefore(t *testing.T) {
	t.Parallel()
	h := rehearsed(t, sessions)
	c := connect(t, h.s)
	c.exec(`INSERT INTO users VALUES (2, 'b')`) // which going back keeps
	var seen release.Findings
	d, err := migration.GoBack(t.Context(), h.s, h.systems(), migration.Return{Release: "shop-2", Quiet: still}, &seen)
	if err != nil || !d.Gone || d.Reason != "the schema went back from version 3 to 1, to what it was before this release; nothing was lost" {
		t.Fatalf("%+v, %v (%s)", d, err, release.HintOf(err))
	}
	at(t, h.s, 1)
	if c.number(`SELECT count(*) FROM users`) != 2 || c.number(`SELECT count(*) FROM information_schema.columns WHERE table_name IN ('users', 'sessions')`) != 2 || len(state(t, h.s).Journal) != 1 {
		t.Fatalf("%+v", state(t, h.s))
	}
	for _, e := range seen.List() {
		if e.Status == release.Failed {
			t.Errorf("%+v", e)
		}
	}
	if d, err := h.goBack(still); err != nil || !d.Gone || d.Reason != "the schema is at version 1, and has nothing of this release" {
		t.Fatalf("a second time: %+v, %v", d, err)
	}
	if r := h.release("shop-3"); !slices.Equal(r.Schema.Applied, []uint{2, 3}) {
		t.Fatalf("the next release: %+v", r.Schema)
	}
}

func TestTheSchemaIsKeptUnlessNothingIsLost(t *testing.T) {
	t.Parallel()
	h := rehearsed(t, sessions)
	c := connect(t, h.s)
	for _, one := range []struct {
		before, after func()
		quiet         error
		want          string
	}{
		{before: func() { c.exec(`UPDATE users SET nick = 'a'`) }, after: func() { c.exec(`UPDATE users SET nick = NULL`) },
			want: "2_nick.up.sql: reversible with loss: written since: column users.nick, 1 values"},
		{before: func() { c.exec(`UPDATE users SET mood = 'sad'`) }, after: func() { c.exec(`UPDATE users SET mood = 'ok'`) },
			want: "column users.mood, 1 values"},
		{before: func() { c.exec(`UPDATE users SET mood = NULL`) }, after: func() { c.exec(`UPDATE users SET mood = 'ok'`) },
			want: "column users.mood, 1 values"},
		{before: func() { c.exec(`INSERT INTO sessions VALUES (1, 1), (2, 1)`) }, after: func() { c.exec(`DELETE FROM sessions`) },
			want: "3_sessions.up.sql: reversible with loss: written since: table sessions, 2 rows"},
		{before: func() { c.exec(`UPDATE bluegreen_migrations SET proof = NULL WHERE version = 2`) }, after: func() { h.prove(func(*migration.Proof) {}) },
			want: "2_nick.down.sql, statements: 3, was not rehearsed"},
		{before: func() { c.exec(`UPDATE bluegreen_migrations SET made = NULL WHERE version = 3`) }, after: func() { c.exec(`UPDATE bluegreen_migrations SET made = '{"table sessions"}' WHERE version = 3`) },
			want: "what it has made is not known"},
		{before: func() { c.exec(`UPDATE bluegreen_migrations SET fingerprint = NULL WHERE version = 2`) }, after: func() { c.exec(`UPDATE bluegreen_migrations SET fingerprint = '2:a1' WHERE version = 2`) },
			want: "database.down was not proven when it was applied"},
		{before: func() { h.s.Down = migration.Never }, after: func() { h.s.Down = migration.Proven },
			want: "database.down is never"},
		{quiet: errors.New("green-backend-1 still runs"), want: "green-backend-1 still runs"},
		{before: func() {
			write(t, h.s.Folder, map[string]string{"4_x.up.sql": "SELECT 1", "4_x.down.sql": "SELECT 1"})
			h.release("shop-9")
		}, want: "the migrations of this release are not its last ones any more"},
	} {
		if one.before != nil {
			one.before()
		}
		before := state(t, h.s)
		d, err := h.goBack(func(context.Context) error {
			if one.quiet == nil {
				t.Errorf("%s: the slot was asked", one.want)
			}
			return one.quiet
		})
		text := d.Reason
		for _, v := range d.Verdicts {
			text += "\n" + v.Reason
		}
		if err != nil || d.Gone || !strings.Contains(text, one.want) {
			t.Errorf("%v, want %q in\n%s", err, one.want, text)
		}
		at(t, h.s, before.Version)
		if one.after != nil {
			one.after()
		}
	}
}

// TestGoingBackThatIsKilledConverges kills it behind each line that it prints, and
// runs it again.
func TestGoingBackThatIsKilledConverges(t *testing.T) {
	t.Parallel()
	h := rehearsed(t, sessions)
	for line, ended := 1, false; !ended; line++ {
		c := spawn(t, h.s, "shop-2", fmt.Sprintf("BLUEGREEN_TEST_STOP=%d", line), "BLUEGREEN_TEST_BACK=yes")
		if ended = !c.until("stopped"); ended && !strings.HasSuffix(c.text(), "done\n") {
			t.Fatalf("line %d: %s", line, c.text())
		}
		c.kill()
		if d, err := h.goBack(still); err != nil || !d.Gone {
			t.Fatalf("line %d: %+v, %v", line, d, err)
		}
		at(t, h.s, 1)
		h.release("shop-2")
		h.prove(func(*migration.Proof) {})
		if line > 20 {
			t.Fatal("it never ends")
		}
	}
}

func TestGoingBackThatIsKilledWhileItsFileRuns(t *testing.T) {
	t.Parallel()
	for name, free := range map[string]bool{"before its commit": false, "behind its commit": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := map[string]string{"1_users.up.sql": usersTable, "2_a.up.sql": "CREATE TABLE a (id int)", "2_a.down.sql": "DROP TABLE a;\nSELECT pg_advisory_xact_lock(4711);"}
			h := rehearsed(t, files)
			h.s.LockTimeout = time.Minute
			holder, c := connect(t, h.s), connect(t, h.s)
			holder.exec(`SELECT pg_advisory_lock(4711)`)
			child := spawn(t, h.s, "shop-2", "BLUEGREEN_TEST_BACK=yes")
			c.until(waits)
			child.kill()
			if free { // the server ends what it has begun, and nobody is there to write that down
				holder.exec(`SELECT pg_advisory_unlock(4711)`)
			} else {
				c.exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'bluegreen migrate%'`)
			}
			c.until(gone)
			if now := state(t, h.s); !now.Dirty || now.Version != 1 {
				t.Fatalf("%+v", now)
			}
			if p, err := migration.Look(t.Context(), h.s, open(t, h.s)); err != nil || !strings.Contains(p.Dirty, "release shop-2 was interrupted in 2_a.up.sql") {
				t.Fatalf("%+v, %v", p, err)
			}
			if !free {
				holder.exec(`SELECT pg_advisory_unlock(4711)`)
			}
			if d, err := h.goBack(still); err != nil || !d.Gone {
				t.Fatalf("%+v, %v", d, err)
			}
			at(t, h.s, 1)
		})
	}
}

func TestGoingBackWaitsForLocksInShortTries(t *testing.T) {
	t.Parallel()
	h := rehearsed(t, sessions)
	h.s.LockBudget = lockBudget
	reader := connect(t, h.s)
	reader.exec(`BEGIN; SELECT * FROM sessions`)
	_, err := h.goBack(still)
	if err == nil || !strings.Contains(err.Error(), "no lock within database.lock-budget") || !strings.Contains(err.Error(), "idle in transaction") {
		t.Fatalf("%v", err)
	}
	at(t, h.s, 3)
	reader.exec(`COMMIT`)
	if d, err := h.goBack(still); err != nil || !d.Gone {
		t.Fatalf("%+v, %v", d, err)
	}
}
