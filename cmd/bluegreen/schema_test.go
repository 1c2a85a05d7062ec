package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/slot"
)

// migrations writes files into the folder of the migrations.
func (r *rig) migrations(t *testing.T, files map[string]string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Join(r.dir, "migrations", "contract"), 0o755))
	for name, text := range files {
		must(t, os.WriteFile(filepath.Join(r.dir, "migrations", name), []byte(text), 0o644))
	}
}

// proven writes what a rehearsal would have found of the migrations.
func (r *rig) proven(t *testing.T) {
	t.Helper()
	set, err := migration.Read(filepath.Join(r.dir, "migrations"))
	must(t, err)
	conn, err := pgx.Connect(t.Context(), r.dsn)
	must(t, err)
	defer conn.Close(t.Context())
	for _, m := range set.List {
		text, err := json.Marshal(migration.Proof{Version: m.Version, Up: m.Up.SHA256, Down: m.Down.SHA256, Data: true, At: time.Now(), Returned: true, Again: true})
		must(t, err)
		_, err = conn.Exec(t.Context(), `UPDATE bluegreen_migrations SET proof = $1 WHERE version = $2`, text, m.Version)
		must(t, err)
	}
}

const greenRecord = `{"id":"acme-shop-7","version":"v3","candidate":"green","good":"blue"}`

// A schema goes from a release to the plan of the next, and back behind the traffic.
func TestASchemaGoesForwardAndBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	more := fmt.Sprintf("prometheus: {url: %q}\nsmoke: {checks: [{name: front, service: web, path: /health/ready, critical: true}]}\n", r.url)
	database := fmt.Sprintf("database: {url: \"${DATABASE_URL}\", down: proven, backup: {directory: %q}, ", filepath.Join(r.dir, "backups"))
	r.configuration = strings.Replace(r.configuration, `database: {url: "${DATABASE_URL}", `, database, 1) + more
	r.write(t, r.configuration)
	r.migrations(t, map[string]string{
		"1_users.up.sql": "CREATE TABLE users (id bigint PRIMARY KEY, nick text);", "1_users.down.sql": "DROP TABLE users;",
		"contract/1_nick.up.sql": "-- bluegreen: contract after=1\nALTER TABLE users DROP COLUMN nick;",
	})
	got := r.run(t, nil, "migrate", "--release", greenRecord)
	r.ok(t, got, 0, release.Green)
	for _, want := range []string{"1 files applied", "1\\_nick.up.sql", "waits", "was not migrated with this file in hand"} {
		if !strings.Contains(got.summary, want) {
			t.Errorf("migrate does not say %q:\n%s", want, got.summary)
		}
	}
	if got.outputs["held"] != "1" || got.evidence(t, "3.1.3c") != release.Passed {
		t.Errorf("outputs %v", got.outputs)
	}

	got = r.run(t, nil, "plan", "--version", "v4")
	for _, want := range []string{"go to   ", "blue  ", "the way back is green", "migrations/contract/1_nick.up.sql", "safe", "unsafe; waited: migrated with this very file in hand", "line 2: unsafe: a column is dropped", "back up ", "ask live", "green: 1 checks passed"} {
		if !strings.Contains(got.log, want) {
			t.Errorf("the plan does not say %q:\n%s", want, got.log)
		}
	}

	r.proven(t)
	got = r.back(t, nil, "rollback", "--release", greenRecord, "--schema", "down", "--reason", "5xx at checkout")
	r.ok(t, got, 0, release.Blue)
	r.state(t, release.Green, "web", slot.Exited)
	if !strings.Contains(got.summary, "the schema went back from version 1 to none, to what it was before this release; nothing was lost") {
		t.Errorf("%s", got.summary)
	}
	for id, want := range map[string]release.Status{"4.2.s1": release.Passed, "4.2.2": release.Passed, "4.2.4": release.Passed, "4.2.5": release.Passed, "4.2.3": release.Passed} {
		if have := got.evidence(t, id); have != want {
			t.Errorf("%s is %q, want %q", id, have, want)
		}
	}
	got = r.run(t, nil, "rollback", "--release", greenRecord, "--schema", "down")
	r.ok(t, got, 0, release.Blue)
	if !strings.Contains(got.summary, "has nothing of this release") {
		t.Errorf("a second time: %s", got.summary)
	}
}
