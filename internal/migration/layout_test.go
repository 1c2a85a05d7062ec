package migration_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
)

func TestPlainNamesAreReadWithoutRenamingAnything(t *testing.T) {
	set, err := migration.Read(folder(t, map[string]string{
		"001_initial_schema.sql": "SELECT 1", "002_add_user_preferences.sql": "SELECT 2", "003_add_campaign_metadata.sql": "SELECT 3", "README.md": "x",
	}))
	if err != nil || len(set.List) != 3 || !set.Plain {
		t.Fatalf("%+v, %v", set, err)
	}
	if m := set.List[1]; m.Version != 2 || m.Up.Name != "002_add_user_preferences.sql" || m.Down != nil || !strings.Contains(m.WayBack(), "only files that go up") {
		t.Errorf("%+v", m)
	}
}

func TestPlainNamesBesideOthersAreRefused(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"beside golang-migrate's": {"001_initial_schema.sql": "SELECT 1", "002_more.up.sql": "SELECT 2"},
		"with a way back":         {"001_initial_schema.sql": "SELECT 1", "001_initial_schema.down.sql": "SELECT 2"},
		"a name without a number": {"001_initial_schema.sql": "SELECT 1", "schema.sql": "SELECT 2"},
		"a number twice":          {"001_initial_schema.sql": "SELECT 1", "1_again.sql": "SELECT 2"},
		"a number too large":      {"001_initial_schema.sql": "SELECT 1", "99999999999999999999_x.sql": "SELECT 2"},
		"a word for the way":      {"001_initial_schema.sql": "SELECT 1", "002_x_down.sql": "SELECT 2"},
		"an empty file":           {"001_initial_schema.sql": "-- later"},
	} {
		_, err := migration.Read(folder(t, files))
		problem, ok := errors.AsType[*migration.FileProblem](err)
		if !ok || problem.Path == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestATitleThatEndsInUpOrDown is no way of a file by itself. One that ends in down
// is not run upwards all the same, and only that one is refused.
func TestATitleThatEndsInUpOrDown(t *testing.T) {
	files := map[string]string{"001_initial_schema.sql": "SELECT 1", "002_users.sql": "SELECT 2", "003_scale_up.sql": "SELECT 3"}
	set, err := migration.Read(folder(t, files))
	if err != nil || len(set.List) != 3 || set.List[2].Up.Name != "003_scale_up.sql" {
		t.Fatalf("%+v, %v", set, err)
	}
	files["004_scale_down.sql"] = "SELECT 4"
	_, err = migration.Read(folder(t, files))
	if problems := migration.Problems(err); len(problems) != 1 || !strings.Contains(problems[0].Error(), "004_scale_down.sql: it would run as a file that goes up, and its title ends in down: give it another title") {
		t.Errorf("%v", err)
	}
	_, err = migration.Read(folder(t, map[string]string{"001_a_up.sql": "SELECT 1", "001_a_down.sql": "SELECT 2", "002_b.sql": "SELECT 3"}))
	if err == nil || !strings.Contains(err.Error(), "001_a_down.sql: golang-migrate would skip it without a word: rename it to 001_a.down.sql") {
		t.Errorf("%v", err)
	}
}

func TestMissingNumbersAreSaid(t *testing.T) {
	for name, tt := range map[string]struct{ versions, want []string }{
		"none":         {[]string{"1", "2", "3"}, nil},
		"one":          {[]string{"1", "3"}, []string{"there is no version 2 between 1 and 3"}},
		"some":         {[]string{"1", "4"}, []string{"there are no versions 2 to 3 between 1 and 4"}},
		"times of day": {[]string{"20240101000000", "20240102000000"}, nil},
	} {
		files := map[string]string{}
		for _, v := range tt.versions {
			files[v+"_a.up.sql"], files[v+"_a.down.sql"] = "SELECT 1", "SELECT 1"
		}
		set, err := migration.Read(folder(t, files))
		if have := migration.Gaps(set); err != nil || !slices.Equal(have, tt.want) {
			t.Errorf("%s: %q, %v", name, have, err)
		}
	}
}
