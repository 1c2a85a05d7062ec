package acceptance_test

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/lab"
)

func TestHealthTellsTheTruth(t *testing.T) {
	t.Parallel()
	s := newSystem(t, &lab.Mailbox{})
	b := s.backend("green", "VERSION=v2.0.0")
	for _, c := range []struct {
		when string
		do   func()
		body string
		code int
	}{
		{"when all is well", func() {}, `{"status":"ready","db":"connected","redis":"connected"}`, 200},
		{"when the database is cut", s.database.Cut, `{"status":"unready","db":"disconnected","redis":"connected"}`, 503},
		{"when the database is back", s.database.Mend, `{"status":"ready","db":"connected","redis":"connected"}`, 200},
		{"when the database is silent", s.database.Stall, `{"status":"unready","db":"disconnected","redis":"connected"}`, 503},
		{"when the database speaks", s.database.Mend, `{"status":"ready","db":"connected","redis":"connected"}`, 200},
		{"when Redis is cut", s.redis.Cut, `{"status":"unready","db":"connected","redis":"disconnected"}`, 503},
		{"when Redis is back", s.redis.Mend, `{"status":"ready","db":"connected","redis":"connected"}`, 200},
	} {
		c.do()
		lab.Eventually(t, c.when+" it answers "+c.body, func() bool {
			r := b.get("/health/ready")
			return r.code == c.code && strings.TrimSpace(r.body) == c.body
		})
		if r := b.get("/health"); r.code != 200 || strings.TrimSpace(r.body) != `{"status":"healthy"}` {
			t.Errorf("%s: /health: %d %s", c.when, r.code, r.body)
		}
		if r := b.get("/health/live"); r.code != 200 || strings.TrimSpace(r.body) != `{"status":"alive"}` {
			t.Errorf("%s: /health/live: %d %s", c.when, r.code, r.body)
		}
	}
}

func TestABackendStartsWithoutItsDatabase(t *testing.T) {
	t.Parallel()
	s := newSystem(t, &lab.Mailbox{})
	s.database.Cut()
	s.redis.Cut()
	b := s.backend("green")
	if r := b.get("/health/ready"); r.code != 503 {
		t.Errorf("ready: %d", r.code)
	}
	b.want(503, "GET", "/api/campaigns", "")
	s.database.Mend()
	s.redis.Mend()
	b.await("/health/ready")
	b.want(200, "GET", "/api/campaigns", "")
}

func TestOnlyTheTokenOpensTheAPI(t *testing.T) {
	t.Parallel()
	b := newSystem(t, &lab.Mailbox{}).backend("blue")
	for _, path := range []string{"GET /api/campaigns", "POST /api/campaigns", "GET /api/campaigns/x", "POST /api/campaigns/x/send"} {
		for _, wrong := range []string{"", "wrong", token + "x", token[1:]} {
			method, path, _ := strings.Cut(path, " ")
			if r := b.ask(method, path, wrong, "{}"); r.code != 401 || strings.Contains(r.body, token) {
				t.Errorf("%s %s with token %q: %d %s", method, path, wrong, r.code, r.body)
			}
		}
	}
	if r := b.want(200, "GET", "/api/campaigns", ""); strings.TrimSpace(r.body) != "[]" {
		t.Errorf("no campaigns: %s", r.body)
	}
	if strings.Contains(b.Log(), token) {
		t.Error("the token is in the log")
	}
}

func TestEveryAnswerSaysWhoAnswers(t *testing.T) {
	t.Parallel()
	b := newSystem(t, &lab.Mailbox{}).backend("green", "VERSION=v3.1.4")
	for _, path := range []string{"/health", "/health/ready", "/health/live", "/metrics", "/api/campaigns", "/api/campaigns/x",
		"/track/open/a", "/track/click/a?url=x", "/nowhere"} {
		for _, bearer := range []string{token, ""} {
			h := b.ask("GET", path, bearer, "").header
			if h.Get("X-MailBlast-Version") != "v3.1.4" || h.Get("X-MailBlast-Slot") != "green" {
				t.Errorf("%s: %v", path, h)
			}
		}
	}
}

