package prometheus_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/prometheus"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

const password = "hunter2-hunter2"

func settings(url string) prometheus.Settings {
	return prometheus.Settings{URL: url, Timeout: 20 * time.Second, ScrapeInterval: time.Second}
}

// speaking is a server that gives one answer.
func speaking(t *testing.T, status int, body string) prometheus.Settings {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(server.Close)
	return settings(server.URL)
}

func TestAnAnswer(t *testing.T) {
	t.Parallel()
	const vector = `{"status":"success","data":{"resultType":"vector","result":[%s]}%s}`
	one := fmt.Sprintf(vector, `{"metric":{"slot":"green"},"value":[1700000000.5,"0.25"]}`, "")
	at := time.UnixMilli(1_700_000_000_500)
	for name, c := range map[string]struct {
		body     string
		values   []float64
		warnings int
	}{
		"a vector":                     {one, []float64{0.25}, 0},
		"a scalar":                     {`{"status":"success","data":{"resultType":"scalar","result":[1700000000.5,"7"]}}`, []float64{7}, 0},
		"several series":               {fmt.Sprintf(vector, `{"metric":{},"value":[1700000000.5,"1"]},{"metric":{},"value":[1700000000.5,"2"]}`, ""), []float64{1, 2}, 0},
		"with a warning":               {fmt.Sprintf(vector, `{"metric":{},"value":[1700000000.5,"1"]}`, `,"warnings":["odd"]`), []float64{1}, 1},
		"an information is no warning": {fmt.Sprintf(vector, `{"metric":{},"value":[1700000000.5,"1"]}`, `,"infos":["a name"]`), []float64{1}, 0},
		"infinity, as written":         {fmt.Sprintf(vector, `{"metric":{},"value":[1700000000.5,"+Inf"]}`, ""), []float64{math.Inf(1)}, 0},
		"a number too large":           {fmt.Sprintf(vector, `{"metric":{},"value":[1700000000.5,"1e999"]}`, ""), []float64{math.Inf(1)}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, err := prometheus.New(speaking(t, 200, c.body))
			if err != nil {
				t.Fatal(err)
			}
			r, err := server.Query(t.Context(), "x")
			if err != nil || len(r.Series) != len(c.values) || len(r.Warnings) != c.warnings || !r.At.Equal(at) {
				t.Fatalf("%+v, %v", r, err)
			}
			for i, v := range c.values {
				if r.Series[i].Value != v {
					t.Errorf("%v, want %v", r.Series[i].Value, v)
				}
			}
		})
	}
}

