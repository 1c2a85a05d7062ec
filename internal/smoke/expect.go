package smoke

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/itchyny/gojq"
)

// shown is how much of an answer is quoted, in bytes.
const shown = 200

// differs says everything in which an answer is not the one that passes.
func (e Expect) differs(answer *http.Response, body []byte) error {
	var problems []error
	if !slices.Contains(e.Status, Status(answer.StatusCode)) {
		problems = append(problems, fmt.Errorf("status %d: want %v, body %s", answer.StatusCode, e.Status, quote(body)))
	}
	for _, name := range slices.Sorted(maps.Keys(e.Headers)) {
		if have := answer.Header.Get(name); have != e.Headers[name] {
			problems = append(problems, fmt.Errorf("header %s is %s: want %q", name, quote([]byte(have)), e.Headers[name]))
		}
	}
	if e.BodyContains != "" && !strings.Contains(string(body), e.BodyContains) {
		problems = append(problems, fmt.Errorf("body without %q: %s", e.BodyContains, quote(body)))
	}
	return errors.Join(append(problems, e.values(body)...)...)
}

func (e Expect) values(body []byte) []error {
	if len(e.JSON) == 0 {
		return nil
	}
	var document any
	if err := json.Unmarshal(body, &document); err != nil {
		return []error{fmt.Errorf("body is no JSON: %s", quote(body))}
	}
	var problems []error
	for _, expression := range slices.Sorted(maps.Keys(e.JSON)) {
		if err := value(document, expression, e.JSON[expression]); err != nil {
			problems = append(problems, err)
		}
	}
	return problems
}

// value compares what an expression finds with what is wanted. An expression
// that finds nothing, or more than one value, differs.
func value(document any, expression string, want any) error {
	query, err := gojq.Parse(expression)
	if err != nil {
		return fmt.Errorf("json %s: %w", expression, err)
	}
	found := query.Run(document)
	have, ok := found.Next()
	if !ok {
		return fmt.Errorf("json %s finds nothing: want %v", expression, want)
	}
	if err, bad := have.(error); bad {
		return fmt.Errorf("json %s: %s", expression, quote([]byte(err.Error())))
	}
	if _, more := found.Next(); more {
		return fmt.Errorf("json %s finds more than one value: want %v", expression, want)
	}
	if !reflect.DeepEqual(plain(have), plain(want)) {
		text, _ := json.Marshal(have)
		return fmt.Errorf("json %s is %s: want %v", expression, quote(text), want)
	}
	return nil
}

// plain brings a value from YAML and one from JSON to the same types.
func plain(v any) any {
	text, err := json.Marshal(v)
	if err != nil {
		return v
	}
	var out any
	_ = json.Unmarshal(text, &out)
	return out
}

// quote makes text from outside printable and short.
func quote(text []byte) string {
	if len(text) > shown {
		return strconv.QuoteToASCII(string(text[:shown])) + fmt.Sprintf(" and %d bytes more", len(text)-shown)
	}
	return strconv.QuoteToASCII(string(text))
}
