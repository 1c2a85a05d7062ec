package pgbackrest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/pgbackrest"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func newest(t *testing.T, s migration.PgBackRest, system string) (migration.Snapshot, error) {
	t.Helper()
	k, err := pgbackrest.New(s)
	if err != nil {
		t.Fatal(err)
	}
	return k.Newest(t.Context(), migration.State{System: system})
}

// refused wants an error with a remedy.
func refused(t *testing.T, what string, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) || release.HintOf(err) == "" {
		t.Errorf("%s: %v (%s), want %q", what, err, release.HintOf(err), want)
	}
}

func TestARealRepository(t *testing.T) {
	t.Parallel()
	r := lab.PgBackRest(t)
	s := migration.PgBackRest{Stanza: r.Stanza, Program: r.Program, Config: r.Config}
	_, err := newest(t, s, r.System)
	refused(t, "before the first backup", err, "the stanza shop of pgbackrest is not ok: no valid backups")
	r.Run(t, "backup", "--no-online", "--type=full")
	first, err := newest(t, s, r.System)
	if err != nil || !strings.HasSuffix(first.ID, "F") || first.Bytes == 0 || time.Since(first.At) > time.Hour || first.Encrypted || !strings.Contains(first.Status, "stanza shop is ok, full, errors in pages: ") {
		t.Fatalf("%+v, %v", first, err)
	}
	if err := os.WriteFile(filepath.Join(r.Data, "changed"), []byte("since"), 0o644); err != nil {
		t.Fatal(err)
	}
	r.Run(t, "backup", "--no-online", "--type=incr")
	second, err := newest(t, s, r.System)
	if err != nil || !strings.HasPrefix(second.ID, first.ID+"_") {
		t.Fatalf("%+v, %v", second, err)
	}
	named := s
	named.Label = first.ID
	if found, err := newest(t, named, r.System); err != nil || found.ID != first.ID {
		t.Errorf("%+v, %v", found, err)
	}
	named.Label = "20200101-000000F"
	_, err = newest(t, named, r.System)
	refused(t, "a label that is not there", err, "has no backup 20200101-000000F")
	_, err = newest(t, s, "7")
	refused(t, "another cluster", err, "has no backup of this cluster, 7, without an error")
	named.Label = first.ID
	_, err = newest(t, named, "7")
	refused(t, "a label of another cluster", err, "is of the cluster "+r.System+": want 7")
	s.Stanza = "other"
	_, err = newest(t, s, r.System)
	refused(t, "another stanza", err, "the stanza other of pgbackrest is not ok: missing stanza path")
	s.Config = filepath.Join(t.TempDir(), "none.conf")
	_, err = newest(t, s, r.System)
	refused(t, "no configuration", err, "ask pgbackrest: ")
}

func TestWhatPgBackRestMaySay(t *testing.T) {
	t.Parallel()
	const good = `[{"name":"shop","status":{"code":0,"message":"ok"},"cipher":"aes-256-cbc","db":[{"id":1,"repo-key":1,"system-id":7000000000000000001}],"backup":[
		{"label":"20261125-010000F","type":"full","error":false,"database":{"id":1,"repo-key":1},"info":{"size":9},"timestamp":{"start":1,"stop":2}},
		{"label":"20261126-010000F","type":"full","error":ERROR,"database":{"id":1,"repo-key":1},"info":{"size":9},"timestamp":{"start":3,"stop":4}}]}]`
	const system = "7000000000000000001"
	for name, c := range map[string]struct{ answer, label, id, want string }{
		"all is well":                {answer: strings.Replace(good, "ERROR", "false", 1), id: "20261126-010000F"},
		"it does not tell of errors": {answer: strings.Replace(good, `"error":ERROR,`, "", 1), id: "20261126-010000F"},
		"the newest is damaged":      {answer: strings.Replace(good, "ERROR", "true", 1), id: "20261125-010000F"},
		"the named one is damaged":   {answer: strings.Replace(good, "ERROR", "true", 1), label: "20261126-010000F", want: "has pages with wrong checksums"},
		"no JSON":                    {answer: "stanza: shop", want: "ask pgbackrest: read its answer"},
		"half of it":                 {answer: good[:200], want: "ask pgbackrest: read its answer"},
		"no stanza":                  {answer: "[]", want: "pgbackrest has no stanza shop"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			program := filepath.Join(dir, "pgbackrest")
			script := "#!/bin/sh\ncat \"$(dirname \"$0\")/answer\"\n"
			if err := os.WriteFile(filepath.Join(dir, "answer"), []byte(c.answer), 0o600); err != nil {
				t.Fatal(err)
			}
			lab.Script(t, program, script)
			found, err := newest(t, migration.PgBackRest{Stanza: "shop", Program: program, Label: c.label}, system)
			if c.want != "" {
				refused(t, name, err, c.want)
			} else if err != nil || found.ID != c.id || !found.Encrypted {
				t.Errorf("%+v, %v", found, err)
			}
		})
	}
}

func TestSettingsThatCannotWork(t *testing.T) {
	t.Parallel()
	for want, s := range map[string]migration.PgBackRest{
		`stanza "--repo1-path=/": want`: {Stanza: "--repo1-path=/"},
		`label "latest": want`:          {Stanza: "shop", Label: "latest"},
	} {
		if _, err := pgbackrest.New(s); err == nil || !strings.Contains(err.Error(), want) || release.ExitStatus(err) != 2 {
			t.Errorf("%v, want %q", err, want)
		}
	}
	_, err := newest(t, migration.PgBackRest{Stanza: "shop", Program: filepath.Join(t.TempDir(), "none")}, "7")
	refused(t, "no program", err, "ask pgbackrest: run ")
}
