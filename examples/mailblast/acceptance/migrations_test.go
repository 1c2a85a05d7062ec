package acceptance_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/lab"
)

const objects = `SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace`

func TestEveryMigrationHasAWayBack(t *testing.T) {
	t.Parallel()
	db := lab.Connect(t, lab.EmptyDatabase(t))
	up, down := lab.Migrations(t, "up"), lab.Migrations(t, "down")
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
