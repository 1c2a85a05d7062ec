package diagnosis_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/diagnosis"
)

func TestNothingThatIsDownHidesWhatIsUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin, forever := time.Now(), make(chan struct{})
		defer close(forever)
		see := func(name string, f func(ctx context.Context, s *diagnosis.Shelf) (string, error)) diagnosis.Look {
			return diagnosis.Look{Name: name, See: f}
		}
		seen := diagnosis.Collect(t.Context(), []diagnosis.Look{
			see("up", func(_ context.Context, s *diagnosis.Shelf) (string, error) {
				s.Put("a.txt", "ann@example.org called")
				return "well", nil
			}),
			see("down", func(_ context.Context, s *diagnosis.Shelf) (string, error) {
				s.Put("half.txt", "half of it")
				return "", errors.New("connection refused by redis://me:hunter2@host:1")
			}),
			see("silent", func(ctx context.Context, _ *diagnosis.Shelf) (string, error) {
				<-ctx.Done()
				return "", context.Cause(ctx)
			}),
			see("deaf", func(_ context.Context, s *diagnosis.Shelf) (string, error) {
				s.Put("early.txt", "seen")
				<-forever
				s.Put("late.txt", "too late")
				return "", nil
			}),
			see("faulty", func(context.Context, *diagnosis.Shelf) (string, error) { panic("ours") }),
		})
		if took := time.Since(begin); took != diagnosis.Patience {
			t.Errorf("it took %v, want %v", took, diagnosis.Patience)
		}
		for i, want := range []struct{ says, problem, file string }{
			{"well", "", "<address> called"}, {"", "redis://<account>@host:1", "half of it"}, {"", "no answer within 10s", ""}, {"", "no answer within 10s", "seen"}, {"", "panic: ours", ""},
		} {
			files := ""
			for _, f := range seen[i].Files {
				files += f.Text
			}
			if seen[i].Says != want.says || !strings.Contains(seen[i].Problem, want.problem) || files != want.file {
				t.Errorf("%s: %+v, files %q", seen[i].Name, seen[i], files)
			}
		}
	})
}

func TestABundleHasABoundedSize(t *testing.T) {
	t.Parallel()
	seen := diagnosis.Collect(t.Context(), []diagnosis.Look{{Name: "logs", See: func(_ context.Context, s *diagnosis.Shelf) (string, error) {
		for range 20 {
			s.Put("x.log", strings.Repeat("é", diagnosis.MaxFile)+"the end")
		}
		return "", nil
	}}})
	size := 0
	for _, f := range seen[0].Files {
		size += len(f.Text)
		if len(f.Text) > diagnosis.MaxFile || !f.Cut || !strings.HasSuffix(f.Text, "the end") {
			t.Errorf("%d bytes, cut %t", len(f.Text), f.Cut)
		}
	}
	if size > diagnosis.MaxLook || size == 0 {
		t.Errorf("%d bytes in all", size)
	}
}

