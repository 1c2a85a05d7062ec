package githubtest

import (
	"fmt"
	"net/http"
	"strings"
)

// Scanner is one of GitHub's scanners. The zero value is turned off.
type Scanner struct {
	On       bool
	Open     []Alert  // alerts that nobody has closed
	Analyses []string // commits that code scanning has looked at, the newest first; each alone or with a space and a category
	Broken   []string // such commits whose analysis ended in an error
}

// Alert is an open alert.
type Alert struct {
	Number   int
	Severity string // low, medium, high or critical; of code scanning also "", for a rule without one
	What     string // the rule, the package or the kind of secret
}

// off is how each scanner says that it is turned off.
func (s Scanner) off(status int, message string) (reply, bool) {
	return problem(status, message), !s.On
}

func codeAlerts(s *State, r *http.Request) reply {
	if off, is := s.CodeScanning.off(http.StatusForbidden, "Code scanning is not enabled for this repository. Please enable code scanning in the repository settings."); is {
		return off
	}
	if len(s.CodeScanning.Analyses) == 0 {
		return problem(http.StatusNotFound, "no analysis found")
	}
	wanted := r.URL.Query().Get("severity")
	all := []object{}
	for _, a := range s.CodeScanning.Open {
		if wanted != "" && wanted != a.Severity {
			continue
		}
		rule := object{"id": a.What, "security_severity_level": nil}
		if a.Severity != "" {
			rule["security_severity_level"] = a.Severity
		}
		all = append(all, object{"number": a.Number, "state": "open", "rule": rule})
	}
	return list(all)
}

func analyses(s *State, _ *http.Request) reply {
	if off, is := s.CodeScanning.off(http.StatusForbidden, "Code scanning is not enabled for this repository. Please enable code scanning in the repository settings."); is {
		return off
	}
	if len(s.CodeScanning.Analyses)+len(s.CodeScanning.Broken) == 0 {
		return problem(http.StatusNotFound, "no analysis found")
	}
	all := []object{}
	add := func(each []string, problem string) {
		for _, one := range each {
			sha, category, _ := strings.Cut(one, " ")
			all = append(all, object{
				"id": len(all) + 1, "commit_sha": sha, "ref": "refs/heads/" + s.branch(), "error": problem,
				"category": category, "tool": object{"name": "CodeQL"},
			})
		}
	}
	add(s.CodeScanning.Analyses, "")
	add(s.CodeScanning.Broken, "the SARIF file is too large")
	return list(all)
}

// dependabotAlerts answers pages by cursor: next and before, no numbers.
func dependabotAlerts(s *State, r *http.Request) reply {
	if off, is := s.Dependabot.off(http.StatusForbidden, "Dependabot alerts are disabled for this repository."); is {
		return off
	}
	wanted := r.URL.Query().Get("severity")
	all := []object{}
	for _, a := range s.Dependabot.Open {
		if wanted != "" && !strings.Contains(wanted, a.Severity) {
			continue
		}
		all = append(all, object{
			"number": a.Number, "state": "open", "security_advisory": object{"severity": a.Severity},
			"security_vulnerability": object{"severity": a.Severity, "package": object{"name": a.What, "ecosystem": "go"}},
			"dependency":             object{"package": object{"name": a.What, "ecosystem": "go"}},
		})
	}
	answer := list(all)
	answer.cursor = true
	return answer
}

func secretAlerts(s *State, _ *http.Request) reply {
	if off, is := s.SecretScanning.off(http.StatusNotFound, "Secret scanning is disabled on this repository."); is {
		return off
	}
	all := []object{}
	for _, a := range s.SecretScanning.Open {
		all = append(all, object{"number": a.Number, "state": "open", "secret_type": a.What, "url": fmt.Sprint("https://api.github.com/alerts/", a.Number)})
	}
	return list(all)
}
