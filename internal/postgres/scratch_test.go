package postgres_test

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/postgres"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// TestAKilledRehearsalIsClearedAwayByTheNext kills a run in its rehearsal, once
// while a file runs on the server, which goes on with it.
func TestAKilledRehearsalIsClearedAwayByTheNext(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stop  string // behind the line that begins so
		sleep string // in the file that goes up
	}{
		"before there is a scratch database": {"5", ""},
		"before the first file":              {"6", ""},
		"between two files":                  {"7", ""},
		"while a file runs":                  {"", "SELECT pg_sleep(600);"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, id := played(t)
			write(t, s.Folder, map[string]string{"2_b.up.sql": "CREATE TABLE b ();" + c.sleep, "2_b.down.sql": "DROP TABLE b"})
			admin := connect(t, s)
			child := spawn(t, s, id, "BLUEGREEN_TEST_STOP="+c.stop)
			if c.sleep == "" {
				if !child.until("stopped") {
					t.Fatal(child.text())
				}
			} else {
				admin.until(`SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname LIKE 'bluegreen\_scratch\_%' AND query LIKE '%pg_sleep(600)%' AND application_name LIKE 'bluegreen migrate ` + string(id) + `%')`)
			}
			child.kill()
			write(t, s.Folder, map[string]string{"2_b.up.sql": "CREATE TABLE b ();"})
			r := playedAgain(t, s, id)
			at(t, s, 2)
			nothingLeft(t, admin, id)
			if left := strings.Contains(strings.Join(r.Rehearsal.Notes, " "), "which a rehearsal had left that was killed"); c.stop != "5" && !left {
				t.Logf("another rehearsal on this server has cleared away: %q", r.Rehearsal.Notes)
			}
		})
	}
}

func playedAgain(t *testing.T, s migration.Settings, id release.ID) migration.Report {
	t.Helper()
	r, _, err := play(t, s, id, nil)
	if err != nil {
		t.Fatalf("%v (%s)", err, release.HintOf(err))
	}
	return r
}

// elsewhere is an URL of the server with parts of it changed.
func elsewhere(t *testing.T, server *lab.Server, change func(*url.URL)) release.Secret {
	t.Helper()
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	change(u)
	return release.Secret(u.String())
}

