package review_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// code are functions that were there before the files, and what they do is known.
const code = users + `
CREATE FUNCTION wipe() RETURNS int LANGUAGE plpgsql AS $$ BEGIN DELETE FROM users; RETURN 1; END $$;
CREATE FUNCTION atomic() RETURNS int LANGUAGE sql BEGIN ATOMIC DELETE FROM users; SELECT 1; END;
CREATE FUNCTION twice() RETURNS int LANGUAGE sql AS 'SELECT wipe() + twice()';
CREATE FUNCTION shop.far() RETURNS int RETURN wipe();
CREATE FUNCTION plain() RETURNS int LANGUAGE sql AS 'SELECT count(*)::int FROM teams';
CREATE FUNCTION made_up(text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN EXECUTE $1; RETURN 1; END $$;
CREATE FUNCTION compiled() RETURNS int LANGUAGE c AS 'a', 'b';
CREATE FUNCTION hash(text) RETURNS int LANGUAGE c IMMUTABLE AS 'a', 'b';
`

// TestWhatAStatementHidesIsJudged is about queries inside of other statements, and
// about functions, which run wherever they are named.
func TestWhatAStatementHidesIsJudged(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]struct {
		level review.Level
		rule  string
	}{
		"EXPLAIN (ANALYZE) DELETE FROM users":                                         {unsafe, "change-all-rows"},
		"EXPLAIN (ANALYZE off, ANALYZE) DELETE FROM users":                            {unsafe, "change-all-rows"},
		"EXPLAIN ANALYZE CREATE TABLE m AS SELECT wipe()":                             {unsafe, "change-all-rows"},
		"EXPLAIN DELETE FROM users":                                                   {safe, ""},
		"EXPLAIN (ANALYZE 'OFF') DELETE FROM users":                                   {safe, ""},
		"EXPLAIN ANALYZE SELECT strange()":                                            {risky, "unread-code"},
		"EXPLAIN SELECT strange()":                                                    {safe, ""},
		"CREATE TABLE m AS WITH d AS (DELETE FROM users RETURNING *) SELECT * FROM d": {unsafe, "change-all-rows"},
		"CREATE MATERIALIZED VIEW m AS SELECT strange()":                              {risky, "unread-code"},
		"CREATE MATERIALIZED VIEW m AS SELECT strange() WITH NO DATA":                 {safe, ""},
		"SELECT * INTO m FROM strange()":                                              {risky, "unread-code"},
		"CREATE VIEW v AS SELECT strange()":                                           {safe, ""},
		"COPY (DELETE FROM users RETURNING *) TO STDOUT":                              {unsafe, "change-all-rows"},
		"COPY users TO STDOUT":                                                        {safe, ""},
		"COPY users FROM PROGRAM 'cat /etc/passwd'":                                   {risky, "unknown-statement"},
		"PREPARE p AS DELETE FROM users":                                              {unsafe, "change-all-rows"},
		"DECLARE c CURSOR FOR SELECT wipe()":                                          {unsafe, "change-all-rows"},
		"DECLARE c CURSOR FOR SELECT 1;\nFETCH c;\nCLOSE c":                           {safe, ""},
		"INSERT INTO teams SELECT id, name FROM (WITH d AS (DELETE FROM users RETURNING *) SELECT * FROM d) x": {unsafe, "change-all-rows"},

		"SELECT migrate_user(id) FROM users":                                                               {risky, "unread-code"},
		"SELECT * FROM strange()":                                                                          {risky, "unread-code"},
		"INSERT INTO teams VALUES (strange(), 'a')":                                                        {risky, "unread-code"},
		"UPDATE users SET age = strange() WHERE id = 1":                                                    {risky, "unread-code"},
		"WITH x AS (SELECT strange()) SELECT * FROM x":                                                     {risky, "unread-code"},
		"SELECT set_config('a.b', strange(), false)":                                                       {risky, "unread-code"},
		"DO $$ BEGIN IF strange() > 0 THEN NULL; END IF; END $$":                                           {risky, "unread-code"},
		"DO $$ DECLARE x int := strange(); BEGIN NULL; END $$":                                             {risky, "unread-code"},
		"DO $$ DECLARE x int; BEGIN x := strange(); END $$":                                                {risky, "unread-code"},
		"DO $$ DECLARE c CURSOR FOR SELECT strange(); BEGIN OPEN c; END $$":                                {risky, "unread-code"},
		"DO $$ DECLARE r record; BEGIN FOR r IN DELETE FROM users RETURNING * LOOP NULL; END LOOP; END $$": {unsafe, "change-all-rows"},
		"DO $$ DECLARE c refcursor; BEGIN OPEN c FOR EXECUTE 'a' || 'b'; END $$":                           {risky, "unread-code"},
		"DO $$ BEGIN RAISE NOTICE '%', strange(); END $$":                                                  {risky, "unread-code"},
		"DO $$ BEGIN PERFORM 1; EXCEPTION WHEN others THEN DELETE FROM users; END $$":                      {unsafe, "change-all-rows"},
		"DO $$ BEGIN IF EXISTS (SELECT FROM pg_class WHERE relname = lower('A')) THEN ALTER TABLE users ADD COLUMN x text; END IF; END $$": {safe, ""},

		"SELECT wipe()":                               {unsafe, "change-all-rows"},
		"SELECT public.wipe() FROM teams":             {unsafe, "change-all-rows"},
		"INSERT INTO teams VALUES (wipe(), 'a')":      {unsafe, "change-all-rows"},
		"SELECT atomic()":                             {unsafe, "change-all-rows"},
		"SELECT twice()":                              {unsafe, "change-all-rows"},
		"SELECT shop.far()":                           {unsafe, "change-all-rows"},
		"SELECT far()":                                {unsafe, "change-all-rows"},
		"SET LOCAL search_path = shop;\nSELECT far()": {unsafe, "change-all-rows"},
		"SELECT plain(), hash(name) FROM teams":       {safe, ""},
		"SELECT made_up('DELETE FROM users')":         {risky, "unread-code"},
		"CALL compiled()":                             {risky, "unread-code"},
		"CREATE OR REPLACE FUNCTION wipe() RETURNS int LANGUAGE sql AS 'SELECT 1';\nSELECT wipe()": {safe, ""},
		"CREATE FUNCTION wipe(text) RETURNS int LANGUAGE sql AS 'SELECT 1';\nSELECT wipe()":        {unsafe, "change-all-rows"},

		"SELECT setval(pg_get_serial_sequence('users', 'id'), (SELECT max(id) FROM users))":                  {risky, "change-sequence"},
		"INSERT INTO teams SELECT nextval('s'), coalesce(upper(trim(name)), '') FROM users":                  {safe, ""},
		"SELECT pg_notify('a', to_char(now(), 'YYYY')), extract(year FROM now()), gen_random_uuid()":         {safe, ""},
		"INSERT INTO teams SELECT uuid_generate_v4(), jsonb_array_elements_text('[]'), row_number() OVER ()": {safe, ""},
		"SELECT pg_terminate_backend(1)":                       {unsafe, "end-sessions"},
		"SELECT pg_reload_conf()":                              {risky, "unread-code"},
		"SELECT query_to_xml('SELECT wipe()', true, true, '')": {risky, "unread-code"},
	} {
		r := judge(t, code, sql, review.Options{LockTimeout: time.Second})
		var top review.Level
		for _, f := range r.Findings() {
			top = max(top, f.Rule.Level.Verdict())
		}
		if found := ids(r); top != want.level || want.rule != "" && !slices.Contains(found, want.rule) {
			t.Errorf("%v %q, want %v %s:\n%s", top, found, want.level, want.rule, sql)
		}
	}
}

