package connect_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/config"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/lab"
)

// pause is what a backfill is told, with these metrics and this query.
func pause(t *testing.T, metrics, query string) (string, error) {
	t.Helper()
	text := metrics + fmt.Sprintf("database: { backfill: { pause-while: %q } }\n", query)
	file, err := config.Load(func(string) (string, bool) { return "", false }, []string{"slots", "prometheus", "scrape", "gates", "shift", "database"}, config.Source{Name: "bluegreen.yml", Text: text})
	if err != nil {
		t.Fatal(err)
	}
	ask, err := connect.Pause(&action.Job{Config: file})
	if err != nil {
		return "", err
	}
	if ask == nil {
		return "nobody is asked", nil
	}
	return ask(t.Context())
}

func TestWhenABackfillPauses(t *testing.T) {
	t.Parallel()
	server := lab.Prometheus(t, "global: {scrape_interval: 1h}\n")
	up := fmt.Sprintf("prometheus: { url: %q }\n", server.URL)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for name, c := range map[string]struct{ metrics, query, why, err string }{
		"no query":               {"", "", "nobody is asked", ""},
		"nothing returned":       {up, "vector(1) > 2", "", ""},
		"something returned":     {up, "vector(3) > 2", "database.backfill.pause-while, vector(3) > 2: 3", ""},
		"a query that is none":   {up, "vector(", "", "database.backfill.pause-while: "},
		"no source of metrics":   {"", "vector(1)", "", "prometheus.url is missing"},
		"a source that is gone":  {fmt.Sprintf("prometheus: { url: %q }\n", gone.URL), "vector(1) > 2", "the metrics cannot be asked: ", ""},
		"a source that says no ": {fmt.Sprintf("prometheus: { url: %q }\n", server.URL+"/nowhere"), "vector(1) > 2", "the metrics cannot be asked: ", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			why, err := pause(t, c.metrics, c.query)
			if !strings.HasPrefix(why, c.why) || c.why == "" && why != "" || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("%q, %v: want %q, %q", why, err, c.why, c.err)
			}
		})
	}
}
