package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/bluegreen-actions/bluegreen/internal/github/githubtest"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// What preflight reads of others is shown in its table: the names that people give
// on GitHub, the labels and the errors of metrics, the errors of a registry and of
// Redis. A few texts at once, so that each stands in some answer of everybody.
func TestHostileAnswersBeforeARelease(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	must(t, r.nginx.Update(t.Context(), func(p *traffic.Page) error { p.Good, p.Shift = nil, nil; return nil }))
	canary := filepath.Join(r.dir, "canary")
	texts := hostile(canary)
	delete(texts, "very much") // one of them is all that a page holds
	names := named(texts)
	seen := ""
	for few := range slices.Chunk(names, 8) {
		var some []string
		for _, name := range few {
			some = append(some, strings.ToValidUTF8(texts[name], "?")+" "+word(slices.Index(names, name)))
		}
		seen += r.run(t, r.surveyed(t, some), "preflight").summary
	}
	for i, name := range names {
		if n := strings.Count(seen, word(i)); n < 8 {
			t.Fatalf("%s is shown %d times in\n%s", name, n, seen)
		}
	}
	for _, probe := range []string{"branch", "review", "unit tests", "code scanning", "dependency alerts", "secret alerts", "environment production", "prometheus", "registry", "redis"} {
		if !strings.Contains(strings.ToLower(seen), "| "+probe+" |") {
			t.Errorf("nothing of the probe %s is shown", probe)
		}
	}
	if _, err := os.Stat(canary); err == nil {
		t.Error("a shell ran one of them")
	}
}

// surveyed is a world in which everybody says one of the texts, and a configuration
// that asks all of them.
func (r *rig) surveyed(t *testing.T, texts []string) map[string]string {
	t.Helper()
	at := liar(t, texts)
	registry := strings.TrimPrefix(at, "http://")
	var asWritten []string
	for _, text := range texts {
		asWritten = append(asWritten, strings.ReplaceAll(text, "$", "$$"))
	}
	more, err := yaml.Marshal(map[string]any{
		"preflight":  map[string]any{"unit-tests": asWritten, "timeout": "10m"},
		"sign-off":   map[string]any{"roles": []map[string]any{{"role": "qa", "before": "shift"}}},
		"prometheus": map[string]any{"url": at},
		"registry":   map[string]any{"server": registry, "plain-http": true},
		"images":     map[string]any{"web": map[string]any{"repository": registry + "/shop"}},
	})
	must(t, err)
	r.write(t, r.configuration+string(more))
	url, err := githubtest.New(repositoryOf(texts)).Listen(t.Context())
	must(t, err)
	return map[string]string{
		"GITHUB_API_URL": url, "INPUT_TOKEN": "ghs_1234", "INPUT_ENVIRONMENT": "production", "INPUT_VERSION": "v3",
		"INPUT_COMMIT": strings.Repeat("1", 40), "REDIS_URL": "redis://" + lyingRedis(t, texts[0]),
	}
}

// repositoryOf is one in which everything that a person may name has one of the texts.
func repositoryOf(texts []string) githubtest.State {
	commit := strings.Repeat("1", 40)
	state := githubtest.State{
		Repository: "acme/shop", DefaultBranch: texts[0], Branches: map[string]string{texts[0]: commit}, Commits: []githubtest.Commit{{SHA: commit}},
		PullRequests:   []githubtest.PullRequest{{Number: 5, Author: texts[0], Base: texts[0], Head: commit, Merged: true, Commits: []string{commit}}},
		Environments:   []githubtest.Environment{{Name: "production", Users: texts, Teams: texts, WaitMinutes: 3}, {Name: "production-qa", Users: texts, Teams: texts}},
		RuledChecks:    texts,
		CodeScanning:   githubtest.Scanner{On: true, Analyses: []string{commit}},
		Dependabot:     githubtest.Scanner{On: true},
		SecretScanning: githubtest.Scanner{On: true},
	}
	for i, text := range texts {
		state.PullRequests[0].Reviews = append(state.PullRequests[0].Reviews, githubtest.Review{User: text, State: "CHANGES_REQUESTED", Commit: commit, At: time.Now()})
		state.CheckRuns = append(state.CheckRuns, githubtest.CheckRun{Name: text, Commit: commit, Status: "completed", Conclusion: "failure", Run: int64(70 + i)})
		state.Runs = append(state.Runs, githubtest.Run{ID: int64(70 + i), Name: text, Commit: commit, Status: "completed", Conclusion: "failure", Actor: text})
		alert := githubtest.Alert{Number: i + 1, Severity: "critical", What: text}
		state.CodeScanning.Open = append(state.CodeScanning.Open, alert)
		state.Dependabot.Open = append(state.Dependabot.Open, alert)
		state.SecretScanning.Open = append(state.SecretScanning.Open, alert)
	}
	return state
}

// liar is a Prometheus and a registry in one. Every other query is answered by
// series whose labels are the texts, the rest by an error.
func liar(t *testing.T, texts []string) string {
	t.Helper()
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		all := strings.Join(texts, "\n")
		w.Header().Set("Content-Type", "application/json")
		var answer any
		switch asked++; {
		case strings.HasPrefix(r.URL.Path, "/v2/"):
			w.WriteHeader(http.StatusForbidden)
			answer = map[string]any{"errors": []map[string]string{{"code": texts[0], "message": all, "detail": all}}}
		case asked%2 == 0:
			labels := map[string]string{"__name__": texts[0], "slot": texts[0]}
			for i, text := range texts {
				labels[fmt.Sprint("label", i)] = text
			}
			answer = map[string]any{"status": "success", "warnings": texts, "infos": texts, "data": map[string]any{"resultType": "vector", "result": []any{map[string]any{"metric": labels, "value": []any{float64(time.Now().Unix()), "NaN"}}}}}
		default:
			w.WriteHeader(http.StatusUnprocessableEntity)
			answer = map[string]any{"status": "error", "errorType": texts[0], "error": all}
		}
		_ = json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// lyingRedis answers every command by an error that says the text, and returns its
// address.
func lyingRedis(t *testing.T, text string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				lie(bufio.NewReader(conn), conn, strings.NewReplacer("\r", " ", "\n", " ").Replace(text))
			}()
		}
	}()
	return listener.Addr().String()
}

func lie(from *bufio.Reader, to io.Writer, text string) {
	for {
		line, err := from.ReadString('\n')
		if err != nil {
			return
		}
		words, _ := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(line, "*")))
		for range 2 * words {
			if _, err := from.ReadString('\n'); err != nil {
				return
			}
		}
		fmt.Fprintf(to, "-ERR %s\r\n", text)
	}
}
