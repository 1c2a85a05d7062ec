package postgres_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// TestAHotfixAfterARollbackThatKeptTheSchema is the whole sequence: a release that was
// rolled back has left its migration, a hotfix of the branch before does not have its
// file, and the next release goes on.
func TestAHotfixAfterARollbackThatKeptTheSchema(t *testing.T) {
	t.Parallel()
	h := newHouse(t, map[string]string{"1_users.up.sql": usersTable, "2_name.up.sql": newName, "3_a.up.sql": "CREATE TABLE a (id int)"})
	h.release("shop-1")
	branch := h.s.Folder
	h.s.Folder = t.TempDir()
	next := map[string]string{"1_users.up.sql": usersTable, "2_name.up.sql": newName, "3_a.up.sql": "CREATE TABLE a (id int)", "4_b.up.sql": "CREATE TABLE b (id int)"}
	write(t, h.s.Folder, next)
	h.release("shop-2") // and its traffic comes back: the schema is kept
	var seen release.Findings
	known, err := migration.Learn(t.Context(), h.s, h.systems(), "shop-2", nil)
	if d := migration.Decide(known, &seen); err != nil || d.Possible || d.Schema.After != 4 {
		t.Fatalf("%+v, %v", d, err)
	}

	main := h.s.Folder
	h.s.Folder = branch
	r := h.release("shop-3")
	if len(r.Files) != 0 || r.Version != 4 || !strings.Contains(strings.Join(r.Notes, "\n"), "the database has version 4, applied by release shop-2, which this commit does not have: it only expands, and is kept") {
		t.Fatalf("the hotfix: %+v", r)
	}

	write(t, branch, map[string]string{"4_fix.up.sql": "CREATE TABLE fix (id int)"})
	if _, err := migration.Run(t.Context(), h.s, h.systems(), "shop-4", new(release.Findings)); err == nil || !strings.Contains(err.Error(), "4_fix.up.sql: the database has version 4 from 4_b.up.sql, applied by release shop-2, so that this one would never run: give it a number above 4") {
		t.Fatalf("a hotfix with the number of another: %v", err)
	}

	h.s.Folder = main
	write(t, main, map[string]string{"5_c.up.sql": "CREATE TABLE c (id int)"})
	if r := h.release("shop-5"); !slices.Equal(r.Schema.Applied, []uint{5}) {
		t.Fatalf("the next release: %+v", r)
	}
}

// TestAHotfixWithAMigrationOfItsOwn runs behind a version whose file it does not have,
// is rehearsed there and back, and is carried on by a commit that has both, or neither.
func TestAHotfixWithAMigrationOfItsOwn(t *testing.T) {
	t.Parallel()
	first := map[string]string{"1_users.up.sql": usersTable}
	h := newHouse(t, first)
	h.release("shop-1")
	branch, main := h.s.Folder, t.TempDir()
	h.s.Folder = main
	write(t, main, map[string]string{"1_users.up.sql": usersTable, "2_name.up.sql": newName})
	h.release("shop-2") // and its traffic comes back: the schema is kept

	h.s.Folder = branch
	write(t, branch, map[string]string{"3_fix.up.sql": "CREATE TABLE fix (id int)", "3_fix.down.sql": "DROP TABLE fix"})
	h.s.Rehearsal = migration.Rehearsals{Where: migration.Production, Data: migration.Backup, MaxSize: 20e9, Free: 20e9, Jobs: 2, Timeout: soon}
	on := h.systems()
	on.Stage = stage(h.s)
	r, err := migration.Run(t.Context(), h.s, on, "shop-3", new(release.Findings))
	if err != nil || !slices.Equal(r.Schema.Applied, []uint{3}) || r.Schema.Before != 2 || !strings.Contains(strings.Join(r.Notes, "\n"), "the database has version 2, applied by release shop-2, which this commit does not have: it only expands, and is kept") {
		t.Fatalf("the hotfix: %+v, %v (%s)", r, err, release.HintOf(err))
	}
	if p := r.Rehearsal.Proofs[0]; !p.Reversible() {
		t.Errorf("%+v", p)
	}
	if again := h.release("shop-3"); len(again.Files) != 0 || again.Version != 3 {
		t.Errorf("run again: %+v", again)
	}

	h.s.Folder = main
	write(t, main, map[string]string{"4_next.up.sql": "CREATE TABLE next (id int)"})
	if r := h.release("shop-4"); !slices.Equal(r.Schema.Applied, []uint{4}) {
		t.Errorf("without the file of the hotfix: %+v", r)
	}
	write(t, main, map[string]string{"3_fix.up.sql": "CREATE TABLE fix (id int)", "5_last.up.sql": "CREATE TABLE last (id int)"})
	if r := h.release("shop-5"); !slices.Equal(r.Schema.Applied, []uint{5}) || r.Version != 5 {
		t.Errorf("with it: %+v", r)
	}
}

func TestAHotfixWithAMigrationBehindMoreThanAnExpansionIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, map[string]string{"1_users.up.sql": usersTable, "2_drop.up.sql": "ALTER TABLE users DROP COLUMN old_name"})
	h.release("shop-1")
	h.s.Folder = t.TempDir()
	write(t, h.s.Folder, map[string]string{"1_users.up.sql": usersTable, "3_fix.up.sql": "CREATE TABLE fix (id int)"})
	_, err := migration.Run(t.Context(), h.s, h.systems(), "shop-2", new(release.Findings))
	if err == nil || !strings.Contains(err.Error(), "version 2 was applied by release shop-1 and does more than expand: drop-column") || release.HintOf(err) == "" {
		t.Fatalf("%v", err)
	}
	at(t, h.s, 2)
}

func TestAHotfixBehindMoreThanAnExpansionIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, map[string]string{"1_users.up.sql": usersTable})
	h.release("shop-1")
	branch := h.s.Folder
	h.s.Folder = t.TempDir()
	write(t, h.s.Folder, map[string]string{"1_users.up.sql": usersTable, "2_drop.up.sql": "ALTER TABLE users DROP COLUMN old_name"})
	h.release("shop-2")
	h.s.Folder = branch
	_, err := migration.Run(t.Context(), h.s, h.systems(), "shop-3", new(release.Findings))
	if err == nil || !strings.Contains(err.Error(), "version 2 was applied by release shop-2 and does more than expand: drop-column") {
		t.Fatalf("%v", err)
	}
	connect(t, h.s).exec(`UPDATE bluegreen_migrations SET breaks = NULL`)
	_, err = migration.Run(t.Context(), h.s, h.systems(), "shop-3", new(release.Findings))
	if err == nil || !strings.Contains(err.Error(), "without a review that would say whether it only expands") {
		t.Fatalf("%v", err)
	}
}
