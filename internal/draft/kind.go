package draft

import (
	"path"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/image"
)

// kind is what a service is for, as far as its image and its variables tell.
type kind int

const (
	own      kind = iota // of the application, so each slot has one
	postgres             // what both slots share
	redis
	shared
)

// Images of programs that both slots share one of, by the last part of their names.
var images = map[kind][]string{
	postgres: {"postgres", "postgresql", "postgis", "timescaledb", "pgvector"},
	redis:    {"redis", "valkey", "redis-stack", "redis-stack-server", "keydb"},
	shared: {
		"mysql", "mariadb", "mongo", "memcached", "rabbitmq", "kafka", "nats", "minio", "elasticsearch", "opensearch", "pgbouncer",
		"nginx", "haproxy", "traefik", "caddy", "prometheus", "alertmanager", "grafana", "mailhog", "mailpit",
	},
}

func (s Service) kind() kind {
	if s.Build != nil {
		return own
	}
	name := path.Base(image.Repository(s.Image))
	for k, names := range images {
		if slices.Contains(names, name) {
			return k
		}
	}
	return own
}

// queues tells whether a service talks to Redis.
func (a Application) queues(s Service) bool {
	for _, need := range s.Needs {
		if a.Services[need].kind() == redis {
			return true
		}
	}
	for name, value := range s.Variables {
		if strings.HasPrefix(name, "REDIS") || strings.HasPrefix(value, "redis://") || strings.HasPrefix(value, "rediss://") {
			return true
		}
	}
	return false
}

// stores tells whether a service talks to PostgreSQL. A DATABASE_URL that is not set
// here is taken for one, unless another database is there.
func (a Application) stores(s Service) bool {
	for name, value := range s.Variables {
		if strings.HasPrefix(value, "postgres://") || strings.HasPrefix(value, "postgresql://") || strings.HasPrefix(name, "PGHOST") {
			return true
		}
		if name == "DATABASE_URL" && value == "" && !a.otherDatabase() {
			return true
		}
	}
	return false
}

func (a Application) otherDatabase() bool {
	for _, s := range a.Services {
		if name := path.Base(image.Repository(s.Image)); slices.Contains([]string{"mysql", "mariadb", "mongo"}, name) {
			return true
		}
	}
	return false
}

// worker tells whether a service takes jobs: nothing reaches it, and it talks to
// Redis.
func (a Application) worker(s Service) bool {
	return s.kind() == own && len(s.Ports) == 0 && s.listens() == "" && a.queues(s)
}
