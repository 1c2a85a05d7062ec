package review_test

import (
	"slices"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// TestWhatTheLiveVersionUsesBesideTables holds the rules about sequences, functions,
// roles, settings and sessions to statements that differ in a word.
func TestWhatTheLiveVersionUsesBesideTables(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]string{
		"ALTER SEQUENCE users_id_seq RESTART":                                                             "change-sequence",
		"ALTER SEQUENCE users_id_seq AS smallint":                                                         "change-sequence",
		"ALTER SEQUENCE users_id_seq INCREMENT BY 50":                                                     "change-sequence",
		"ALTER SEQUENCE users_id_seq AS bigint NO MAXVALUE CACHE 5 OWNED BY users.id":                     "",
		"CREATE SEQUENCE s;\nALTER SEQUENCE s RESTART WITH 7":                                             "",
		"SELECT setval('users_id_seq', 1)":                                                                "change-sequence",
		"SELECT pg_catalog.setval('public.users_id_seq'::regclass, (SELECT max(id) FROM users))":          "change-sequence",
		"SELECT setval(pg_get_serial_sequence('users', 'id'), 1)":                                         "change-sequence",
		"SELECT setval(name, 1) FROM names":                                                               "change-sequence",
		"DO $$ BEGIN PERFORM setval('users_id_seq', 1); END $$":                                           "change-sequence",
		"CREATE SEQUENCE s;\nSELECT setval('s', 7)":                                                       "",
		"CREATE TABLE x (id serial);\nSELECT setval('x_id_seq', 7)":                                       "",
		"CREATE TABLE x (id serial);\nSELECT setval(pg_get_serial_sequence('x', 'id'), 7)":                "",
		"SELECT nextval('users_id_seq')":                                                                  "",
		"ALTER FUNCTION total(int) STRICT":                                                                "alter-function",
		"ALTER FUNCTION total(int) SET search_path = shop":                                                "alter-function",
		"ALTER FUNCTION total(int) COST 10 PARALLEL SAFE":                                                 "",
		"CREATE FUNCTION total(int) RETURNS int LANGUAGE sql AS 'SELECT 1';\nALTER FUNCTION total STRICT": "",
		"ALTER ROLE app NOLOGIN":                                                                          "shut-out",
		"ALTER USER app PASSWORD 'a'":                                                                     "shut-out",
		"ALTER ROLE app CONNECTION LIMIT 1":                                                               "shut-out",
		"ALTER ROLE app NOSUPERUSER":                                                                      "revoke",
		"ALTER GROUP g DROP USER app":                                                                     "revoke",
		"ALTER ROLE app LOGIN CREATEDB":                                                                   "",
		"REVOKE writers FROM app":                                                                         "revoke",
		"GRANT writers TO app":                                                                            "",
		"ALTER DATABASE shop ALLOW_CONNECTIONS false":                                                     "shut-out",
		"ALTER DATABASE shop SET default_transaction_read_only = on":                                      "shut-out",
		"ALTER ROLE app SET default_transaction_read_only TO true":                                        "shut-out",
		"ALTER ROLE app SET default_transaction_read_only TO off":                                         "",
		"ALTER ROLE app SET statement_timeout = '1s'":                                                     "session-default",
		"ALTER ROLE app RESET ALL":                                                                        "session-default",
		"ALTER DATABASE shop SET work_mem = '64MB'":                                                       "",
		"ALTER DATABASE shop SET app.tenant = '1'":                                                        "",
		"SELECT pg_terminate_backend(pid) FROM pg_stat_activity":                                          "end-sessions",
		"DO $$ BEGIN PERFORM pg_cancel_backend(7); END $$":                                                "end-sessions",
		"SET session_replication_role = replica":                                                          "no-triggers",
		"SELECT set_config('session_replication_role', 'replica', true)":                                  "no-triggers",
		"SET session_replication_role = DEFAULT":                                                          "",
	} {
		r := judge(t, users, sql, review.Options{LockTimeout: time.Second})
		var found []string
		for _, p := range r.Open(nil) {
			found = append(found, p.Rule.ID)
		}
		if want == "" && len(found) > 0 || want != "" && !slices.Contains(found, want) {
			t.Errorf("%s: found %q, want %q", sql, found, want)
		}
	}
}
