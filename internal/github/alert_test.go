package github_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/github/githubtest"
	"github.com/bluegreen-actions/bluegreen/internal/preflight"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func scanned() githubtest.State {
	state := history()
	state.CodeScanning = githubtest.Scanner{On: true, Analyses: []string{sha("b"), sha("c")}, Broken: []string{sha("a")}, Open: []githubtest.Alert{{Number: 3, Severity: "high", What: "go/sql"}}}
	state.Dependabot = githubtest.Scanner{On: true}
	state.SecretScanning = githubtest.Scanner{On: true, Open: []githubtest.Alert{{Number: 9, What: "aws_key"}}}
	return state
}

func TestAlerts(t *testing.T) {
	t.Parallel()
	state := scanned()
	for i := range 130 { // more than a page
		state.Dependabot.Open = append(state.Dependabot.Open, githubtest.Alert{Number: i + 1, Severity: "low", What: "left-pad"})
	}
	_, r := serve(t, state)
	code, err := r.CodeAlerts(t.Context(), "main")
	same(t, code, []preflight.Alert{{Number: 3, Severity: "high", What: "go/sql"}})
	packages, err2 := r.DependencyAlerts(t.Context())
	if len(packages) != 130 || packages[129] != (preflight.Alert{Number: 130, Severity: "low", What: "left-pad"}) {
		t.Errorf("%d alerts of packages", len(packages))
	}
	secrets, err3 := r.SecretAlerts(t.Context())
	same(t, secrets, []preflight.Alert{{Number: 9, What: "aws_key"}})
	looked, err4 := r.Analysed(t.Context(), "main", release.Commit(sha("c")))
	other, err5 := r.Analysed(t.Context(), "", release.Commit(sha("d")))
	broken, err6 := r.Analysed(t.Context(), "main", release.Commit(sha("a")))
	if !looked || other || broken {
		t.Errorf("analysed: %v, the other %v, the broken one %v", looked, other, broken)
	}
	if err := errors.Join(err, err2, err3, err4, err5, err6); err != nil {
		t.Error(err)
	}
}

// What cannot be seen is not shown: it is never an empty list, and by itself
// it stops nothing. An outage does.
func TestAlertsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	mayNot := map[string]string{"contents": "read"}
	for sentence, test := range map[string]struct {
		change   func(*githubtest.State)
		limit    githubtest.Limit
		stops    bool
		observed string
		remedy   string
	}{
		"the scanners are off": {func(s *githubtest.State) {
			s.CodeScanning, s.Dependabot, s.SecretScanning = githubtest.Scanner{}, githubtest.Scanner{}, githubtest.Scanner{}
		}, githubtest.Limit{}, false, "", ""},
		"the token may not": {func(s *githubtest.State) { s.Permissions = mayNot }, githubtest.Limit{}, false, "Resource not accessible by integration", ": read"},
		"GitHub is down":    {nil, githubtest.Limit{Status: 503, Times: 99}, true, "", "githubstatus"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			state := scanned()
			if test.change != nil {
				test.change(&state)
			}
			server, r := serve(t, state)
			server.Limit(test.limit)
			settings := preflight.Settings{CodeScanning: "high", Dependencies: "high", Secrets: true, ChecksTimeout: 30 * time.Second}
			report := preflight.Run(t.Context(), 10*time.Minute, preflight.Alerts(r, r, settings, release.Commit(sha("c")), 77))
			for _, one := range report.Results {
				if one.Status != release.NotShown || one.Stops != test.stops || !strings.Contains(one.Observed, test.observed) || !strings.Contains(one.Remedy, test.remedy) {
					t.Errorf("%+v", one)
				}
			}
		})
	}
}

// With a matrix of languages one analysis comes after the other.
func TestHalfAScanIsNone(t *testing.T) {
	t.Parallel()
	const newer, goes, scripts, older = " /language:rust", " /language:go", " /language:javascript", " /of-an-older-one"
	c, b := sha("c"), sha("b")
	for sentence, test := range map[string]struct {
		has, broken []string
		want        bool
	}{
		"all that the commit before has":       {has: []string{sha("d") + newer, c + scripts, c + goes, b + goes, b + scripts}, want: true},
		"one more":                             {has: []string{c + scripts, c + goes, b + goes}, want: true},
		"one is still at work":                 {has: []string{c + scripts, b + goes, b + scripts}},
		"one has failed":                       {has: []string{c + scripts, b + scripts}, broken: []string{c + goes}},
		"one that had failed before":           {has: []string{c + scripts, b + scripts}, broken: []string{c + scripts}, want: true},
		"the first commit ever":                {has: []string{c + scripts}, want: true},
		"what an older one had counts no more": {has: []string{c + scripts, b + scripts, sha("a") + older}, want: true},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			state := scanned()
			state.CodeScanning = githubtest.Scanner{On: true, Analyses: test.has, Broken: test.broken}
			_, r := serve(t, state)
			if got, err := r.Analysed(t.Context(), "main", release.Commit(c)); err != nil || got != test.want {
				t.Errorf("analysed %v, want %v: %v", got, test.want, err)
			}
		})
	}
}
