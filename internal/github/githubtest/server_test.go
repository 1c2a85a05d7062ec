package githubtest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/github/githubtest"
)

func TestStatuses(t *testing.T) {
	tests := []struct {
		sentence string
		private  bool
		method   string
		path     string
		token    string
		status   int
		message  string
	}{
		{"a repository is there", false, "GET", "/repos/acme/app", "right", 200, ""},
		{"its name has no case", false, "GET", "/repos/Acme/App", "right", 200, ""},
		{"a public one is there for all", false, "GET", "/repos/acme/app", "", 200, ""},
		{"a private one is not", true, "GET", "/repos/acme/app", "", 404, "Not Found"},
		{"another one is not there", false, "GET", "/repos/acme/other", "right", 404, "Not Found"},
		{"a bad token is refused, wherever", false, "GET", "/repos/acme/other", "wrong", 401, "Bad credentials"},
		{"an environment is there", false, "GET", "/repos/acme/app/environments/prod%2Feu", "right", 200, ""},
		{"a missing one is not", false, "GET", "/repos/acme/app/environments/prod", "right", 404, "Not Found"},
		{"a missing run is not", false, "GET", "/repos/acme/app/actions/runs/9/approvals", "right", 404, "Not Found"},
		{"a run's id is a number", false, "GET", "/repos/acme/app/actions/runs/x", "right", 404, "Not Found"},
		{"an unknown commit cannot be processed", false, "GET", "/repos/acme/app/commits/abc/pulls", "right", 422, "No commit found for SHA: abc"},
		{"what it does not have is said", false, "GET", "/user", "right", 501, "githubtest has no GET /user"},
		{"a change without a body is none", false, "POST", "/repos/acme/app/deployments", "right", 422, "Invalid request: there is no body"},
		{"nor is there a query that it does not know", false, "GET", "/repos/acme/app/deployments?state=active", "right", 422, "Invalid request: the query has state"},
	}
	for _, test := range tests {
		t.Run(test.sentence, func(t *testing.T) {
			t.Parallel()
			server := githubtest.New(githubtest.State{
				Repository: "acme/app", Private: test.private, Token: "right", Environments: []githubtest.Environment{{Name: "prod/eu"}},
			})
			got := ask(server, test.method, test.path, test.token)
			var body struct{ Message, Status string }
			if err := json.Unmarshal(got.Body.Bytes(), &body); err != nil {
				t.Fatal(err)
			}
			if got.Code != test.status || !strings.HasPrefix(body.Message, test.message) {
				t.Errorf("%d %q, want %d %q", got.Code, body.Message, test.status, test.message)
			}
			if surprised := len(server.Surprises()) > 0; surprised != (test.status == 501 || test.status == 422 && strings.HasPrefix(test.message, "Invalid")) {
				t.Errorf("surprises: %v", server.Surprises())
			}
		})
	}
}

func TestPages(t *testing.T) {
	state := githubtest.State{Repository: "acme/app"}
	for i := range 65 {
		state.Environments = append(state.Environments, githubtest.Environment{Name: fmt.Sprint("e", i)})
	}
	server := githubtest.New(state)
	tests := []struct {
		query string
		items int
		links []string
	}{
		{"", 30, []string{`page=2>; rel="next"`, `page=3>; rel="last"`}},
		{"?page=2", 30, []string{`page=1>; rel="prev"`, `page=3>; rel="next"`}},
		{"?page=3", 5, []string{`page=1>; rel="first"`}},
		{"?page=9", 0, nil},
		{"?per_page=1000", 65, nil},
	}
	for _, test := range tests {
		t.Run("environments"+test.query, func(t *testing.T) {
			t.Parallel()
			got := ask(server, "GET", "/repos/acme/app/environments"+test.query, "")
			var body struct {
				TotalCount   int `json:"total_count"`
				Environments []struct{ Name string }
			}
			if err := json.Unmarshal(got.Body.Bytes(), &body); err != nil {
				t.Fatal(err)
			}
			if body.TotalCount != 65 || len(body.Environments) != test.items {
				t.Errorf("%d of %d, want %d", len(body.Environments), body.TotalCount, test.items)
			}
			for _, link := range test.links {
				if !strings.Contains(got.Header().Get("Link"), link) {
					t.Errorf("Link %q lacks %q", got.Header().Get("Link"), link)
				}
			}
		})
	}
}

func ask(server http.Handler, method, path, token string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, path, nil)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	server.ServeHTTP(w, req)
	return w
}
