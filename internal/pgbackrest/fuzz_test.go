package pgbackrest

import (
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
)

// FuzzRead holds to this: a backup is found only where the answer names the stanza
// and the cluster, and never one that was not asked for.
func FuzzRead(f *testing.F) {
	const whole = `[{"name":"shop","status":{"code":0},"cipher":"none","db":[{"id":1,"repo-key":1,"system-id":7}],
		"backup":[{"label":"20261126-141600F","error":false,"database":{"id":1,"repo-key":1},"timestamp":{"stop":1}}]}]`
	for _, seed := range []string{whole, strings.ReplaceAll(whole, "false", "true"), "[]", "null", "[null]", `[{"name":"shop","backup":[{}]}]`, ""} {
		f.Add([]byte(seed))
	}
	k, err := New(migration.PgBackRest{Stanza: "shop"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		found, err := k.read(text, "7")
		if err == nil && (!strings.Contains(string(text), "7") || found.Kind == "") {
			t.Errorf("%q has %+v", text, found)
		}
	})
}
