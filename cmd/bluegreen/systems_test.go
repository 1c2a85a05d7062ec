package main

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"gopkg.in/yaml.v3"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Jobs that a real Redis holds say of what kind they are, and a real PostgreSQL
// quotes the names that it cannot find: a rollback tells of both.
func TestHostileNamesInTheStores(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	texts := hostile(filepath.Join(r.dir, "canary"))
	delete(texts, "very much") // one of them is all that a page holds
	counts := map[string]string{}
	for i, name := range named(texts) {
		text := strings.ReplaceAll(strings.ToValidUTF8(texts[name], "?"), "\x00", "")
		job := fmt.Sprintf(`{"type":%q,"version":%q}`, word(i)+text, text)
		must(t, r.jobs.LPush(t.Context(), "jobs:parked", job).Err())
		must(t, r.jobs.LPush(t.Context(), "jobs:processing:"+text, job).Err())
		must(t, r.jobs.HSet(t.Context(), "jobs:totals:"+text, text, text).Err())
		counts[fmt.Sprint("count", i)] = strings.ReplaceAll(`SELECT count(*) FROM "`+word(i)+strings.ReplaceAll(text, `"`, `""`)+`"`, "$", "$$")
	}
	more, err := yaml.Marshal(counts)
	must(t, err)
	indented := "\n    " + strings.ReplaceAll(string(more), "\n", "\n    ") + "\n"
	r.write(t, strings.Replace(r.configuration, `database: {url: "${DATABASE_URL}", counts: {tables: "SELECT count(*) FROM pg_tables"}}`,
		"database:\n  url: \"${DATABASE_URL}\"\n  counts:"+indented, 1))
	got := r.run(t, map[string]string{"INPUT_REPORT": filepath.Join(r.dir, "report")}, "rollback", "--reason", polyglot(filepath.Join(r.dir, "canary")))
	r.ok(t, got, 0, release.Blue)
	if parked, missing := strings.Contains(got.summary, "jobs are parked"), strings.Count(got.summary, "does not exist"); !parked || missing < 5 {
		t.Errorf("parked jobs %v, %d errors of PostgreSQL:\n%.5000s", parked, missing, got.summary)
	}
}

// A real PostgreSQL says what an event trigger has it say, before each statement of a
// migration: notices, and an error with all its parts.
func TestHostileWordsOfPostgreSQL(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	dsn := lab.Postgres(t)
	conn, err := pgx.Connect(t.Context(), dsn)
	must(t, err)
	defer conn.Close(t.Context())
	all := "$text$" + polyglot(s.canary) + "$text$"
	for _, statement := range []string{
		"CREATE FUNCTION speak() RETURNS event_trigger LANGUAGE plpgsql AS $body$ BEGIN RAISE NOTICE USING MESSAGE = " + all + "; RAISE WARNING USING MESSAGE = " + all +
			"; IF tg_tag = 'CREATE VIEW' THEN RAISE EXCEPTION USING MESSAGE = " + all + ", DETAIL = " + all + ", HINT = " + all + ", COLUMN = " + all + ", TABLE = " + all + "; END IF; END $body$",
		"CREATE EVENT TRIGGER speaks ON ddl_command_start EXECUTE FUNCTION speak()",
	} {
		_, err := conn.Exec(t.Context(), statement)
		must(t, err)
	}
	s.write(t, "migrations/1_a.up.sql", "CREATE VIEW a AS SELECT 1;")
	step := s.check(t, "a trigger", phaseNamed("migrate"), map[string]string{
		"INPUT_DATABASE-URL": dsn, "INPUT_DATABASE-MIGRATIONS": "migrations", "INPUT_DATABASE-BACKUP-DIRECTORY": filepath.Join(s.dir, "backups"),
		"INPUT_DATABASE-REHEARSAL-WHERE": "off", "INPUT_DRY-RUN": "", "INPUT_REPORT": "",
	})
	if !strings.Contains(step.Summary, "octocat and") || !strings.Contains(step.Log, "octocat and") {
		t.Errorf("nothing of it is shown:\n%.4000s\n%.4000s", step.Summary, step.Log)
	}
}

// AWS's errors name what was asked for, and quote policies that people wrote.
func TestHostileErrorsOfAWS(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	var said string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		type failure struct{ Type, Code, Message string }
		_ = xml.NewEncoder(w).Encode(struct {
			XMLName   xml.Name `xml:"ErrorResponse"`
			Error     failure
			RequestID string `xml:"RequestId"`
		}{Error: failure{"Sender", said, said}, RequestID: said})
	}))
	t.Cleanup(server.Close)
	const arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:"
	alb := fmt.Sprintf(`  alb:
    region: eu-west-1
    endpoint: %q
    access-key: AKIAEXAMPLE
    secret-key: hunter2hunter2
    services: {web: {listeners: [%[2]slistener/app/web/0123456789abcdef/0123456789abcdef], blue: %[2]stargetgroup/blue/0123456789abcdef, green: %[2]stargetgroup/green/0123456789abcdef, url: "http://127.0.0.1:1/"}}
slots:
`, server.URL, arn)
	head, tail, _ := strings.Cut(stageConfig, "  nginx:\n")
	_, tail, _ = strings.Cut(tail, "slots:\n")
	s.write(t, ".github/bluegreen.yml", head+alb+tail+"queue: {url: \"${REDIS_URL}\", name: jobs}\n")
	shown := 0
	for name, text := range hostile(s.canary) {
		said = text + " Qend"
		step := s.check(t, name, phaseNamed("preflight"), map[string]string{"DOCKER": lab.Docker(t), "SECRET": "hunter2hunter2", "REDIS_URL": "redis://127.0.0.1:1"})
		if strings.Contains(step.Summary, "Qend") {
			shown++
		}
	}
	if shown < 60 {
		t.Errorf("%d errors of AWS are shown: the others show nothing", shown)
	}
}
