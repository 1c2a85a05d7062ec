package settings

import (
	"net/url"
	"regexp"
	"time"
)

// Identity says which copy of MailBlast a process is.
type Identity struct {
	Slot    string // blue or green
	Version string // what the image was built as, such as v1.2.0
}

// Shared is what backend and worker both need.
type Shared struct {
	Identity
	DatabaseURL string // a secret
	RedisURL    string // a secret
	Queue       string // the key of the Redis list, and the prefix of all other keys
	Fault       string // see package fault
}

// Backend is the environment of the backend.
type Backend struct {
	Shared
	Listen      string
	Token       string // a secret
	Connections int    // of the database pool
	Metadata    bool   // campaigns have metadata; needs migration 002
	Domain      bool   // messages have the domain of their recipient; needs migration 004
	Drain       time.Duration
	Grace       time.Duration
}

// Worker is the environment of a worker.
type Worker struct {
	Shared
	ID        string // empty: the container's id, or else a random one
	Lane      string // empty: the shared queue
	SMTP      string
	From      string
	Public    *url.URL // where recipients reach /track
	Heartbeat time.Duration
	Attempts  int
	Retry     time.Duration
	Grace     time.Duration
}

// Frontend is the environment of the frontend.
type Frontend struct {
	Identity
	Listen  string
	Backend *url.URL
	Drain   time.Duration
	Grace   time.Duration
}

func (e *env) identity() Identity {
	return Identity{Slot: e.choice("SLOT", "blue", "green"), Version: e.text("VERSION", "dev")}
}

func (e *env) shared() Shared {
	return Shared{
		Identity:    e.identity(),
		DatabaseURL: e.required("DATABASE_URL", "postgres://user:password@host:port/database"),
		RedisURL:    e.required("REDIS_URL", "redis://host:port/0"),
		Queue:       e.queue("QUEUE", "email_queue"),
		Fault:       e.text("MAILBLAST_FAULT", "none"),
	}
}

// ReadBackend reads the backend's settings.
func ReadBackend(lookup func(string) string) (Backend, error) {
	e := env{lookup: lookup}
	s := Backend{
		Shared:      e.shared(),
		Listen:      e.address("LISTEN", "127.0.0.1:18081"),
		Token:       e.required("API_TOKEN", "the token that callers of /api send as bearer"),
		Connections: e.number("DB_CONNECTIONS", 10, 1, 200),
		Drain:       e.duration("DRAIN", time.Second, 0),
		Grace:       e.duration("GRACE", 15*time.Second, time.Second),
		Metadata:    e.feature("CAMPAIGN_METADATA"),
		Domain:      e.feature("MESSAGE_DOMAIN"),
	}
	return s, e.err()
}

// ReadWorker reads a worker's settings.
func ReadWorker(lookup func(string) string) (Worker, error) {
	e := env{lookup: lookup}
	s := Worker{
		Shared:    e.shared(),
		ID:        e.name("WORKER_ID"),
		Lane:      e.name("LANE"),
		SMTP:      e.address("SMTP_ADDR", ""),
		From:      e.text("MAIL_FROM", "news@mailblast.test"),
		Public:    e.link("PUBLIC_URL", "http://127.0.0.1:8080"),
		Heartbeat: e.duration("HEARTBEAT_TTL", 15*time.Second, time.Second),
		Attempts:  e.number("MAX_ATTEMPTS", 8, 1, 100),
		Retry:     e.duration("RETRY_DELAY", 2*time.Second, time.Millisecond),
		Grace:     e.duration("GRACE", 15*time.Second, time.Second),
	}
	return s, e.err()
}

// ReadFrontend reads the frontend's settings.
func ReadFrontend(lookup func(string) string) (Frontend, error) {
	e := env{lookup: lookup}
	s := Frontend{
		Identity: e.identity(),
		Listen:   e.address("LISTEN", "127.0.0.1:13001"),
		Backend:  e.link("BACKEND_URL", "http://127.0.0.1:18081"),
		Drain:    e.duration("DRAIN", time.Second, 0),
		Grace:    e.duration("GRACE", 15*time.Second, time.Second),
	}
	return s, e.err()
}

var nameForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// name reads an optional name that becomes part of a key.
func (e *env) name(name string) string {
	v := e.lookup(name)
	if v != "" && !nameForm.MatchString(v) {
		e.complain("%s is %q: set it to at most 64 letters, digits, dashes or underscores", name, v)
	}
	return v
}
