package smoke

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
)

// differs says everything in which an answer is not the one that passes. A body
// of maxBody bytes has been cut.
func (c Check) differs(ctx context.Context, answer *http.Response, body []byte) error {
	var problems []error
	e := c.Expect
	if !slices.Contains(e.Status, Status(answer.StatusCode)) {
		problems = append(problems, fmt.Errorf("status %d: want %v, body %s", answer.StatusCode, e.Status, c.quote(body)))
	}
	for _, name := range slices.Sorted(maps.Keys(e.Headers)) {
		if have := answer.Header.Get(name); have != e.Headers[name] {
			problems = append(problems, fmt.Errorf("header %s is %s: want %q", name, c.quote([]byte(have)), e.Headers[name]))
		}
	}
	switch {
	case e.BodyContains == "" && len(e.JSON) == 0 && len(e.Metrics) == 0:
	case len(body) > maxBody:
		problems = append(problems, fmt.Errorf("body of more than %d bytes: want one that can be read whole", maxBody))
	case !strings.Contains(string(body), e.BodyContains):
		problems = append(problems, fmt.Errorf("body without %q: %s", e.BodyContains, c.quote(body)))
	default:
		problems = append(problems, c.values(ctx, body)...)
		problems = append(problems, c.metrics(body))
	}
	return errors.Join(problems...)
}

func (c Check) values(ctx context.Context, body []byte) []error {
	wanted := c.Expect.JSON
	if len(wanted) == 0 {
		return nil
	}
	var document any
	if err := json.Unmarshal(body, &document); err != nil {
		return []error{fmt.Errorf("body is no JSON: %s", c.quote(body))}
	}
	var problems []error
	for _, expression := range slices.Sorted(maps.Keys(wanted)) {
		if err := c.value(ctx, document, expression, wanted[expression]); err != nil {
			problems = append(problems, fmt.Errorf("json %s %w", expression, err))
		}
	}
	return problems
}

// value compares what an expression finds with what is wanted. An expression
// that finds nothing, or more than one value, differs.
func (c Check) value(ctx context.Context, document any, expression string, want any) error {
	code, err := compile(expression)
	if err != nil {
		return err
	}
	found := code.RunWithContext(ctx, document)
	have, ok := found.Next()
	if !ok {
		return fmt.Errorf("finds nothing: want %v", want)
	}
	if err, bad := have.(error); bad {
		return fmt.Errorf("cannot be evaluated: %s", c.quote([]byte(err.Error())))
	}
	if _, more := found.Next(); more {
		return fmt.Errorf("finds more than one value: want %v", want)
	}
	if !reflect.DeepEqual(plain(have), plain(want)) {
		text, _ := json.Marshal(have)
		return fmt.Errorf("is %s: want %v", c.quote(text), want)
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
	_ = json.Unmarshal(text, &out) // what was just encoded
	return out
}
