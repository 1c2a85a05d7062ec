package acceptance_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

func TestAKilledBuildIsFinishedByTheNextOne(t *testing.T) {
	h := open(t)
	r := h.propose(t, "none", 3)
	with := inputs{"version": r.version, "commit": r.commit}
	for _, m := range []moment{line("running env"), line(`building .*backend`), line(`pushing .*worker`), random(time.Second), random(4 * time.Second)} {
		m.kill(t, r.start(t, "build", with))
	}
	got := r.must(t, "build", with)
	again := r.must(t, "build", with)
	again.has(t, inputs{"built": "0", "digests": got.outputs["digests"], "release": got.outputs["release"]})
	want := map[string]string{}
	for name, digest := range r.facts(t).Images {
		want[name] = string(digest)
	}
	if diff := cmp.Diff(want, h.digests(t, r.version)); diff != "" || len(want) != 3 {
		t.Errorf("the registry has not what the record says: %s", diff)
	}
	t.Logf("after the kills %s images were built, then none", got.outputs["built"])
}

// slow is a migration that can be killed in the middle.
const slow = "CREATE TABLE slow_a (id int);\nSELECT pg_sleep(0.6);\nCREATE TABLE slow_b (id int);\n"

func TestAKilledMigrationIsFinishedByTheNextOne(t *testing.T) {
	h := settled(t)
	r := h.propose(t, "none", 3)
	folder := filepath.Join(r.dir, "backend", "migrations")
	for name, text := range map[string]string{
		"004_slow.up.sql": slow, "004_slow.down.sql": "DROP TABLE slow_b;\nDROP TABLE slow_a;\n",
		"005_index.up.sql": "CREATE INDEX CONCURRENTLY idx_slow ON slow_a (id);\n", "005_index.down.sql": "DROP INDEX CONCURRENTLY idx_slow;\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r.said["preflight"] = h.live.said["preflight"] // a record; the slot is left alone, since there is no load balancer in what follows
	if err := os.Remove(filepath.Join(r.dir, ".github", "bluegreen.yml")); err != nil {
		t.Fatal(err)
	}

	whole := r.empty(t, "whole")
	r.start(t, "migrate", whole).end(t).want(t, 0).has(t, inputs{"version": "5", "applied": "5"})
	want := schema(t, whole["database-url"])
	for i, m := range []moment{
		line("backup started"), line("started: 001"), line("started: 003"), line("started: 004").then(200 * time.Millisecond),
		line("applied: 004"), line("started: 005"), random(300 * time.Millisecond), random(time.Second),
	} {
		broken := r.empty(t, fmt.Sprintf("broken_%d", i))
		m.kill(t, r.start(t, "migrate", broken))
		r.start(t, "migrate", broken).end(t).want(t, 0).has(t, inputs{"version": "5"})
		if diff := cmp.Diff(want, schema(t, broken["database-url"])); diff != "" {
			t.Errorf("killed %s: the schema differs from that of an uninterrupted run: %s", m.name, diff)
		}
		r.start(t, "migrate", broken).end(t).want(t, 0).shows(t, "nothing to apply")
	}
}

// empty makes a database, and says with which inputs it is migrated.
func (r *rollout) empty(t *testing.T, name string) inputs {
	t.Helper()
	db, err := pgx.Connect(context.Background(), r.secrets["DATABASE_URL"])
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(context.Background())
	if _, err := db.Exec(context.Background(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	address, err := url.Parse(r.secrets["DATABASE_URL"])
	if err != nil {
		t.Fatal(err)
	}
	address.Path = "/" + name
	backups := filepath.Join(r.Dir, "backups-"+name)
	return inputs{"database-url": address.String(), "database-migrations": "backend/migrations", "database-backup-directory": backups}
}
