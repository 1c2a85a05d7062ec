package postgres_test

import (
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// TestABackfillIsRehearsedBehindItsFile has a file that needs the rows which the one
// before it fills.
func TestABackfillIsRehearsedBehindItsFile(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]migration.Extent{"on rows": migration.Backup, "on the schema": migration.Schema} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, id := played(t)
			s.Rehearsal.Data = data
			write(t, s.Folder, map[string]string{
				"2_b.up.sql": "ALTER TABLE users ADD COLUMN nick2 text;\n-- bluegreen: backfill users key=id pause=5ms\n-- UPDATE users SET nick2 = name WHERE nick2 IS NULL;\n", "2_b.down.sql": "ALTER TABLE users DROP COLUMN nick2",
				"3_c.up.sql": "ALTER TABLE users ADD CONSTRAINT nick2_there CHECK (nick2 IS NOT NULL);", "3_c.down.sql": "ALTER TABLE users DROP CONSTRAINT nick2_there",
			})
			r, _, err := play(t, s, id, nil)
			if err != nil || len(r.Rehearsal.Proofs) != 2 || !r.Rehearsal.Proofs[0].Reversible() || !r.Rehearsal.Proofs[1].Reversible() {
				t.Fatalf("%+v, %v (%s)", r.Rehearsal, err, release.HintOf(err))
			}
			at(t, s, 3)
		})
	}
}

func TestABackfillThatWouldFailIsFoundByItsRehearsal(t *testing.T) {
	t.Parallel()
	for set, want := range map[string]string{
		"nick2 = nick":          "meet the condition of the statement also when they are changed",
		"nick2 = no_such":       `column "no_such" does not exist`,
		"nick2 = (1 / 0)::text": "division by zero",
	} {
		s, id := played(t)
		write(t, s.Folder, map[string]string{
			"2_b.up.sql":   "ALTER TABLE users ADD COLUMN nick2 text;\n-- bluegreen: backfill users key=id\n-- UPDATE users SET " + set + " WHERE nick2 IS NULL;\n",
			"2_b.down.sql": "ALTER TABLE users DROP COLUMN nick2",
		})
		_, _, err := play(t, s, id, nil)
		if release.ExitStatus(err) != 1 || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "rehearse migrations") || !strings.Contains(release.HintOf(err), "the live database was not touched") {
			t.Errorf("%s: %v (%s)", set, err, release.HintOf(err))
		}
		at(t, s, 1)
	}
}

func TestARehearsalFindsWhatABackfillOverwrites(t *testing.T) {
	t.Parallel()
	s, id := played(t)
	write(t, s.Folder, map[string]string{
		"2_b.up.sql":   "ALTER TABLE users ADD COLUMN nick2 text;\n-- bluegreen: backfill users key=id\n-- UPDATE users SET name = upper(name) WHERE name <> upper(name);\n",
		"2_b.down.sql": "ALTER TABLE users DROP COLUMN nick2",
	})
	r, _, err := play(t, s, id, nil)
	if err != nil || !strings.Contains(strings.Join(r.Rehearsal.Proofs[0].Lost, ", "), "column users.name, which has other values than before") {
		t.Fatalf("%+v, %v (%s)", r.Rehearsal, err, release.HintOf(err))
	}
}

func TestAFileThatNeedsRowsIsNotRefusedOnTheSchemaAlone(t *testing.T) {
	t.Parallel()
	s, id := played(t)
	s.Rehearsal.Data = migration.Schema
	write(t, s.Folder, map[string]string{"2_b.up.sql": "CREATE TABLE b ()", "2_b.down.sql": "DROP TABLE b", "3_c.up.sql": "INSERT INTO notes SELECT 900, 1;", "3_c.down.sql": "DELETE FROM notes WHERE id = 900;", "4_d.up.sql": "CREATE TABLE d ()"})
	r, seen, err := play(t, s, id, nil)
	if err != nil || len(r.Rehearsal.Files) != 1 || !strings.Contains(r.Rehearsal.Ended, "not rehearsed from 3_c.up.sql on: ") || !strings.Contains(r.Rehearsal.Ended, "foreign key") {
		t.Fatalf("%+v, %v (%s)", r.Rehearsal, err, release.HintOf(err))
	}
	if e := found(seen, "B.2.s1"); e.Status != release.NotShown {
		t.Errorf("%+v", e)
	}
	at(t, s, 4)
	write(t, s.Folder, map[string]string{"5_e.up.sql": "SELECT no_such()"}) // which rows do not mend
	if _, _, err := play(t, s, id+"-2", nil); release.ExitStatus(err) != 1 || !strings.Contains(err.Error(), "rehearse migrations") {
		t.Errorf("%v", err)
	}
	at(t, s, 4)
}
