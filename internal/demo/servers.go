package demo

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/internal/act"
	"github.com/bluegreen-actions/bluegreen/internal/github/githubtest"
	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/prometheus"
)

// Folder is where the demo lives. Not below a home directory: the workers of
// nginx run as a user of their own and must be able to read the markers.
const Folder = "/var/tmp/bluegreen-demo"

// Project begins the names of the demo's compose projects.
const Project = "mailblast-demo"

// servers starts what belongs to this process, and names everything for the
// configuration.
func (s *Stage) servers(ctx context.Context) error {
	free, release, err := lab.ClaimPorts(6)
	if err != nil {
		return err
	}
	s.freePorts = release // a slot that is not there yet keeps its ports
	if s.Mailbox, err = OpenMailbox(ctx, "127.0.0.1:0"); err != nil {
		return err
	}
	s.GitHub = githubtest.New(githubtest.State{Repository: Name, DefaultBranch: "main", Token: s.token, Environments: environments(), Now: time.Now})
	api, err := s.GitHub.Listen(ctx)
	if err != nil {
		return err
	}
	database, err := s.database(ctx)
	if err != nil {
		return err
	}
	if err := s.configure(api, database, free); err != nil {
		return err
	}
	if err := errors.Join(act.Prepare(s.Root, s.path("act")), s.caches(ctx)); err != nil {
		return err
	}
	if err := fronts[s.Router].start(ctx, s, free); err != nil {
		return err
	}
	s.Metrics, err = lab.NewPrometheus(ctx, s.path("prometheus"), prometheusConf(free[2], free[4], filepath.Join(s.Repo.Dir, "monitoring", "alerts.yml")), free[1])
	if err != nil {
		return err
	}
	return s.scraped(ctx)
}

// scraped waits until Prometheus has looked for both slots once.
func (s *Stage) scraped(ctx context.Context) error {
	server, err := prometheus.New(prometheus.Settings{URL: s.Metrics.URL, Timeout: 5 * time.Second, ScrapeInterval: time.Second})
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		result, err := server.Query(ctx, "up")
		switch {
		case err == nil && len(result.Series) == 2:
			return nil
		case time.Now().After(deadline) || ctx.Err() != nil:
			return fmt.Errorf("prometheus has not scraped both slots: %w", errors.Join(err, ctx.Err()))
		}
	}
}

// environments is how the repository's environments are protected: reviewers on
// each sign-off, none on the target itself.
func environments() []githubtest.Environment {
	all := []githubtest.Environment{{Name: "production"}}
	for _, role := range roles {
		all = append(all, githubtest.Environment{Name: "production-" + role, Users: []string{role + "-lead"}, PreventSelfReview: true})
	}
	return all
}

var roles = []string{"development", "devops", "qa", "live", "product"}

// database makes the one that the application uses.
func (s *Stage) database(ctx context.Context) (string, error) {
	db, err := pgx.Connect(ctx, s.Services.Postgres)
	if err != nil {
		return "", err
	}
	defer db.Close(ctx)
	if _, err := db.Exec(ctx, "CREATE DATABASE mailblast"); err != nil {
		return "", err
	}
	address, err := url.Parse(s.Services.Postgres)
	if err != nil {
		return "", err
	}
	address.Path = "/mailblast"
	return address.String(), nil
}

// configure is what a team keeps in the variables and secrets of an environment.
func (s *Stage) configure(api, database string, free []int) error {
	if err := errors.Join(os.MkdirAll(s.path("switch"), 0o755), os.MkdirAll(s.path("backups"), 0o700)); err != nil {
		return err
	}
	port := func(i int) string { return fmt.Sprint(free[i]) }
	s.variables = map[string]string{
		"PROJECT":             s.Project,
		"GITHUB_API_URL":      api,
		"BLUEGREEN_BINARY":    s.Program,
		"REGISTRY":            s.Services.Registry,
		"NGINX_STATE":         s.path("state"),
		"NGINX_CONFIG":        s.path("switch", "bluegreen.conf"),
		"NGINX_URL":           "http://127.0.0.1:" + port(0),
		"PROMETHEUS_URL":      "http://127.0.0.1:" + port(1),
		"BLUE_BACKEND_PORT":   port(2),
		"BLUE_FRONTEND_PORT":  port(3),
		"GREEN_BACKEND_PORT":  port(4),
		"GREEN_FRONTEND_PORT": port(5),
		"BACKUPS":             s.path("backups"),
		"SMTP_ADDR":           s.Mailbox.Address(),
		"STEP_10":             "12s",
		"STEP_50":             "12s",
		"STEP_100":            "12s",
		"MAX_PAUSE":           "5m",
		"MIN_SAMPLES":         "60",
		"MIN_SAMPLES_HIGH":    "60",
		"MIN_SAMPLES_P95":     "60",
		"MIN_SAMPLES_P99":     "60",
		"TICK":                "1s",
		"SETTLE":              "3s",
		"PROBE_TIMEOUT":       "1m",
		"SCRAPE":              "1s",
	}
	s.secrets = map[string]string{
		"DATABASE_URL":  database,
		"REDIS_URL":     s.Services.Redis,
		"BLUEGREEN_ENV": "API_TOKEN=" + s.apiToken,
		"GITHUB_TOKEN":  s.token,
	}
	return nil
}

func prometheusConf(blue, green int, alerts string) string {
	return fmt.Sprintf(`global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }
rule_files: [%q]
scrape_configs:
  - job_name: backend
    static_configs:
      - { targets: ["127.0.0.1:%d"], labels: { slot: blue } }
      - { targets: ["127.0.0.1:%d"], labels: { slot: green } }
`, alerts, blue, green)
}
