package githubtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// reply is an answer before it is cut into pages and written.
type reply struct {
	status int // 200 when 0
	body   any
	items  []any // of a list: the body is a page of them
	wrap   string
}

func found(body any) reply { return reply{body: body} }

func list[T any](items []T) reply {
	all := make([]any, len(items))
	for i, item := range items {
		all[i] = item
	}
	return reply{items: all}
}

// under puts a list below a key, beside its total.
func (r reply) under(key string) reply {
	r.wrap = key
	return r
}

func missing() reply { return problem(http.StatusNotFound, "Not Found") }

func problem(status int, message string) reply {
	return reply{status: status, body: errorBody(status, message)}
}

func (r reply) write(w http.ResponseWriter, req *http.Request) {
	if r.items != nil {
		page, link := pages(r.items, req)
		if link != "" {
			w.Header().Set("Link", link)
		}
		r.body = page
		if r.wrap != "" {
			r.body = map[string]any{"total_count": len(r.items), r.wrap: page}
		}
	}
	if r.status == 0 {
		r.status = http.StatusOK
	}
	w.WriteHeader(r.status)
	_ = json.NewEncoder(w).Encode(r.body) // the client went away
}

// pages returns the page that the query asks for, and the Link header to the
// others.
func pages(items []any, req *http.Request) (page []any, link string) {
	at := req.URL
	size := number(at.Query().Get("per_page"), 30, 100)
	last := max(1, (len(items)+size-1)/size)
	current := number(at.Query().Get("page"), 1, 1<<30)
	if from := (current - 1) * size; from < len(items) {
		page = items[from:min(from+size, len(items))]
	}
	var links []string
	add := func(rel string, n int) {
		query := at.Query()
		query.Set("page", strconv.Itoa(n))
		next := url.URL{Scheme: "http", Host: req.Host, Path: at.Path, RawPath: at.RawPath, RawQuery: query.Encode()}
		links = append(links, fmt.Sprintf("<%s>; rel=%q", next.String(), rel))
	}
	if current > 1 {
		add("prev", current-1)
		add("first", 1)
	}
	if current < last {
		add("next", current+1)
		add("last", last)
	}
	return append([]any{}, page...), strings.Join(links, ", ")
}

func number(text string, absent, most int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return absent
	}
	return min(n, most)
}

func errorBody(status int, message string) map[string]any {
	return map[string]any{
		"message": message, "documentation_url": "https://docs.github.com/rest", "status": strconv.Itoa(status),
	}
}

func fail(w http.ResponseWriter, status int, message string) {
	body := errorBody(status, message)
	if strings.Contains(message, "secondary") {
		body["documentation_url"] = "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits"
	}
	reply{status: status, body: body}.write(w, nil)
}
