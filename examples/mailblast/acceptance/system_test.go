package acceptance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/lab"
)

func TestMain(m *testing.M) { os.Exit(lab.Run(m)) }

const token = "a-token-for-tests-only"

// system is a database, a queue and a mailbox of a test's own. What it starts
// reaches PostgreSQL and Redis through cables; the test itself does not.
type system struct {
	t        *testing.T
	mailbox  *lab.Mailbox
	database *lab.Cable
	redis    *lab.Cable
	sql      *pgx.Conn
	keys     *redis.Client
	queue    string
	env      map[string]string
}

func newSystem(t *testing.T, box *lab.Mailbox) *system {
	t.Helper()
	dsn := lab.Database(t)
	keys, queue := lab.Keys(t)
	s := &system{t: t, mailbox: box.Serve(t), sql: lab.Connect(t, dsn), keys: keys, queue: queue}
	s.database, dsn = cabled(t, dsn)
	cable, redisURL := cabled(t, lab.Redis(t))
	s.redis = cable
	s.env = map[string]string{
		"DATABASE_URL": dsn, "REDIS_URL": redisURL, "QUEUE": queue, "API_TOKEN": token, "SMTP_ADDR": box.Address,
		"VERSION": "v1.0.0", "HEARTBEAT_TTL": "30s", "RETRY_DELAY": "50ms", "DRAIN": "200ms",
	}
	return s
}

func cabled(t *testing.T, address string) (*lab.Cable, string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	cable := lab.NewCable(t, u.Host)
	u.Host = cable.Address
	return cable, u.String()
}

func (s *system) with(more ...string) map[string]string {
	env := maps.Clone(s.env)
	for _, pair := range more {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	return env
}

// server is a running backend or frontend.
type server struct {
	*lab.Process
	t   *testing.T
	url string
}

func (s *system) backend(slot string, env ...string) server {
	s.t.Helper()
	address := lab.Address(s.t)
	p := lab.Start(s.t, "backend", s.with(append(env, "SLOT="+slot, "LISTEN="+address)...))
	b := server{Process: p, t: s.t, url: "http://" + address}
	b.await("/health/live")
	return b
}

func (s *system) worker(slot, id string, env ...string) *lab.Process {
	s.t.Helper()
	p := lab.Start(s.t, "worker", s.with(append(env, "SLOT="+slot, "WORKER_ID="+id)...))
	lab.Eventually(s.t, "worker "+id+" starts", func() bool { return strings.Contains(p.Log(), "Worker started") || !p.Running() })
	return p
}

func (b server) await(path string) {
	b.t.Helper()
	lab.Eventually(b.t, path+" answers", func() bool {
		r, err := direct.Get(b.url + path)
		if err != nil {
			return false
		}
		r.Body.Close()
		return r.StatusCode == http.StatusOK
	})
}

// direct follows no redirects.
var direct = &http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Timeout:       lab.Deadline,
}

type reply struct {
	code   int
	header http.Header
	body   string
	last   bool // the server closes the connection
}

func (b server) ask(method, path, bearer, body string) reply {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	a, err := direct.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer a.Body.Close()
	got, err := io.ReadAll(a.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return reply{a.StatusCode, a.Header, string(got), a.Close}
}

func (b server) get(path string) reply { b.t.Helper(); return b.ask("GET", path, token, "") }

func (b server) want(code int, method, path, body string) reply {
	b.t.Helper()
	r := b.ask(method, path, token, body)
	if r.code != code {
		b.t.Fatalf("%s %s: got %d %s, want %d", method, path, r.code, r.body, code)
	}
	return r
}

// campaign creates a campaign and returns its id.
func (b server) campaign() string {
	b.t.Helper()
	r := b.want(201, "POST", "/api/campaigns",
		`{"name":"spring","subject":"Grüße","body":"See https://example.org/a?b=c&d=e, soon.\n\nBye"}`)
	return decoded[struct{ ID string }](b.t, r.body).ID
}

func (b server) send(id, lane string, recipients []string) {
	b.t.Helper()
	body, err := json.Marshal(map[string]any{"recipients": recipients, "lane": lane})
	if err != nil {
		b.t.Fatal(err)
	}
	b.want(202, "POST", "/api/campaigns/"+id+"/send", string(body))
}

type report struct {
	Status string
	Counts struct{ Pending, Delivered, Bounced, Failed, Opened, Clicked int }
}

func (b server) report(id string) report {
	b.t.Helper()
	return decoded[report](b.t, b.want(200, "GET", "/api/campaigns/"+id, "").body)
}

// sent reports whether a campaign is sent. Right after a cut the answer may be
// that the database is away.
func (b server) sent(id string) bool {
	b.t.Helper()
	r := b.get("/api/campaigns/" + id)
	return r.code == http.StatusOK && decoded[report](b.t, r.body).Status == "sent"
}

func decoded[T any](t *testing.T, body string) (v T) {
	t.Helper()
	if err := json.NewDecoder(bytes.NewReader([]byte(body))).Decode(&v); err != nil {
		t.Fatalf("answer %q: %v", body, err)
	}
	return v
}

func recipients(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("user%04d@example.org", i)
	}
	return list
}

func (s *system) rows(query string, args ...any) (n int) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), lab.Deadline)
	defer cancel()
	if err := s.sql.QueryRow(ctx, query, args...).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

func (s *system) length(list string) int64 {
	s.t.Helper()
	n, err := s.keys.LLen(s.t.Context(), s.queue+list).Result()
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// inHand counts the jobs in processing lists.
func (s *system) inHand() (n int64) {
	s.t.Helper()
	lists, err := s.keys.Keys(s.t.Context(), s.queue+":processing:*").Result()
	if err != nil {
		s.t.Fatal(err)
	}
	for _, l := range lists {
		n += s.length(strings.TrimPrefix(l, s.queue))
	}
	return n
}