func TestAFindingInAFunctionHasTheLineOfItsCall(t *testing.T) {
	t.Parallel()
	r := judge(t, code, "\n\n-- bluegreen: allow change-all-rows it is small\nSELECT wipe()", review.Options{LockTimeout: time.Second})
	if f := r.Findings()[0]; f.Line != 4 || f.Detail != "users: how many rows it has is not known here, in wipe" || f.Reason != "it is small" {
		t.Errorf("%+v", f)
	}
}

// TestABatchIsOneOfAKey: a short range of numbers says how many rows there are only
// where each number is a row's own.
func TestABatchIsOneOfAKey(t *testing.T) {
	t.Parallel()
	const given = users + `
		CREATE TABLE pairs (team bigint, no int, PRIMARY KEY (team, no));
		CREATE TABLE amounts (n numeric UNIQUE);`
	for sql, want := range map[string]review.Level{
		"DELETE FROM keyed WHERE id BETWEEN 1 AND 1000":                            safe,
		"DELETE FROM keyed k WHERE k.id BETWEEN -5 AND 10 AND n > 3":               safe,
		"UPDATE keyed SET n = 1 FROM teams t WHERE keyed.id BETWEEN 1 AND 9":       safe,
		"DELETE FROM keyed WHERE id BETWEEN 1 AND 1001":                            risky,
		"DELETE FROM keyed WHERE n BETWEEN 0 AND 120":                              risky,
		"DELETE FROM keyed WHERE id BETWEEN 1 AND 9 OR n > 3":                      risky,
		"UPDATE keyed SET n = 1 FROM teams t WHERE t.id BETWEEN 1 AND 9 AND n > 3": risky,
		"UPDATE keyed SET n = 1 WHERE 5 BETWEEN 1 AND 10":                          unsafe,
		"DELETE FROM pairs WHERE no BETWEEN 1 AND 10":                              risky,
		"DELETE FROM pairs WHERE team = 7 AND no BETWEEN 1 AND 10":                 safe,
		"DELETE FROM amounts WHERE n BETWEEN 1 AND 10":                             risky,
		"DELETE FROM strangers WHERE id BETWEEN 1 AND 10":                          risky,
	} {
		if r := judge(t, given, sql, review.Options{LockTimeout: time.Second}); r.Level("2_new.up.sql").Verdict() != want {
			t.Errorf("%s: %v %q, want %v", sql, r.Level("2_new.up.sql"), ids(r), want)
		}
	}
}

