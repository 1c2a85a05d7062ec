package githubtest

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"strconv"
	"time"
)

// object is a JSON object of the API.
type object = map[string]any

// epoch is when everything without a time of its own was created.
var epoch = time.Date(2026, 10, 1, 9, 0, 0, 0, time.UTC)

// now is when something is created by a request.
func (s *State) now() time.Time {
	if s.Now != nil {
		return s.Now().UTC().Truncate(time.Second)
	}
	return epoch
}

// idOf makes a stable id of a name.
func idOf(name string) int64 {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(name)) // never fails
	return int64(hash.Sum32())
}

func user(login string) object {
	return object{
		"login": login, "id": idOf(login), "type": "User", "site_admin": false,
		"html_url": "https://github.com/" + login, "url": "https://api.github.com/users/" + login,
	}
}

func team(slug string) object {
	return object{"id": idOf("team " + slug), "slug": slug, "name": slug, "privacy": "closed", "permission": "push"}
}

// pathID reads a number from the path; what is none matches nothing.
func pathID(r *http.Request, name string) int64 {
	id, err := strconv.ParseInt(r.PathValue(name), 10, 64)
	if err != nil {
		return -1
	}
	return id
}

// apiURL is the address of a path on this server, as GitHub writes it into its
// answers.
func apiURL(r *http.Request, format string, args ...any) string {
	return "http://" + r.Host + fmt.Sprintf(format, args...)
}

func stamp(t time.Time) string {
	if t.IsZero() {
		t = epoch
	}
	return t.UTC().Format(time.RFC3339)
}
