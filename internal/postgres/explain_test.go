package postgres_test

import (
	"strings"
	"testing"
)

// TestErrorsQuoteNoRows has customers in the way of migrations, and of a backfill.
func TestErrorsQuoteNoRows(t *testing.T) {
	t.Parallel()
	const table = `CREATE TABLE users (id int PRIMARY KEY, mail text, team int, UNIQUE (id, mail));
		INSERT INTO users VALUES (1, 'alice@example.com', 7), (2, 'alice@example.com', NULL);`
	for name, c := range map[string]struct{ sql, want string }{
		"a null":           {"ALTER TABLE users ALTER team SET NOT NULL", "table users, column team"},
		"a unique key":     {"ALTER TABLE users ADD CONSTRAINT once UNIQUE (mail)", "table users, constraint once"},
		"a check":          {"ALTER TABLE users ADD CONSTRAINT short CHECK (length(mail) < 5)", "table users, constraint short"},
		"an insert":        {"INSERT INTO users (mail) VALUES ('alice@example.com')", "table users, column id"},
		"a foreign key":    {"CREATE TABLE mails (mail text PRIMARY KEY); ALTER TABLE users ADD CONSTRAINT known FOREIGN KEY (mail) REFERENCES mails", "table users, constraint known"},
		"a partition":      {"CREATE TABLE p (mail text) PARTITION BY LIST (mail); INSERT INTO p SELECT mail FROM users", "no partition of relation"},
		"a view":           {"CREATE VIEW v AS SELECT * FROM users WHERE id < 0 WITH CHECK OPTION; INSERT INTO v VALUES (3, 'alice@example.com')", "violates check option"},
		"a cast":           {"ALTER TABLE users ALTER mail TYPE int USING mail::int", "invalid input syntax for type integer: (a value)"},
		"a date":           {"ALTER TABLE users ALTER mail TYPE date USING mail::date", "invalid input syntax for type date: (a value)"},
		"a backfill":       {"-- bluegreen: backfill users key=id\n-- UPDATE users SET id = 1 WHERE id > 1;", "table users, constraint users_pkey"},
		"what it hangs on": {"CREATE VIEW v AS SELECT * FROM users; DROP TABLE users", "view v depends on table users"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := settings(t, map[string]string{"1_users.up.sql": table, "2_more.up.sql": c.sql})
			_, err := migrate(t.Context(), t, s, "shop-1", nil)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "alice") {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}
