package smoke_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/smoke"
)

const token = "hunter2-hunter2"

// check is one that a healthy candidate passes.
func check(change func(*smoke.Check)) smoke.Check {
	c := smoke.Check{Name: "c", Service: "backend", Path: "/health", Repeat: 1, Expect: smoke.Expect{Status: []smoke.Status{200}}}
	if change != nil {
		change(&c)
	}
	return c
}

func settings(checks ...smoke.Check) smoke.Settings {
	return smoke.Settings{Checks: checks, Timeout: 20 * time.Second, Parallel: 4}
}

// candidate serves what the checks of these tests ask for.
func candidate(t *testing.T) map[string]string {
	mux := http.NewServeMux()
	mux.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"status":"healthy","n":3,"big":0.5,"list":[1,2]}`)
	})
	mux.HandleFunc("/bad", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no database", http.StatusServiceUnavailable)
	})
	mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>log in</html>") })
	mux.HandleFunc("/cut", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "9")
		fmt.Fprint(w, "{")
	})
	mux.HandleFunc("/large", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat("x", 2<<20), "needle") })
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://example.com", http.StatusFound)
	})
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Echo", r.Header.Get("Authorization"))
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprint(w, strings.Repeat("-", 195), r.Header.Get("Authorization"), r.Host, r.Method)
	})
	mux.HandleFunc("/hang", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("/hostile", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprint(w, "\x1b[2J\x00\xff\xfe::error::\n", strings.Repeat("\x1b]0;x\a", 100_000))
	})
	mux.HandleFunc("/post", func(w http.ResponseWriter, r *http.Request) {
		if text := make([]byte, 4); r.Method == http.MethodPost {
			_, _ = r.Body.Read(text)
			w.WriteHeader(http.StatusCreated)
			fmt.Fprintf(w, "%s of %s", text, r.Host)
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return map[string]string{"backend": server.URL + "/"}
}

func TestAnAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*smoke.Check)
		status int
		want   string // in the error; empty when it passes
	}{
		"the right one":                  {nil, 200, ""},
		"another status":                 {func(c *smoke.Check) { c.Path = "/bad" }, 503, `status 503: want [200], body "no database\n"`},
		"one status of several":          {func(c *smoke.Check) { c.Path, c.Expect.Status = "/bad", []smoke.Status{200, 503} }, 503, ""},
		"a JSON value":                   {json(".status", "healthy"), 200, ""},
		"a JSON number":                  {json(".n", 3), 200, ""},
		"a JSON fraction":                {json(".big", 0.5), 200, ""},
		"a JSON list":                    {json(".list", []any{1, 2}), 200, ""},
		"a computed JSON value":          {json("(.list | length) == 2", true), 200, ""},
		"another JSON value":             {json(".status", "ready"), 200, `json .status is "\"healthy\"": want ready`},
		"a JSON number as a text":        {json(".n", "3"), 200, `json .n is "3": want 3`},
		"a missing JSON value":           {json(".db", "connected"), 200, `json .db is "null": want connected`},
		"nothing found in JSON":          {json(".list[] | select(. > 5)", 6), 200, "finds nothing"},
		"several values found in JSON":   {json(".list[]", 1), 200, "finds more than one value"},
		"JSON of another shape":          {json(".status.db", "x"), 200, "cannot be evaluated"},
		"JSON without the environment":   {json("$ENV | length", 0), 200, ""},
		"a page instead of JSON":         {func(c *smoke.Check) { json(".status", "healthy")(c); c.Path = "/page" }, 200, "body is no JSON"},
		"a text in the body":             {func(c *smoke.Check) { c.Path, c.Expect.BodyContains = "/page", "log in" }, 200, ""},
		"no such text in the body":       {func(c *smoke.Check) { c.Path, c.Expect.BodyContains = "/page", "MailBlast" }, 200, `body without "MailBlast"`},
		"a redirect, not followed":       {func(c *smoke.Check) { c.Path = "/moved" }, 302, "status 302"},
		"a redirect to the right place":  {moved("https://example.com"), 302, ""},
		"a redirect to the wrong place":  {moved("https://example.org"), 302, `header Location is "https://example.com": want "https://example.org"`},
		"an answer that is cut off":      {func(c *smoke.Check) { c.Path = "/cut" }, 200, "the answer is cut off"},
		"a large body nobody looks into": {func(c *smoke.Check) { c.Path = "/large" }, 200, ""},
		"a body too large to look into":  {func(c *smoke.Check) { c.Path, c.Expect.BodyContains = "/large", "needle" }, 200, "body of more than 1048576 bytes"},
		"an answer that takes too long":  {func(c *smoke.Check) { c.Expect.MaxLatency = 1 }, 200, "want at most 1ns"},
		"a body that is sent":            {post("body"), 201, ""},
		"a host that is sent": {func(c *smoke.Check) {
			post("body")(c)
			c.Headers = map[string]release.Secret{"host": "shop.test"}
			c.Expect.BodyContains = "body of shop.test"
		}, 201, ""},
		"an unknown address": {func(c *smoke.Check) { c.Service, c.URL = "", "http://127.0.0.1:1" }, 0, "connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report, err := settings(check(c.change)).Run(t.Context(), candidate(t), new(release.Findings))
			if len(report.Results) != 1 {
				t.Fatalf("%d results, %v", len(report.Results), err)
			}
			one := report.Results[0]
			if one.Status != c.status || (one.Err == nil) != (c.want == "") || (err == nil) != (c.want == "") {
				t.Errorf("status %d, %v: want %d and %q", one.Status, one.Err, c.status, c.want)
			}
			if one.Err != nil && !strings.Contains(one.Err.Error(), c.want) {
				t.Errorf("%v: want %q in it", one.Err, c.want)
			}
			if err != nil && release.ExitStatus(err) != 1 {
				t.Errorf("exit status %d", release.ExitStatus(err))
			}
		})
	}
}

func json(expression string, want any) func(*smoke.Check) {
	return func(c *smoke.Check) { c.Expect.JSON = map[string]any{expression: want} }
}

func moved(to string) func(*smoke.Check) {
	return func(c *smoke.Check) {
		c.Path, c.Expect.Status, c.Expect.Headers = "/moved", []smoke.Status{302, 307}, map[string]string{"Location": to}
	}
}

func post(body string) func(*smoke.Check) {
	return func(c *smoke.Check) {
		c.Path, c.Method, c.Body = "/post", "POST", body
		c.Expect.Status, c.Expect.BodyContains = []smoke.Status{201}, body
	}
}

func TestAHostileAnswerIsQuoted(t *testing.T) {
	t.Parallel()
	report, err := settings(check(func(c *smoke.Check) { c.Path = "/hostile" })).Run(t.Context(), candidate(t), new(release.Findings))
	text := err.Error()
	if !strings.Contains(text, `"\x1b[2J\x00\xff\xfe::error::\n`) || strings.ContainsAny(text, "\x1b\x00\a") || len(text) > 1500 {
		t.Errorf("%q", text)
	}
	xml, err := report.JUnit()
	if err != nil || strings.ContainsAny(string(xml), "\x1b\x00\a") {
		t.Errorf("%v: %q", err, xml)
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	t.Parallel()
	services := candidate(t)
	c := check(func(c *smoke.Check) {
		c.Path = "/echo?token=" + token
		c.Headers = map[string]release.Secret{"Authorization": "Bearer " + token}
		c.Expect.Headers = map[string]string{"X-Echo": "something else"}
		c.Expect.JSON = map[string]any{".": 1}
	})
	hidden := c
	hidden.Name, hidden.Service, hidden.URL = "d", "", strings.Replace(services["backend"], "://", "://me:"+token+"@", 1)
	found := new(release.Findings)
	c.Evidence, hidden.Evidence = []string{"B.4.s3"}, []string{"B.4.v4"}
	report, err := settings(c, hidden).Run(t.Context(), services, found)
	xml, xmlErr := report.JUnit()
	for _, text := range []string{err.Error(), string(xml), fmt.Sprint(found.List())} {
		if strings.Contains(text, token[:7]) { // nor a part of it, where an answer was cut
			t.Errorf("%s", text)
		}
	}
	if xmlErr != nil || !strings.Contains(err.Error(), "***") {
		t.Errorf("%v, %v", err, xmlErr)
	}
}

