package postgres_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// pooled is the URL of a database through a PgBouncer with these settings.
func pooled(t *testing.T, direct release.Secret, more string) release.Secret {
	t.Helper()
	u, err := url.Parse(direct.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	server := lab.PgBouncer(t, fmt.Sprintf(`[databases]
* = host=%s port=%s user=%s password=%s connect_query='SET lock_timeout = 5000'
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {{.Port}}
unix_socket_dir =
auth_type = any
%s
`, u.Hostname(), u.Port(), u.User.Username(), password, more))
	front, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = front.Host
	return release.Secret(u.String())
}

func TestAPoolerIsRefusedInEveryMode(t *testing.T) {
	t.Parallel()
	const ignored = "ignore_startup_parameters = extra_float_digits,lock_timeout,statement_timeout,idle_in_transaction_session_timeout"
	for name, c := range map[string]struct{ conf, want string }{
		"as it comes":                        {"pool_mode = session", "unsupported startup parameter"},
		"session, parameters ignored":        {"pool_mode = session\n" + ignored, "the session has another number than the connection was given"},
		"transaction, parameters ignored":    {"pool_mode = transaction\n" + ignored, "the session has another number than the connection was given"},
		"statement by statement, no session": {"pool_mode = statement\n" + ignored, "the session has another number than the connection was given"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := settings(t, map[string]string{"1_a.up.sql": "CREATE TABLE a ()"})
			direct := s
			s.URL = pooled(t, s.URL, c.conf)
			_, err := migrate(t.Context(), t, s, "shop-1", nil)
			if err == nil || !strings.Contains(err.Error(), "a pooler answers, not PostgreSQL") || !strings.Contains(err.Error(), c.want) || release.ExitStatus(err) != 2 || !strings.Contains(release.HintOf(err), "PgBouncer") {
				t.Errorf("%v (%s)", err, release.HintOf(err))
			}
			if _, err := open(t, s).State(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("a look: %v", err)
			}
			if now := state(t, direct); now.Version != migration.None || len(now.Journal) != 0 {
				t.Errorf("%+v", now)
			}
		})
	}
}