func TestAConditionWithoutAColumnIsNone(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]review.Level{
		"DELETE FROM users WHERE true":                                                 unsafe,
		"UPDATE users SET age = 1 WHERE 1 = 1":                                         unsafe,
		"DELETE FROM users WHERE now() > '2020-01-01'":                                 unsafe,
		"DELETE FROM users USING teams t WHERE t.name = 'a'":                           unsafe,
		"DELETE FROM users u WHERE EXISTS (SELECT FROM notes n WHERE n.id = 1)":        unsafe,
		"DELETE FROM users u WHERE EXISTS (SELECT FROM notes n WHERE n.author = u.id)": risky,
		"DELETE FROM users WHERE id IN (SELECT author FROM notes)":                     risky,
		"DELETE FROM users WHERE nick IS NULL":                                         risky,
		"DELETE FROM users WHERE public.users.nick = 'a'":                              risky,
	} {
		if r := judge(t, users, sql, review.Options{LockTimeout: time.Second}); r.Level("2_new.up.sql").Verdict() != want {
			t.Errorf("%s: %v %q, want %v", sql, r.Level("2_new.up.sql"), ids(r), want)
		}
	}
}

func TestTheFunctionsOfABackfillAreJudged(t *testing.T) {
	t.Parallel()
	const fill = "-- bluegreen: backfill users key=id\n-- UPDATE users SET age = FUNCTION WHERE age IS NULL;\n"
	for sql, open := range map[string][]string{
		"coalesce(length(name), 0)": nil, "strange()": {"unread-code"}, "wipe()": {"change-all-rows"}, "plain()": nil,
	} {
		r := judge(t, code, strings.Replace(fill, "FUNCTION", sql, 1), review.Options{LockTimeout: time.Second})
		if found := opens(r); !slices.Equal(found, open) {
			t.Errorf("%s: %q, want %q", sql, found, open)
		}
	}
	allowed := "-- bluegreen: allow unread-code it only counts\n" + strings.Replace(fill, "FUNCTION", "strange()", 1) + "ALTER TABLE users ADD COLUMN x int;"
	if found := ids(judge(t, code, allowed, review.Options{LockTimeout: time.Second})); !slices.Equal(found, []string{"unread-code"}) {
		t.Errorf("%q: want unread-code, and no unused reason", found)
	}
	if found := opens(judge(t, code, allowed, review.Options{LockTimeout: time.Second})); len(found) > 0 {
		t.Errorf("open though a reason is given: %q", found)
	}
}

// opens are the rules whose findings nobody has allowed.
func opens(r review.Review) (all []string) {
	for _, p := range r.Open(nil) {
		all = append(all, p.Rule.ID)
	}
	return all
}
