package postgres_test

import (
	"crypto/sha256"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/postgres"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// role makes one for as long as the test lasts.
func (c client) role(options string) string {
	c.t.Helper()
	name := strings.ReplaceAll(lab.Name(c.t), "-", "_")
	c.exec(`CREATE ROLE ` + name + ` ` + options)
	c.t.Cleanup(func() {
		c.exec(`REASSIGN OWNED BY ` + name + ` TO CURRENT_USER; DROP OWNED BY ` + name + ` CASCADE; DROP ROLE ` + name)
	})
	return name
}

// TestAPlainRoleReadsTheSchemaAlsoOnAnOlderServer takes away what PostgreSQL 12 lacks.
func TestAPlainRoleReadsTheSchemaAlsoOnAnOlderServer(t *testing.T) {
	t.Parallel()
	s := settings(t, nil)
	c := connect(t, s)
	c.exec(oneOfEach)
	t.Cleanup(func() { c.exec(`DROP SUBSCRIPTION reader`) })
	c.exec(`SET allow_system_table_mods = on; ALTER TYPE regcollation RENAME TO since_13; REVOKE ALL ON pg_subscription FROM PUBLIC;
		GRANT SELECT (subdbid, subname, subowner, subenabled, subslotname, subpublications) ON pg_subscription TO PUBLIC`)
	role := c.role("LOGIN PASSWORD 'x'")
	u, err := url.Parse(s.URL.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(role, "x")
	s.URL = release.Secret(u.String())
	db := open(t, s)
	before, err := db.Fingerprint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c.exec(`ALTER TABLE parent ADD COLUMN t text COLLATE "C"`)
	collated, err := db.Fingerprint(t.Context())
	c.exec(`ALTER SUBSCRIPTION reader SET PUBLICATION other WITH (refresh = false)`)
	subscribed, again := db.Fingerprint(t.Context())
	if err != nil || again != nil || before == collated || collated == subscribed {
		t.Errorf("%s, %s, %s, %v, %v", before, collated, subscribed, err, again)
	}
}

// TestAQueryThatChangesGetsANewNumber keeps a release from comparing what two queries
// have read.
func TestAQueryThatChangesGetsANewNumber(t *testing.T) {
	t.Parallel()
	query, err := os.ReadFile("fingerprint.sql")
	if err != nil {
		t.Fatal(err)
	}
	sum := fmt.Sprintf("%x", sha256.Sum256(query))
	if read := map[string]string{"2:": "007361a083bd507e597c62044421c8e10bc24e8d7c6d3a4c4f05a07d5681e253"}[postgres.Reading]; read != sum {
		t.Errorf("fingerprint.sql has changed: raise the number in front of fingerprints if its lines can be others, and write here that %s reads with %s", postgres.Reading, sum)
	}
}
