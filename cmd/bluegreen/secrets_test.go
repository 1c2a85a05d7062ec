package main

import (
	"context"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/runner/runnertest"
)

// The configuration has a secret in every place that there is for one.
const (
	secretConfig = stageConfig + `
database: {url: "${DATABASE_URL}", migrations: migrations, backup: {directory: "${DIR}/backup"}}
queue: {url: "${REDIS_URL}"}
prometheus: {url: "http://127.0.0.1:1", user: me, password: "${PROMETHEUS_PASSWORD}", token: ""}
notify: {webhooks: ["${WEBHOOK}"], slack: ["${SLACK}"]}
smoke: {checks: [{name: a, service: web, headers: {Authorization: "Bearer ${API_TOKEN}"}}]}
`
	keyLines = "-----BEGIN OPENSSH PRIVATE KEY-----\\nkey-s3cret-line-one\\nkey-s3cret-line-two\\n-----END OPENSSH PRIVATE KEY-----"
)

// secretValues all have one word in common, so that a part of one is found, too.
var secretValues = map[string]string{
	"DATABASE_URL":          "postgres://me:data%2Fs3cret%20base@127.0.0.1:1/shop",
	"REDIS_URL":             "redis://:redis-s3cret+pass@127.0.0.1:1/0",
	"PROMETHEUS_PASSWORD":   "metrics\"s3cret\\'<&>",
	"WEBHOOK":               "http://127.0.0.1:1/hook/s3cret-path",
	"SLACK":                 "http://127.0.0.1:1/services/s3cret-slack",
	"API_TOKEN":             "api-s3cret-token",
	"INPUT_TOKEN":           "ghs_s3cretTokenOfTheJob",
	"BLUEGREEN_ENV":         "EXTRA=bundle s3cret $value\nKEY=" + keyLines + "\nPGPASSWORD='pg|s3cret*pass'",
	"REGISTRY_PASSWORD":     "registry_s3cret_pass",
	"AWS_SECRET_ACCESS_KEY": "aws/s3cret/key",
}

// tellTales is what gives a secret away, in the forms that it may have taken.
func tellTales() []string {
	const word = "s3cret"
	all := []string{word}
	for before := range 3 {
		packed := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", before) + word))
		all = append(all, packed[(before*8+5)/6:(before+len(word))*8/6])
	}
	return all
}

// TestNoActionShowsASecret runs the program itself, every action of it, in a world
// where nothing answers, so that all that fails tells of it.
func TestNoActionShowsASecret(t *testing.T) {
	t.Parallel()
	for _, p := range phases {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.write(t, ".github/bluegreen.yml", strings.Replace(secretConfig, `plain-http: true}`, `plain-http: true, user: ci, password: "${REGISTRY_PASSWORD}"}`, 1))
			s.write(t, "migrations/001_a.up.sql", "CREATE TABLE a (b int);")
			s.variables["INPUT_RELEASE"] += `{"smoked":{"web":"sha256:2222222222222222222222222222222222222222222222222222222222222222"}}`
			delete(s.variables, "INPUT_DRY-RUN")
			for name, value := range secretValues {
				s.variables[name] = value
			}
			s.variables["INPUT_VERSION"], s.variables["INPUT_ROLE"] = "v3", "qa"
			if p.Name != "record" { // which would try GitHub patiently, once for each role
				s.variables["INPUT_ENVIRONMENT"] = "production"
			}
			s.variables["RUNNER_DEBUG"] = "1"
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, "bluegreen", p.Name)
			cmd.Dir, cmd.Env = s.dir, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir}
			for name, value := range s.variables {
				cmd.Env = append(cmd.Env, name+"="+value)
			}
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if strings.Contains(string(out), "bluegreen.yml:") {
				t.Errorf("the configuration is refused, so that nothing is tried: %s", out)
			}
			told := s.told(t, string(out))
			for _, tale := range tellTales() {
				if at := strings.Index(told, tale); at >= 0 {
					t.Errorf("%q is seen: …%q…", tale, told[max(0, at-200):min(len(told), at+100)])
				}
			}
		})
	}
}

// told is all that somebody may read: the log but for the masks, and each file but
// the configuration.
func (s *stage) told(t *testing.T, log string) string {
	t.Helper()
	var all strings.Builder
	commands, lines := runnertest.Read(log)
	for _, c := range commands {
		if c.Name != "add-mask" {
			all.WriteString(c.Properties["title"] + c.Data + "\n")
		}
	}
	all.WriteString(strings.Join(lines, "\n"))
	must(t, filepath.WalkDir(s.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, ".yml") {
			return err
		}
		text, err := os.ReadFile(path)
		all.WriteString("\n" + path + "\n" + string(text))
		return err
	}))
	return all.String()
}