func TestAnEmptyAnswerHasTheServersTime(t *testing.T) {
	t.Parallel()
	server, err := prometheus.New(speaking(t, 200, `{"status":"success","data":{"resultType":"vector","result":[]}}`))
	if err != nil {
		t.Fatal(err)
	}
	r, err := server.Query(t.Context(), "x")
	if err != nil || len(r.Series) != 0 || time.Since(r.At).Abs() > time.Hour {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestAnAnswerThatIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		query  bool // the query is at fault
		want   string
	}{
		"a range":                {200, `{"status":"success","data":{"resultType":"matrix","result":[]}}`, true, `"matrix"`},
		"a text":                 {200, `{"status":"success","data":{"resultType":"string","result":[1,"x"]}}`, true, `"string"`},
		"a native histogram":     {200, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"histogram":[1,{}]}]}}`, true, "native histogram"},
		"a query that is wrong":  {400, `{"status":"error","errorType":"bad_data","error":"1:4: parse error"}`, true, "400 Bad Request: 1:4: parse error"},
		"a query that cannot be": {422, `{"status":"error","errorType":"execution","error":"many-to-many matching"}`, true, "many-to-many"},
		"too slow a query":       {503, `{"status":"error","errorType":"timeout","error":"query timed out"}`, false, "503 Service Unavailable: query timed out"},
		"a refused user":         {401, "who are you", false, "401 Unauthorized"},
		"an error as success":    {200, `{"status":"error","error":"x"}`, false, `status "error"`},
		"a page":                 {200, "<html>", false, "not that of a Prometheus"},
		"nothing":                {200, "", false, "not that of a Prometheus"},
		"a redirect":             {302, "", false, "302"},
		"no number":              {200, `{"status":"success","data":{"resultType":"scalar","result":[1700000000,"lots"]}}`, false, "no number"},
		"no time":                {200, `{"status":"success","data":{"resultType":"scalar","result":["now","1"]}}`, false, "time of a value"},
		"an impossible time":     {200, `{"status":"success","data":{"resultType":"scalar","result":[1e300,"1"]}}`, false, "time of a value"},
		"an empty scalar":        {200, `{"status":"success","data":{"resultType":"scalar","result":null}}`, false, "scalar"},
		"a hostile message":      {400, `{"status":"error","errorType":"bad_data","error":"\u001b[2J` + strings.Repeat("x", 5000) + `"}`, true, "[2Jxxx"},
		"more than 8 MiB":        {200, strings.Repeat(" ", 9<<20), false, "8 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, err := prometheus.New(speaking(t, c.status, c.body))
			if err != nil {
				t.Fatal(err)
			}
			_, err = server.Query(t.Context(), "x")
			if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, gate.ErrQuery) != c.query {
				t.Errorf("%v: want %q in it, the query at fault: %v", err, c.want, c.query)
			}
			if err != nil && (strings.ContainsRune(err.Error(), '\x1b') || len(err.Error()) > 600) {
				t.Errorf("%q is not fit to print", err)
			}
		})
	}
}

func TestCredentialsAreSentAndNotShown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*prometheus.Settings)
		want   string
	}{
		"a token":    {func(s *prometheus.Settings) { s.Token = password }, "Bearer " + password},
		"a password": {func(s *prometheus.Settings) { s.User, s.Password = "me", password }, "Basic bWU6aHVudGVyMi1odW50ZXIy"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ""
			elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				t.Errorf("a redirect was followed to %s", r.URL)
			}))
			defer elsewhere.Close()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				got = r.Header.Get("Authorization")
				http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
			}))
			defer server.Close()
			s := settings(server.URL)
			c.change(&s)
			p, err := prometheus.New(s)
			if err != nil {
				t.Fatal(err)
			}
			_, err = p.Query(t.Context(), "x")
			if err == nil || strings.Contains(err.Error(), password) || !strings.Contains(err.Error(), "redirects") {
				t.Errorf("%v", err)
			}
			if got != c.want {
				t.Errorf("Authorization %q, want %q", got, c.want)
			}
		})
	}
}

func TestSettingsThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*prometheus.Settings)
		want   string
	}{
		"no address":                            {func(s *prometheus.Settings) { s.URL = "" }, "prometheus.url is missing"},
		"no scheme":                             {func(s *prometheus.Settings) { s.URL = "prometheus:9090" }, "want an address"},
		"another scheme":                        {func(s *prometheus.Settings) { s.URL = "unix:///run/x" }, "want an address"},
		"a password in the address":             {func(s *prometheus.Settings) { s.URL = "http://me:" + password + "@host" }, "credentials"},
		"a password in an address that is none": {func(s *prometheus.Settings) { s.URL = "http://me:" + password + "@host:port" }, "want an address"},
		"a query in the address":                {func(s *prometheus.Settings) { s.URL += "?token=" + password }, "query"},
		"a token and a user":                    {func(s *prometheus.Settings) { s.Token, s.User = password, "me" }, "want one of them"},
		"a password without a user":             {func(s *prometheus.Settings) { s.Password = password }, "without prometheus.user"},
		"no time":                               {func(s *prometheus.Settings) { s.Timeout = 0 }, "prometheus.timeout 0s"},
		"no scrape interval":                    {func(s *prometheus.Settings) { s.ScrapeInterval = -1 }, "prometheus.scrape-interval"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := settings("http://127.0.0.1:9090")
			c.change(&s)
			_, err := prometheus.New(s)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), password) {
				t.Errorf("%v: want %q in it", err, c.want)
			}
			if release.ExitStatus(err) != 2 || release.HintOf(err) == "" {
				t.Errorf("status %d, hint %q", release.ExitStatus(err), release.HintOf(err))
			}
		})
	}
}

func TestAServerThatHangs(t *testing.T) {
	t.Parallel()
	over := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-over:
		case <-r.Context().Done():
		}
	}))
	defer server.Close()
	defer close(over)
	s := settings(server.URL)
	s.Timeout = 50 * time.Millisecond
	p, err := prometheus.New(s)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Query(t.Context(), "x"); err == nil || !strings.Contains(err.Error(), "no answer in time") {
		t.Errorf("%v", err)
	}
	ended, end := context.WithCancelCause(t.Context())
	end(errors.New("the shift has ended"))
	if _, err := p.Query(ended, "x"); err == nil || !strings.Contains(err.Error(), "the shift has ended") {
		t.Errorf("%v", err)
	}
}

// Whatever a server says, it is numbers with a time, or an error.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"b"},"value":[1.5,"NaN"]}]},"warnings":["w"]}`))
	f.Add([]byte(`{"status":"success","data":{"resultType":"scalar","result":[1700000000,"1e999"]}}`))
	f.Add([]byte(`{"status":"success","data":{"resultType":"vector","result":[{"value":null}]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := prometheus.Decode(body)
		if err != nil {
			return
		}
		for _, s := range r.Series {
			if s.At.IsZero() || r.At.IsZero() {
				t.Fatalf("%+v of %q has no time", r, body)
			}
		}
	})
}