func TestRedact(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"mail to ann.o'neil+x@mail.example.org failed": "mail to <address> failed",
		"/unsubscribe?to=ann%40example.org&x=1":        "/unsubscribe?to=<address>&x=1",
		`{"to":"ann\u0040example.org"}`:                `{"to":"<address>"}`,
		"dial redis://:hunter2@10.0.0.1:6379/0":        "dial redis://<account>@10.0.0.1:6379/0",
		"image backend@sha256:abc":                     "image backend@sha256:abc",
		"nobody here":                                  "nobody here",
		"jürgen@müller.example":                        "<address>",
	} {
		if got := diagnosis.Redact(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestTheOutlineOfAJob(t *testing.T) {
	t.Parallel()
	for job, want := range map[string]string{
		`{"type":"email","version":2,"message_id":"m-1","to":"ann@example.org","body":"Dear Ann","attempt":3,"phone":491701234567,"html":true}`: `{"attempt":3,"body":"text of 8 characters","html":true,"message_id":"text of 3 characters","phone":"number","to":"text of 15 characters","type":"email","version":2}`,
		`{"name":"Ann Example"}`:                `{"name":"text of 11 characters"}`,
		`{"type":{"ann@example.org":"x"}}`:      `{"type":{"field of 15 characters":"text of 1 characters"}}`,
		`{"to":["ann@example.org"]}`:            `{"to":"list of 1"}`,
		`Dear Ann`:                              `no JSON, 8 bytes`,
		`{"a":1} trailing text of ann`:          `no JSON, 28 bytes`,
		`"ann@example.org"`:                     `"text of 15 characters"`,
		`{"campaign_id":"c-7","version":"1.0"}`: `{"campaign_id":"c-7","version":"1.0"}`,
	} {
		if got := diagnosis.Outline(job, "campaign_id"); got != want {
			t.Errorf("%s:\n got %s\nwant %s", job, got, want)
		}
	}
}

func TestTheIndexLeadsToEveryFile(t *testing.T) {
	t.Parallel()
	page := diagnosis.Index("Diagnostics", time.Unix(0, 0), []diagnosis.Seen{
		{Name: "blue", Says: "it is `well`\n# not a heading", Files: []diagnosis.File{{Name: "blue/a.log", Text: "x", Cut: true}}},
		{Name: "queue", Problem: "connection refused"}, {Name: "nothing"},
	})
	for _, want := range []string{"# Diagnostics\n", "1970-01-01T00:00:00Z", "`` it is `well` # not a heading ``", "[blue/a.log](blue/a.log) (1 bytes, without its beginning)", "**Trouble:** ` connection refused `", "Nothing was said."} {
		if !strings.Contains(page, want) {
			t.Errorf("want %q in\n%s", want, page)
		}
	}
}

func FuzzOutline(f *testing.F) {
	f.Add(`{"to":"secret-value","type":"email"}`)
	f.Add(`[{"a":["secret-value"]}]`)
	f.Fuzz(func(t *testing.T, job string) {
		marked := strings.ReplaceAll(job, "secret-value", "qqsecretvalueqq@example.org")
		if strings.Contains(diagnosis.Outline(marked), "qqsecretvalueqq") {
			t.Errorf("%q shows what is a customer's: %s", marked, diagnosis.Outline(marked))
		}
	})
}

const scrape = `# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{code="200",route="/api/campaigns"} 12
http_requests_total{code="200",route="/health/ready"} 900
http_requests_total{code="500",route="/api/send"} 3 1700000000000
http_requests_totals{route="/x"} 7
worker_failed_total 0
smtp_errors_total{kind="a \"b\", route=\"/health"} 2
`

func TestServed(t *testing.T) {
	t.Parallel()
	c := diagnosis.Counter{Metric: "http_requests_total", Route: "route", Probes: "/health.*|/metrics"}
	if sum, series, err := c.Served(scrape); sum != 15 || series != 2 || err != nil {
		t.Errorf("%v of %d series, %v", sum, series, err)
	}
	if sum, series, err := c.Served(""); sum != 0 || series != 0 || err != nil {
		t.Errorf("an empty scrape: %v of %d series, %v", sum, series, err)
	}
	if _, _, err := c.Served("http_requests_total many\n"); err == nil {
		t.Error("a word is taken for a number")
	}
	if _, _, err := (diagnosis.Counter{Metric: "x", Probes: "("}).Served(scrape); err == nil {
		t.Error("a bad expression is taken")
	}
}

func TestTheErrorsInAScrape(t *testing.T) {
	t.Parallel()
	want := "http_requests_total{code=\"500\",route=\"/api/send\"} 3 1700000000000\nsmtp_errors_total{kind=\"a \\\"b\\\", route=\\\"/health\"} 2\n"
	if got := diagnosis.Errors(scrape); got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestAsk(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
	}))
	defer server.Close()
	if a := diagnosis.Ask(t.Context(), server.URL+"/", "/health"); a.Status != 302 || a.Err != nil || !strings.Contains(a.String(), "GET /health\n302 Found") {
		t.Errorf("%+v", a)
	}
	if a := diagnosis.Ask(t.Context(), "http://127.0.0.1:1", "/health"); a.Err == nil || !strings.Contains(a.String(), "connection refused") {
		t.Errorf("%+v", a)
	}
}