func TestBadRequestsAreRefused(t *testing.T) {
	t.Parallel()
	b := newSystem(t, &lab.Mailbox{}).backend("blue")
	id := b.campaign()
	for _, c := range []struct {
		why, path, body string
		code            int
	}{
		{"no JSON", "/api/campaigns", `name=x`, 400},
		{"a field that does not exist", "/api/campaigns", `{"name":"a","subject":"b","body":"c","colour":"red"}`, 400},
		{"two values", "/api/campaigns", `{"name":"a","subject":"b","body":"c"} {}`, 400},
		{"an empty subject", "/api/campaigns", `{"name":"a","subject":" ","body":"c"}`, 400},
		{"a smuggled header", "/api/campaigns", `{"name":"a","subject":"b\r\nBcc: all@example.org","body":"c"}`, 400},
		{"metadata, which is off", "/api/campaigns", `{"name":"a","subject":"b","body":"c","metadata":{}}`, 400},
		{"no recipients", "/api/campaigns/" + id + "/send", `{"recipients":[]}`, 400},
		{"a recipient that is none", "/api/campaigns/" + id + "/send", `{"recipients":["ada"]}`, 400},
		{"a recipient with a name", "/api/campaigns/" + id + "/send", `{"recipients":["Ada <ada@example.org>"]}`, 400},
		{"a lane that is none", "/api/campaigns/" + id + "/send", `{"recipients":["ada@example.org"],"lane":"a:b"}`, 400},
		{"a campaign that does not exist", "/api/campaigns/none/send", `{"recipients":["ada@example.org"]}`, 404},
	} {
		if r := b.ask("POST", c.path, token, c.body); r.code != c.code {
			t.Errorf("%s: %d %s, want %d", c.why, r.code, r.body, c.code)
		}
	}
}

func TestMetadataIsAFeatureThatIsSwitchedOn(t *testing.T) {
	t.Parallel()
	s := newSystem(t, &lab.Mailbox{})
	b := s.backend("green", "CAMPAIGN_METADATA=on")
	r := b.want(201, "POST", "/api/campaigns", `{"name":"a","subject":"b","body":"c","metadata":{"team":"growth"}}`)
	r = b.want(200, "GET", r.header.Get("Location"), "")
	if !strings.Contains(r.body, `"metadata":{"team":"growth"}`) {
		t.Errorf("metadata did not come back: %s", r.body)
	}
	b.want(201, "POST", "/api/campaigns", `{"name":"a","subject":"b","body":"c"}`)
	b.want(400, "POST", "/api/campaigns", `{"name":"a","subject":"b","body":"c","metadata":[1]}`)
}

func TestARequestInFlightIsAnsweredWhenTheBackendStops(t *testing.T) {
	t.Parallel()
	s := newSystem(t, &lab.Mailbox{})
	b := s.backend("blue", "MAILBLAST_FAULT=slow:12000", "DRAIN=6s")
	slow := make(chan reply, 1)
	go func() { slow <- b.ask("GET", "/api/campaigns", token, "") }()
	time.Sleep(300 * time.Millisecond) // by now or within the drain time it is in flight
	b.Signal(syscall.SIGTERM)
	lab.Eventually(t, "it drains", func() bool { return strings.Contains(b.Log(), "Draining") })
	if r := b.get("/health/ready"); r.code != 503 || !r.last {
		t.Errorf("while draining: ready %d, connection closed: %v", r.code, r.last)
	}
	if r := <-slow; r.code != 200 {
		t.Errorf("the request in flight got %d", r.code)
	}
	if code := b.Wait(t); code != 0 {
		t.Errorf("exit status %d", code)
	}
}

func TestBadSettingsEndTheProgramAndKeepSecrets(t *testing.T) {
	t.Parallel()
	s := newSystem(t, &lab.Mailbox{})
	for _, c := range []struct{ program, pair, want string }{
		{"backend", "SLOT=purple", "SLOT is"},
		{"backend", "API_TOKEN=", "API_TOKEN is not set"},
		{"backend", "DATABASE_URL=", "DATABASE_URL is not set"},
		{"backend", "DATABASE_URL=postgres://u:s3cret@%zz/", "DATABASE_URL is not"},
		{"backend", "REDIS_URL=http://:s3cret@x", "REDIS_URL is not"},
		{"backend", "QUEUE=email queue", "QUEUE is"},
		{"backend", "GRACE=soon", "GRACE is"},
		{"backend", "MESSAGE_DOMAIN=yes", "MESSAGE_DOMAIN is"},
		{"backend", "MAILBLAST_FAULT=sloow", "MAILBLAST_FAULT is"},
		{"backend", "MAILBLAST_FAULT=unhealthy:3", "MAILBLAST_FAULT is"},
		{"worker", "SMTP_ADDR=", "SMTP_ADDR is"},
		{"worker", "HEARTBEAT_TTL=1ms", "HEARTBEAT_TTL is"},
		{"worker", "LANE=a b", "LANE is"},
		{"frontend", "BACKEND_URL=backend", "BACKEND_URL is"},
	} {
		p := lab.Start(t, c.program, s.with("SLOT=blue", c.pair))
		if code := p.Wait(t); code == 0 || !strings.Contains(p.Log(), c.want) || strings.Contains(p.Log(), "s3cret") {
			t.Errorf("%s with %s: exit status %d, %s", c.program, c.pair, code, p.Log())
		}
	}
}
