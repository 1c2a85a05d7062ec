package scrape_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/scrape"
)

const token = "hunter2-hunter2"

// settings leave a slow machine time for a scrape, and no round comes by itself but
// the first.
func settings() scrape.Settings {
	return scrape.Settings{Path: "/metrics", Interval: time.Hour, Timeout: time.Minute}
}

// speaking is a process whose metrics are what it answers.
func speaking(t testing.TB, answer http.HandlerFunc) string {
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return server.URL
}

func saying(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }
}

// scraper watches green, with a blue that is always well.
func scraper(t testing.TB, s scrape.Settings, green http.HandlerFunc) *scrape.Scraper {
	t.Helper()
	x, err := scrape.New(s, []scrape.Target{
		{Slot: release.Green, Job: "app", URL: speaking(t, green)}, {Slot: release.Blue, Job: "app", URL: speaking(t, saying("x 1\n"))},
	}, "slot")
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// values is what a query has, one value after the other; "" for none.
func values(t testing.TB, x *scrape.Scraper, query string) string {
	t.Helper()
	r, err := x.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, s := range r.Series {
		all = append(all, fmt.Sprint(s.Value))
	}
	return strings.Join(all, " ")
}

func TestWhatATargetSays(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer      http.HandlerFunc
		query, want string
	}{
		"a number":                       {saying("x 7\n"), `x{slot="green"}`, "7"},
		"a process is up":                {saying("x 7\n"), `up{slot="green",job="app",instance=~".+:[0-9]+"}`, "1"},
		"its own time is not believed":   {saying("x 7 1000\n"), `x{slot="green"}`, "7"},
		"its labels do not hide ours":    {saying("x{slot=\"blue\"} 7\n"), `x{slot="green",exported_slot="blue"}`, "7"},
		"a histogram has one form of le": {saying("# TYPE h histogram\nh_bucket{le=\"2\"} 3\nh_bucket{le=\"+Inf\"} 4\nh_sum 1\nh_count 4\n"), `sum(h_bucket{le=~"2|2[.]0"})`, "3"},
		"OpenMetrics":                    {openMetrics, `y_total{slot="green"}`, "3"},
		"an empty page":                  {saying(""), `up{slot="green"}`, "1"},
		"no metrics at all":              {saying("<html>"), `up{slot="green"}`, "0"},
		"a page that breaks off":         {saying("x 7\ny{a="), `up{slot="green"} or x{slot="green"}`, "0"},
		"an error":                       {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, `up{slot="green"}`, "0"},
		"a redirect":                     {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }, `up{slot="green"}`, "0"},
		"too many series":                {many(10_001), `up{slot="green"} or x{slot="green"}`, "0"},
		"as many as there may be":        {many(10_000), `count(x{slot="green",n!=""})`, "10000"},
		"too long an answer":             {saying(strings.Repeat("# x\n", 5<<20)), `up{slot="green"}`, "0"},
		"a stale marker of its own":      {saying("x NaN\n"), `count(x{slot="green"})`, "1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := values(t, scraper(t, settings(), c.answer), c.query); got != c.want {
				t.Errorf("%s is %q, want %q", c.query, got, c.want)
			}
		})
	}
}

func TestAnAnswerThatDoesNotComeInTime(t *testing.T) {
	t.Parallel()
	s := settings()
	s.Timeout = 5 * time.Second
	x := scraper(t, s, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	if got := values(t, x, `up{slot="green"}`); got != "0" {
		t.Errorf("up is %q, want 0", got)
	}
}

func openMetrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8")
	fmt.Fprint(w, "# TYPE y counter\ny_total 3.0\n# EOF\n")
}

func many(n int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := range n {
			fmt.Fprintf(w, "x{n=\"%d\"} 1\n", i)
		}
	}
}

func TestWhatIsGoneIsGoneAtOnce(t *testing.T) {
	t.Parallel()
	var text atomic.Value
	text.Store("x 1\ny 1\n")
	x := scraper(t, settings(), func(w http.ResponseWriter, r *http.Request) {
		if text.Load() == "" {
			w.WriteHeader(503)
		}
		fmt.Fprint(w, text.Load())
	})
	step := func(now, want string) {
		t.Helper()
		text.Store(now)
		time.Sleep(2 * time.Millisecond) // two scrapes of one millisecond would be one
		x.Round()
		if got := values(t, x, `count({slot="green",__name__=~"x|y"}) or vector(0)`); got != want {
			t.Errorf("after %q: %s series, want %s", now, got, want)
		}
	}
	step("x 1\ny 1\n", "2")
	step("x 1\n", "1")
	step("x 1\ny 2\n", "2")
	step("", "0")
	step("x 1\n", "1")
	if got := values(t, x, `y{slot="green"} or up{slot="green"}`); got != "1" {
		t.Errorf("%q", got)
	}
}

func TestAQueryThatIsRefused(t *testing.T) {
	t.Parallel()
	x := scraper(t, settings(), saying("x 1\n"))
	for query, want := range map[string]string{"x[5m]": `"matrix"`, `"text"`: `"string"`, "sum(x": "parse error", "rate(x)": "expected type"} {
		if _, err := x.Query(t.Context(), query); !errors.Is(err, gate.ErrQuery) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v: want %q in it, and the query at fault", query, err, want)
		}
	}
	ended, end := context.WithCancelCause(t.Context())
	end(errors.New("the shift has ended"))
	if _, err := x.Query(ended, "x"); err == nil || errors.Is(err, gate.ErrQuery) || !strings.Contains(err.Error(), "the shift has ended") {
		t.Errorf("%v", err)
	}
}

