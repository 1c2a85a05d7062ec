package connect_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// aRole is one that the server has, and a container of its image has not.
func aRole(t *testing.T, url string) string {
	t.Helper()
	name := strings.ReplaceAll(lab.Name(t), "-", "_")
	run := func(sql string) {
		conn, err := pgx.Connect(context.Background(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.Background())
		if _, err := conn.Exec(context.Background(), sql); err != nil {
			t.Fatal(err)
		}
	}
	run("CREATE ROLE " + name)
	t.Cleanup(func() { run("DROP ROLE " + name) })
	return name
}

func TestMigrationsAreRehearsedInAContainer(t *testing.T) {
	image, url := lab.PostgresImage(t), lab.Postgres(t)
	t.Setenv("DOCKER_HOST", lab.Docker(t))
	role := aRole(t, url)
	s := migration.Settings{
		URL: release.Secret(url), Folder: t.TempDir(), Table: "schema_migrations", LockTimeout: time.Second, StatementTimeout: time.Minute, IndexTimeout: time.Minute,
		Rehearsal: migration.Rehearsals{Image: image, Data: migration.Backup, MaxSize: 1e9, Jobs: 2, Timeout: 10 * time.Minute},
	}
	for name, text := range map[string]string{
		"1_a.up.sql": "CREATE TABLE a (id int); GRANT SELECT ON a TO " + role, "1_a.down.sql": "DROP TABLE a",
	} {
		if err := os.WriteFile(filepath.Join(s.Folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	systems, err := connect.Database(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	job := &action.Job{}
	if systems.Stage, err = connect.Stage(job, s); err != nil {
		t.Fatal(err)
	}
	p, err := migration.Look(t.Context(), s, systems.Database)
	if err != nil {
		t.Fatal(err)
	}
	h, err := migration.Rehearse(t.Context(), s, systems, p, migration.Contract{}, nil, "shop-1")
	if err != nil || h.Where != "a container of "+image || len(h.Proofs) != 1 || !h.Proofs[0].Reversible() {
		t.Errorf("%v (%s), %+v", err, release.HintOf(err), h)
	}
	s.Rehearsal.Image = "127.0.0.1:1/nothing:1"
	if systems.Stage, err = connect.Stage(job, s); err != nil {
		t.Fatal(err)
	}
	_, err = migration.Rehearse(t.Context(), s, systems, p, migration.Contract{}, nil, "shop-1")
	if release.ExitStatus(err) != 3 || !strings.Contains(err.Error(), "rehearse in a container: get image 127.0.0.1:1/nothing:1") {
		t.Errorf("%v", err)
	}
}
