package postgres_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/internal/pgquery"
	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// TestTheCodeOfFunctionsIsReadFromTheCatalog: what a migration calls is judged though
// no file has it.
func TestTheCodeOfFunctionsIsReadFromTheCatalog(t *testing.T) {
	t.Parallel()
	s := settings(t, nil)
	connect(t, s).exec(`
		CREATE TABLE users (id int PRIMARY KEY, name varchar(10));
		CREATE SCHEMA shop;
		CREATE FUNCTION shop.wipe(varchar, int[]) RETURNS int LANGUAGE plpgsql AS $$ BEGIN DELETE FROM users; RETURN 1; END $$;
		CREATE PROCEDURE wipe() LANGUAGE sql BEGIN ATOMIC SELECT shop.wipe('', '{}'); END;
		CREATE FUNCTION tidy(text) RETURNS text LANGUAGE sql AS 'SELECT lower($1)';
		CREATE FUNCTION broken(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN EXECUTE $1; RETURN ''; END $$;
		CREATE FUNCTION quiet(text) RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN EXECUTE $1; RETURN ''; END $$;
		CREATE FUNCTION alias(int4, int4) RETURNS int LANGUAGE internal IMMUTABLE AS 'int4pl';
		CREATE FUNCTION sleeper(float8) RETURNS void LANGUAGE internal AS 'pg_sleep';
		CREATE AGGREGATE total(int) (sfunc = int4pl, stype = int);
		CREATE EXTENSION pg_trgm; CREATE EXTENSION pgcrypto; CREATE EXTENSION "uuid-ossp";
		INSERT INTO users SELECT generate_series(1, 60000); ANALYZE users`)
	for sql, want := range map[string]string{
		"CALL wipe()":                                          "change-all-rows",
		"SELECT shop.wipe('a', '{}')":                          "change-all-rows",
		"SELECT wipe('a', '{}')":                               "change-all-rows",
		"UPDATE users SET name = tidy(name) WHERE id = 1":      "",
		"SELECT broken('a')":                                   "unread-code",
		"SELECT quiet('a'), alias(1, 2), total(id) FROM users": "",
		"SELECT sleeper(1)":                                    "unread-code",
		"SELECT similarity('a', 'b'), set_limit(0.1)":          "unread-code",
		"SELECT uuid_generate_v4(), gen_random_bytes(8)":       "",
		"SELECT nowhere()":                                     "unread-code",
		"CREATE OR REPLACE FUNCTION shop.wipe(varchar(9), _ int[]) RETURNS int LANGUAGE sql AS 'SELECT 1';\nSELECT shop.wipe('a', '{}')": "",
	} {
		schema, err := open(t, s).Catalogue(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		r, err := review.Run(&pgquery.Parser{}, []review.File{{Path: "a", SQL: sql}}, schema, review.Options{Version: 15, LockTimeout: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, f := range r.Findings() {
			if f.Rule.Level > review.Note {
				found = append(found, f.Rule.ID)
			}
		}
		if strings.Join(found, " ") != want {
			t.Errorf("%s: %q, want %q", sql, found, want)
		}
	}
}

// TestTheFunctionsThatAreTakenToBeCalmAreSoOnAServer holds the list to the server: of
// a name on it no function is volatile, in PostgreSQL or in the extensions beside it.
func TestTheFunctionsThatAreTakenToBeCalmAreSoOnAServer(t *testing.T) {
	t.Parallel()
	s := settings(t, nil)
	c := connect(t, s)
	for _, e := range []string{"uuid-ossp", "pgcrypto", "pg_trgm", "unaccent", "hstore", "citext", "fuzzystrmatch", "ltree", "intarray", "cube", "earthdistance", "tablefunc"} {
		c.exec(`CREATE EXTENSION "` + e + `"`)
	}
	for _, name := range c.names(`SELECT DISTINCT proname FROM pg_proc WHERE provolatile = 'v' ORDER BY 1`) {
		if review.Calm(name) {
			t.Errorf("%s is volatile", name)
		}
	}
	missing := c.names(`SELECT DISTINCT proname FROM pg_proc WHERE provolatile <> 'v' AND pronamespace = 'pg_catalog'::regnamespace ORDER BY 1`)
	missing = slices.DeleteFunc(missing, review.Calm)
	for _, name := range []string{"now", "lower", "count", "array_append", "jsonb_set", "pg_get_serial_sequence", "regexp_replace", "date_trunc", "row_number", "extract"} {
		if slices.Contains(missing, name) {
			t.Errorf("%s is calm, and not on the list", name)
		}
	}
	for _, name := range []string{"crosstab", "connectby", "query_to_xml"} {
		if review.Calm(name) {
			t.Errorf("%s runs SQL that it is given", name)
		}
	}
}

func (c client) names(sql string) []string {
	c.t.Helper()
	rows, err := c.conn.Query(context.Background(), sql)
	if err != nil {
		c.t.Fatalf("%s: %v", sql, err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		c.t.Fatalf("%s: %v", sql, err)
	}
	return all
}
