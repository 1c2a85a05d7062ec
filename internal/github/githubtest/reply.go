package githubtest

import (
	"encoding/json"
	"fmt"
	"maps"
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
	beside object // what stands beside a list that is below a key
	cursor bool   // the pages of a list have no numbers
	header string // of the permissions that were missing
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

// made answers that something was created.
func made(body any) reply { return reply{status: http.StatusCreated, body: body} }

// done answers with nothing.
func done() reply { return reply{status: http.StatusNoContent} }

func missing() reply { return problem(http.StatusNotFound, "Not Found") }

func problem(status int, message string) reply {
	return reply{status: status, body: errorBody(status, message)}
}

// write sends an answer that the contract allows.
func (r reply) write(w http.ResponseWriter, req *http.Request, c contract) error {
	if r.items != nil {
		page, link := pages(r.items, req, r.cursor)
		if link != "" {
			w.Header().Set("Link", link)
		}
		r.body = page
		if r.wrap != "" {
			whole := object{"total_count": len(r.items), r.wrap: page}
			maps.Copy(whole, r.beside)
			r.body = whole
		}
	}
	if r.status == 0 {
		r.status = http.StatusOK
	}
	body, err := c.response(r.status, r.body)
	if err != nil {
		return err
	}
	send(w, r.status, body)
	return nil
}

func send(w http.ResponseWriter, status int, body any) {
	w.WriteHeader(status)
	if status != http.StatusNoContent {
		_ = json.NewEncoder(w).Encode(body) // the client went away
	}
}

// pages returns the page that the query asks for, and the Link header to the
// others: by number, or by what comes after.
func pages(items []any, req *http.Request, cursor bool) (page []any, link string) {
	at := req.URL
	size := number(at.Query().Get("per_page"), 30, 100)
	last := max(1, (len(items)+size-1)/size)
	key := "page"
	if cursor {
		key = "after"
	}
	current := number(at.Query().Get(key), 1, 1<<30)
	if from := (current - 1) * size; from < len(items) {
		page = items[from:min(from+size, len(items))]
	}
	var links []string
	add := func(rel string, n int) {
		query := at.Query()
		query.Set(key, strconv.Itoa(n))
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
	send(w, status, body)
}
