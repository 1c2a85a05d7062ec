package postgres_test

import (
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/postgres"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func TestDiagnose(t *testing.T) {
	t.Parallel()
	s := settings(t, map[string]string{"1_a.up.sql": "CREATE TABLE a AS SELECT generate_series(1, 7)"})
	must(t, s, "shop-1")
	s.Counts = map[string]string{"rows of a": "SELECT count(*) FROM a", "nothing": "SELECT count(*) FROM nowhere", "a write": "DELETE FROM a RETURNING 1", "slow": "SELECT 1 FROM pg_sleep(60)"}
	d := open(t, s).Diagnose(t.Context())
	if d.Answer <= 0 || d.Version != 1 || d.Dirty || d.Connections < 1 || d.Limit < d.Connections {
		t.Errorf("%+v", d)
	}
	if len(d.Counts) != 1 || d.Counts[0] != (migration.Count{Name: "rows of a", Value: 7}) {
		t.Errorf("counts %+v", d.Counts)
	}
	text := d.String()
	for _, want := range []string{"rows of a 7", "schema version 1, dirty false", `nothing: ERROR: relation "nowhere" does not exist`, "a write: ERROR: cannot execute DELETE in a read-only transaction", "slow: ERROR: canceling statement due to statement timeout"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s\nwant %s", text, want)
		}
	}
}

func TestADatabaseThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	s := migration.Settings{URL: "postgres://user:hunter2@127.0.0.1:1/shop"}
	d := open(t, s).Diagnose(t.Context())
	if d.Answer != 0 || len(d.Problems) != 1 || !strings.Contains(d.Problems[0], "connect to database") || strings.Contains(d.String(), "hunter2") {
		t.Errorf("%+v", d)
	}
	_, err := open(t, s).State(t.Context())
	if release.ExitStatus(err) != 3 || release.HintOf(err) == "" {
		t.Errorf("%v", err)
	}
}

func TestURLsThatAreRefused(t *testing.T) {
	for url, want := range map[string]string{
		"":                           "database.url is missing",
		"postgres://u:hun%ter2@h/d":  "database.url is not a URL",
		"postgres://u:hunter2@h:x/d": "database.url is not a URL",
		"mysql://u:hunter2@h/d":      "does not begin with postgres://",
		"host=h password=hunter2":    "does not begin with postgres://",
		"postgres://u:hunter2@h":     "names no database",
		"postgres://u:hunter2@h/d?x-multi-statement=true":                  "golang-migrate's option x-multi-statement",
		"postgres://u:hunter2@h/d?sslmode=perhaps":                         "database.url cannot be used: sslmode is invalid",
		"postgres://u:hunter2@h/d?sslmode=verify-full&sslrootcert=/hunter": "database.url cannot be used: ",
	} {
		_, err := postgres.New(migration.Settings{URL: release.Secret(url)})
		if release.ExitStatus(err) != 2 || release.HintOf(err) == "" || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %q", url, err, want)
		}
	}
}
