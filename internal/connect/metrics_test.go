package connect_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/config"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/prometheus"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/scrape"
)

const slots = `
slots:
  blue: { services: { backend: "http://127.0.0.1:18081" } }
  green: { services: { backend: "http://127.0.0.1:18082" } }
`

func TestWhereTheMetricsComeFrom(t *testing.T) {
	t.Parallel()
	const server, own = "prometheus: { url: \"http://127.0.0.1:9090\" }\n", "scrape: { services: [backend] }\n"
	for name, c := range map[string]struct {
		text string
		pace time.Duration
		err  string
	}{
		"a Prometheus server":           {slots + server, 15 * time.Second, ""},
		"the slots themselves":          {slots + own, 5 * time.Second, ""},
		"nothing":                       {slots, 0, "prometheus.url is missing"},
		"both":                          {slots + server + own, 0, "want one source of metrics"},
		"a service that is not there":   {slots + "scrape: { services: [api] }\n", 0, `slots.blue.services has no address of "api"`},
		"one slot only":                 {"scrape: { green: [\"http://127.0.0.1:9\"] }\n", 0, "the blue slot has no target"},
		"an address that is not one":    {"scrape: { green: [nowhere] }\n", 0, `"nowhere"`},
		"a window of less than scrapes": {slots + "scrape: { services: [backend], interval: 40s }\n", 0, "shorter than 4 scrape intervals"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sections := []string{"slots", "prometheus", "scrape", "gates", "shift"}
			file, err := config.Load(func(string) (string, bool) { return "", false }, sections, config.Source{Name: "bluegreen.yml", Text: c.text})
			job := &action.Job{Config: file}
			if err == nil {
				_, err = connect.Gates(job)
			}
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) || release.ExitStatus(err) != 2 {
					t.Errorf("%v: want %q in it, and status 2", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			source, _ := connect.Metrics(job)
			_, isServer := source.(*prometheus.Server)
			_, isOurs := source.(*scrape.Scraper)
			if got := connect.Pace(job).Scrape; got != c.pace || isServer == isOurs {
				t.Errorf("%T, scraped every %v: want %v", source, got, c.pace)
			}
		})
	}
}

var block = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// The examples of the documentation are configurations.
func TestTheExamplesOfTheDocumentation(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/gates.md")
	if err != nil {
		t.Fatal(err)
	}
	found := block.FindAllStringSubmatch(string(text), -1)
	if len(found) != 3 {
		t.Fatalf("%d examples, want those of a server, of the slots themselves, and of rules", len(found))
	}
	for _, source := range found[:2] {
		sections := []string{"slots", "prometheus", "scrape", "gates", "shift"}
		all := config.Source{Name: "docs/gates.md", Text: source[1] + found[2][1]}
		file, err := config.Load(func(string) (string, bool) { return "", false }, sections, all)
		if err != nil {
			t.Fatal(err)
		}
		watch, err := connect.Gates(&action.Job{Config: file})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range watch.Rules() {
			if !strings.Contains(string(text), r.Name) {
				t.Errorf("the documentation does not name %s", r.Name)
			}
		}
	}
}
