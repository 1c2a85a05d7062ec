package demo_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bluegreen-actions/bluegreen/internal/demo"
)

const (
	filling = `{"version":"4","applied":"3","filled":"21037","batches":"24","left":"14","contracted":"0","held":"3","verdict":"passed",
		"evidence":"[{\"id\":\"3.1.3c\",\"status\":\"passed\",\"observed\":\"1_must.up.sql waits: release shop-1\"}]"}`
	contracting = `{"version":"4","applied":"0","filled":"0","batches":"0","left":"0","contracted":"3","held":"0","verdict":"passed",
		"evidence":"[{\"id\":\"3.1.3c\",\"status\":\"passed\",\"observed\":\"ran 1_must.up.sql: release shop-2\"}]"}`
)

func TestTheReportSaysWhatBecameOfTheDatabase(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		migrate, finalize       string
		fills, holds, contracts int
		want                    []string
		wrong                   string
	}{
		"one fills and holds": {filling, `{"filled":"2063"}`, 20000, 3, 0, []string{
			"21037 rows filled in 24 batches while the version before was live, 14 left",
			"2063 rows swept that the version before had left, once it was idle",
			"3 contract files held: 1_must.up.sql waits: release shop-1",
		}, ""},
		"one contracts, and is taken back": {contracting, "", 0, 0, 3, []string{"3 contract files applied: ran 1_must.up.sql: release shop-2"}, ""},
		"nothing was held":                 {contracting, "", 0, 3, 0, nil, "v2.0.0 held 0 contract files and applied 3: want 3 and 0"},
		"nothing was left":                 {filling, `{"filled":"0"}`, 20000, 3, 0, nil, "v2.0.0 found no row that the version before had left behind the backfill"},
		"too few were filled":              {filling, `{"filled":"1"}`, 30000, 3, 0, nil, "v2.0.0 filled 21037 rows in 24 batches: want at least 30000 in 5"},
		"no outputs":                       {"", "", 0, 0, 0, nil, "migrate has left no outputs"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for phase, text := range map[string]string{"migrate": c.migrate, "finalize": c.finalize} {
				leave(t, filepath.Join(dir, phase, phase+".outputs.json"), text)
			}
			lines, err := demo.Told(dir, c.finalize == "", c.fills, c.holds, c.contracts)
			if c.wrong != "" {
				if err == nil || err.Error() != c.wrong {
					t.Errorf("%v", err)
				}
				return
			}
			if diff := cmp.Diff(c.want, lines); diff != "" || err != nil {
				t.Errorf("%v %s", err, diff)
			}
		})
	}
}

// leave writes an artifact, unless it is empty.
func leave(t *testing.T, path, text string) {
	t.Helper()
	if text == "" {
		return
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
