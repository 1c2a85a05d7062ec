package acceptance_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/lab"
)

const objects = `SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace`

func TestEveryMigrationHasAWayBack(t *testing.T) {
	t.Parallel()
	db := lab.Connect(t, lab.EmptyDatabase(t))
	up := append(lab.Migrations(t, "up"), lab.Contracts(t, "up")...)
	down := append(lab.Contracts(t, "down"), lab.Migrations(t, "down")...)
	if len(up) != len(down) {
		t.Fatalf("%d up, %d down", len(up), len(down))
	}
	for range 2 {
		for i, file := range up {
			name := strings.TrimSuffix(filepath.Base(file), ".up.sql")
			if back := filepath.Base(down[len(down)-1-i]); back != name+".down.sql" {
				t.Errorf("%s is undone by %s", name, back)
			}
			lab.Apply(t, db, file)
		}
		for _, file := range down {
			lab.Apply(t, db, file)
		}
		var left int
		if err := db.QueryRow(t.Context(), objects).Scan(&left); err != nil || left != 0 {
			t.Fatalf("%d objects are left, %v", left, err)
		}
	}
}

func TestTheProgramsWorkWithTheFirstMigrationOnly(t *testing.T) {
	t.Parallel()
	s := newSystem(t, &lab.Mailbox{})
	down := lab.Migrations(t, "down")
	for _, file := range down[:len(down)-1] {
		lab.Apply(t, s.sql, file)
	}
	b := s.backend("blue")
	s.worker("blue", "w1")
	id := b.campaign()
	b.send(id, "", recipients(2))
	lab.Eventually(t, "the campaign is sent", func() bool { return b.sent(id) })
	b.want(200, "GET", "/api/campaigns", "")
}

// TestADomainThatIsRequired goes the way of migration 004: both versions serve while
// it is filled, and only the newer one can live with what is required in the end.
func TestADomainThatIsRequired(t *testing.T) {
	t.Parallel()
	s := newSystem(t, &lab.Mailbox{})
	before, now := s.backend("blue"), s.backend("green", "MESSAGE_DOMAIN=on")
	id := before.campaign()
	before.send(id, "", []string{"old@Example.org", "old@example.net"})
	now.send(id, "", []string{"new@Example.org", "new@example.net"})
	const without, right = `SELECT count(*) FROM messages WHERE domain IS NULL`,
		`SELECT count(*) FROM messages WHERE domain = 'example.org' AND recipient LIKE '%@Example.org' OR domain = 'example.net' AND recipient LIKE '%@example.net'`
	if n := s.rows(without); n != 2 || s.rows(right) != 2 {
		t.Fatalf("%d messages have no domain, want those of the version before", n)
	}
	s.fill(lab.Migrations(t, "up")[3])
	if n := s.rows(without); n != 0 || s.rows(right) != 4 {
		t.Fatalf("%d messages have no domain behind the backfill, or the backfill writes another one than the backend", n)
	}
	for _, file := range lab.Contracts(t, "up") {
		lab.Apply(t, s.sql, file)
	}
	now.send(id, "", []string{"newer@example.net"})
	if r := before.ask("POST", "/api/campaigns/"+id+"/send", token, `{"recipients":["late@example.net"]}`); r.code/100 != 5 {
		t.Errorf("the version before could send: status %d", r.code)
	}
}

func TestBouncesAreCountedByDomainWhoeverWroteTheMessage(t *testing.T) {
	t.Parallel()
	s := newSystem(t, &lab.Mailbox{})
	before, now := s.backend("blue"), s.backend("green", "MESSAGE_DOMAIN=on")
	id := before.campaign()
	before.send(id, "", []string{"old@example.net"})
	now.send(id, "", []string{"new@example.net"})
	if _, err := s.sql.Exec(t.Context(), `UPDATE messages SET status = 'bounced'`); err != nil {
		t.Fatal(err)
	}
	lab.Eventually(t, "both are counted", func() bool {
		return strings.Contains(now.get("/api/campaigns/"+id).body, `"bounces":{"example.net":2}`)
	})
	if body := before.get("/api/campaigns/" + id).body; strings.Contains(body, "bounces") {
		t.Errorf("the feature is off: %s", body)
	}
}

// fill runs the backfill of a file at once, as golang-migrate never would: it is in
// comments.
func (s *system) fill(file string) {
	s.t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		s.t.Fatal(err)
	}
	_, below, _ := strings.Cut(string(text), "-- bluegreen: backfill ")
	_, below, found := strings.Cut(below, "\n")
	if _, err := s.sql.Exec(s.t.Context(), strings.ReplaceAll(below, "-- ", "")); err != nil || !found {
		s.t.Fatalf("the backfill of %s: %v", filepath.Base(file), err)
	}
}