func TestNothingToAskIsNoPass(t *testing.T) {
	t.Parallel()
	services := map[string]string{"backend": "http://127.0.0.1:1"}
	for name, c := range map[string]struct {
		settings smoke.Settings
		want     string
	}{
		"no checks":               {settings(), "smoke.checks is empty"},
		"no critical checks":      {settings(check(nil)).Critical(), "smoke.checks is empty"},
		"a service without host":  {settings(check(func(c *smoke.Check) { c.Service = "worker" })), `service "worker" has no address`},
		"two of one name":         {settings(check(nil), check(nil)), `"c" is there twice`},
		"no time":                 {smoke.Settings{Checks: []smoke.Check{check(nil)}, Parallel: 1}, "timeout 0s"},
		"none at once":            {smoke.Settings{Checks: []smoke.Check{check(nil)}, Timeout: 1}, "parallel 0"},
		"no name":                 {settings(check(func(c *smoke.Check) { c.Name = "" })), "name is missing"},
		"neither service nor url": {settings(check(func(c *smoke.Check) { c.Service = "" })), "want one of them"},
		"service and url":         {settings(check(func(c *smoke.Check) { c.URL = "http://h" })), "want one of them"},
		"a url that is none":      {settings(check(func(c *smoke.Check) { c.Service, c.URL = "", "h:80" })), "want an address"},
		"a path from nowhere":     {settings(check(func(c *smoke.Check) { c.Path = "health" })), `path "health"`},
		"an odd method":           {settings(check(func(c *smoke.Check) { c.Method = "GET /" })), `method "GET /"`},
		"an odd header":           {settings(check(func(c *smoke.Check) { c.Headers = map[string]release.Secret{"A": "b\r\nC: d"} })), "in one line"},
		"no status":               {settings(check(func(c *smoke.Check) { c.Expect.Status = nil })), "expect.status is empty"},
		"an odd expression":       {settings(check(json(".a | nonsense(", 1))), "want a jq expression"},
		"an unknown function":     {settings(check(json("nonsense", 1))), "want a jq expression"},
		"asked never":             {settings(check(func(c *smoke.Check) { c.Repeat = 0 })), "repeat 0"},
		"a negative limit":        {settings(check(func(c *smoke.Check) { c.Expect.MaxLatency = -1 })), "max-latency"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := new(release.Findings)
			report, err := c.settings.Run(t.Context(), services, found)
			if err == nil || !strings.Contains(err.Error(), c.want) || release.ExitStatus(err) != 2 || len(report.Results) != 0 {
				t.Errorf("%v: want %q in it", err, c.want)
			}
			if len(found.List()) != 0 {
				t.Errorf("shown: %v", found.List())
			}
		})
	}
	if err := (smoke.Report{}).Err(); release.ExitStatus(err) != 2 {
		t.Errorf("a report of nothing: %v", err)
	}
}

// Whatever an answer says, what is said about it is short, printable, and
// without the token that was sent.
func FuzzAnswer(f *testing.F) {
	f.Add(503, []byte("\x1b[2J\x00 Bearer "+token))
	f.Add(200, []byte(`{"status":{"a":[1e999]}}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		c := check(json(".status", "healthy"))
		c.Expect.BodyContains = "x"
		c.Headers = map[string]release.Secret{"Authorization": "Bearer " + token}
		err := c.Differs(status, body)
		if err == nil {
			return
		}
		if text := err.Error(); len(text) > 1200 || strings.Contains(text, token) || strings.ContainsFunc(text, unprintable) {
			t.Fatalf("%q", text)
		}
	})
}

func unprintable(r rune) bool { return r != '\n' && !strconv.IsPrint(r) }