// TestARehearsalOnAnotherServer goes from what is refused to what is not, on one
// server, since it takes seconds to make one.
func TestARehearsalOnAnotherServer(t *testing.T) {
	t.Parallel()
	server := lab.OwnPostgres(t, "")
	s, id := played(t)
	c, role := connect(t, s), strings.ReplaceAll(string(id), "-", "_")
	c.exec(`CREATE ROLE ` + role + `; CREATE POLICY mine ON notes TO ` + role + ` USING (true)`)
	t.Cleanup(func() { c.exec(`DROP POLICY IF EXISTS mine ON notes; DROP ROLE ` + role) })
	write(t, s.Folder, map[string]string{"2_b.up.sql": "CREATE TABLE b ()", "2_b.down.sql": "DROP TABLE b", "3_c.up.sql": "CREATE TABLE c ()", "3_c.down.sql": "DROP TABLE c"})
	s.Rehearsal.Where = migration.OtherServer
	for name, r := range map[string]struct {
		url    release.Secret
		status int
		said   string
	}{
		"a URL that is none":         {"postgres://u:hunter2%zz@h/d", 2, "database.rehearsal.url is not a URL"},
		"another scheme":             {"mysql://u:hunter2@h/d", 2, "database.rehearsal.url does not begin with postgres://"},
		"a server that is not there": {release.Secret("postgres://u:hunter2@127.0.0.1:1/d"), 3, "connect to another server"},
		"another password":           {elsewhere(t, server, func(u *url.URL) { u.User = url.UserPassword("postgres", "hunter2") }), 3, "connect to another server"},
		"the live server":            {s.URL, 1, "database.rehearsal.url leads to the server of database.url"},
	} {
		s.Rehearsal.URL = r.url
		if _, err := stage(s).(*postgres.Stage).Check(t.Context()); release.ExitStatus(err) != r.status || !strings.Contains(err.Error(), r.said) {
			t.Errorf("%s: check: %v", name, err)
		}
		_, _, err := play(t, s, id, nil)
		if err == nil || release.ExitStatus(err) != r.status || !strings.Contains(err.Error(), r.said) || strings.Contains(err.Error(), "hunter2") || release.HintOf(err) == "" {
			t.Errorf("%s: status %d, %v (%s)", name, release.ExitStatus(err), err, release.HintOf(err))
		}
	}
	at(t, s, 1)
	s.Rehearsal.URL = release.Secret(server.URL)
	other := connect(t, migration.Settings{URL: s.Rehearsal.URL})
	other.exec(`CREATE ROLE weak LOGIN PASSWORD 'x'`)
	s.Rehearsal.URL = elsewhere(t, server, func(u *url.URL) { u.User = url.UserPassword("weak", "x") })
	_, checked := stage(s).(*postgres.Stage).Check(t.Context())
	_, _, played := play(t, s, id, nil)
	for _, err := range []error{checked, played} {
		if !strings.Contains(release.HintOf(err), "CREATEDB") {
			t.Errorf("%v (%s)", err, release.HintOf(err))
		}
	}
	s.Rehearsal.URL = release.Secret(server.URL)
	if where, err := stage(s).(*postgres.Stage).Check(t.Context()); err != nil || where != "another server" {
		t.Errorf("%s, %v", where, err)
	}
	_, _, err := play(t, s, id, nil)
	if err == nil || release.ExitStatus(err) != 1 || !strings.Contains(err.Error(), `role "`+role+`" does not exist`) || !strings.Contains(release.HintOf(err), "CREATE ROLE") {
		t.Errorf("%v (%s)", err, release.HintOf(err))
	}
	c.exec(`DROP POLICY mine ON notes`)
	id += "-2" // whose backup does not have the policy
	goesDown(t, s, id, server)
	other = connect(t, migration.Settings{URL: s.Rehearsal.URL})
	r := playedAgain(t, s, id)
	if r.Rehearsal.Where != "another server" || r.Rehearsal.Tables < 3 || r.Backup.Level != migration.Restored {
		t.Errorf("%+v", r.Rehearsal)
	}
	if level := onDisk(t, s, r.Backup.Name).Level; level != migration.Restored {
		t.Errorf("the manifest says %s", level)
	}
	nothingLeft(t, other, id)
}

// goesDown ends the server in the middle of a rehearsal, and starts it again.
func goesDown(t *testing.T, s migration.Settings, id release.ID, server *lab.Server) {
	t.Helper()
	_, seen, err := play(t, s, id, func(e migration.Event) {
		if e.Kind == migration.FileRehearsed {
			if err := server.Stop(); err != nil {
				t.Error(err)
			}
		}
	})
	if err == nil || release.ExitStatus(err) != 3 || !strings.Contains(err.Error(), "another server") || found(seen, "B.2.v3").Status == release.Passed {
		t.Errorf("status %d, %v", release.ExitStatus(err), err)
	}
	at(t, s, 1)
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func onDisk(t *testing.T, s migration.Settings, backup string) (m migration.Manifest) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.Backup.Directory, backup+".json"))
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestALiveServerWithoutRoomIsLeftAlone(t *testing.T) {
	t.Parallel()
	s, id := played(t)
	write(t, s.Folder, map[string]string{"2_b.up.sql": "CREATE TABLE b ()"})
	s.Rehearsal.Free = 1e6
	_, _, err := play(t, s, id, nil)
	if err == nil || release.ExitStatus(err) != 1 || !strings.Contains(err.Error(), "database.rehearsal.free says 1.0MB") {
		t.Errorf("%v", err)
	}
	at(t, s, 1)
}
