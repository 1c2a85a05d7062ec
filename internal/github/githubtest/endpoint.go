package githubtest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// endpoint answers a route of the repository, and 404 for every other
// repository and for a private one without a token. It holds the request and
// its own answer against GitHub's description.
func (s *Server) endpoint(route route) http.Handler {
	contract, err := contractOf(route.method, route.path)
	if err != nil {
		panic(err) // a route is part of the program
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = contract.request(r, body)
		}
		if err != nil {
			s.surprised(r, "%v", err)
			fail(w, http.StatusUnprocessableEntity, "Invalid request: "+err.Error())
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer := s.answer(route, r)
		if answer.header != "" {
			w.Header().Set("X-Accepted-GitHub-Permissions", answer.header)
		}
		if err := answer.write(w, r, contract); err != nil {
			s.surprised(r, "the stand-in answers wrongly: %v", err)
			fail(w, http.StatusNotImplemented, "the stand-in would answer wrongly: "+err.Error())
		}
	})
}

func (s *Server) answer(route route, r *http.Request) reply {
	name := r.PathValue("owner") + "/" + r.PathValue("repo")
	of := strings.HasPrefix(route.path, repository)
	switch {
	case of && !strings.EqualFold(name, s.state.Repository), of && s.state.Private && token(r) == "":
		return missing()
	case !s.state.allows(route.needs):
		answer := problem(http.StatusForbidden, "Resource not accessible by integration")
		answer.header = route.needs
		return answer
	}
	return route.answer(&s.state, r)
}

// allows reports whether the token has a permission; write includes read.
func (s *State) allows(needs string) bool {
	scope, level, _ := strings.Cut(needs, "=")
	if s.Permissions == nil || scope == "" || scope == "metadata" {
		return true
	}
	has := s.Permissions[strings.ReplaceAll(scope, "_", "-")]
	return has == "write" || has == level
}

func (s *Server) surprised(r *http.Request, format string, args ...any) {
	s.surprises = append(s.surprises, r.Method+" "+r.URL.RequestURI()+": "+fmt.Sprintf(format, args...))
}

// sent is the JSON object of a request, which has been held against the
// description; empty when there is none.
func sent(r *http.Request) object {
	text, _ := io.ReadAll(r.Body) // from memory
	value, _ := decode(text)
	o, _ := value.(object)
	return o
}