func TestTheTokenIsSentAndNotShown(t *testing.T) {
	t.Parallel()
	got := make(chan string, 1)
	s := settings()
	s.Token = token
	x := scraper(t, s, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case got <- r.Header.Get("Authorization"):
		default:
		}
	})
	values(t, x, "up")
	if g := <-got; g != "Bearer "+token {
		t.Errorf("Authorization %q", g)
	}
	if text := fmt.Sprintf("%v %+v", s, s); strings.Contains(text, token) {
		t.Errorf("%s", text)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	x := scraper(t, settings(), saying("x 1\n"))
	x.Limit(1000)
	x.Fill("busy", 4000)
	x.Round()
	if samples, _ := x.Kept(); samples > 1000 {
		t.Errorf("%d samples, want at most 1000", samples)
	}
	if got := values(t, x, "busy"); got != "3999" {
		t.Errorf("the newest is %s, want 3999", got)
	}
	x.Age(2 * time.Hour)
	x.Round()
	if samples, series := x.Kept(); samples != series || series != 4 {
		t.Errorf("%d samples of %d series, want those of the last round: 4", samples, series)
	}
}

func TestScrapingRestsWhenNobodyAsks(t *testing.T) {
	t.Parallel()
	var scrapes atomic.Int64
	s := settings()
	s.Interval, s.Timeout = 20*time.Second, 20*time.Second // of which three are a minute
	x := scraper(t, s, func(w http.ResponseWriter, _ *http.Request) { scrapes.Add(1); fmt.Fprint(w, "x 1\n") })
	if scrapes.Load() != 0 {
		t.Error("it was scraped before anybody asked")
	}
	values(t, x, "x")
	if x.Forget(time.Second) || !x.Forget(59*time.Second) {
		t.Error("want it to rest after a minute, and not before")
	}
	before := scrapes.Load()
	if got := values(t, x, `x{slot="green"}`); got != "1" || scrapes.Load() <= before {
		t.Errorf("asked again: %q, %d scrapes after %d", got, scrapes.Load(), before)
	}
}

func TestATimeoutThatIsNotSetFollowsTheInterval(t *testing.T) {
	t.Parallel()
	for interval, want := range map[time.Duration]time.Duration{100 * time.Millisecond: 100 * time.Millisecond, time.Second: time.Second, 4 * time.Second: 4 * time.Second, time.Minute: 4 * time.Second} {
		s := settings()
		s.Interval, s.Timeout = interval, 0
		if err := s.Check(); err != nil || s.Limit() != want {
			t.Errorf("interval %v: timeout %v, want %v, %v", interval, s.Limit(), want, err)
		}
	}
}

func TestSettingsThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*scrape.Settings)
		want   string
	}{
		"no slash before the path":    {func(s *scrape.Settings) { s.Path = "metrics" }, `scrape.path "metrics"`},
		"no interval":                 {func(s *scrape.Settings) { s.Interval = 0 }, "scrape.interval 0s"},
		"a timeout below nothing":     {func(s *scrape.Settings) { s.Timeout = -1 }, "scrape.timeout -1ns"},
		"a timeout over the interval": {func(s *scrape.Settings) { s.Timeout = 2 * time.Hour }, "scrape.timeout 2h0m0s"},
		"an address without a scheme": {func(s *scrape.Settings) { s.Blue = []string{"10.0.0.7:9100"} }, "want one such as"},
		"a password in an address":    {func(s *scrape.Settings) { s.Green = []string{"http://me:" + token + "@host"} }, "credentials"},
		"a slot without a target":     {func(*scrape.Settings) {}, "the blue slot has no target"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := settings()
			c.change(&s)
			_, err := scrape.New(s, nil, "slot")
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), token) {
				t.Errorf("%v: want %q in it", err, c.want)
			}
			if release.ExitStatus(err) != 2 || release.HintOf(err) == "" {
				t.Errorf("status %d, hint %q", release.ExitStatus(err), release.HintOf(err))
			}
		})
	}
}

func TestTargets(t *testing.T) {
	t.Parallel()
	s := settings()
	s.Services, s.Green = []string{"backend"}, []string{"http://10.0.0.7:9100/metrics"}
	list, err := s.Targets(func(slot release.Slot, service string) string {
		return "http://" + string(slot) + "-" + service + ":8080/"
	})
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(list)
	if want := "[{blue backend http://blue-backend:8080/metrics} {green backend http://green-backend:8080/metrics} {green metrics http://10.0.0.7:9100/metrics}]"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	_, err = s.Targets(func(release.Slot, string) string { return "" })
	if release.ExitStatus(err) != 2 || !strings.Contains(err.Error(), `slots.blue.services has no address of "backend"`) {
		t.Errorf("%v", err)
	}
}

// Whatever a process says, its series are numbers, or it is down.
func FuzzScrape(f *testing.F) {
	f.Add("x{a=\"b\"} 1\n# TYPE y histogram\ny_bucket{le=\"+Inf\"} 2\n")
	f.Add("{\"a.b\",c=\"d\"} NaN 123\nup 3\n")
	f.Fuzz(func(t *testing.T, text string) {
		x := scraper(t, settings(), saying(text))
		x.Round()
		if got := values(t, x, `count(up{job="app"})`); got != "2" {
			t.Errorf("%q: %s processes, want 2", text, got)
		}
	})
}

// One round of two targets of 2,000 series each, and one question over them.
func BenchmarkScrape(b *testing.B) {
	x := scraper(b, settings(), many(2000))
	for b.Loop() {
		x.Round()
		values(b, x, `sum(x{slot="green"}) by (slot)`)
	}
}
