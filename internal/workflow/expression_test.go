package workflow_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// situation is what a condition of a job can ask for.
type situation struct {
	results   map[string]string // of the jobs before
	inputs    map[string]string // and the roles, which preflight says
	cancelled bool
	attempt   string
	heldIn    string // the attempt whose shift was held, as its output says
}

var words = regexp.MustCompile(`\s*(&&|\|\||==|!=|!|\(|\)|'[^']*'|[\w.-]+)`)

// holds evaluates a job's condition, as far as our workflows go. It fails the
// test on anything else, so that a condition is never read wrongly.
func (s situation) holds(t *testing.T, condition string) bool {
	t.Helper()
	e := &evaluation{situation: s}
	rest := one(condition)
	for rest != "" {
		m := words.FindStringSubmatchIndex(rest)
		if m == nil || m[0] != 0 {
			t.Fatalf("condition %q: cannot read %q", condition, rest)
		}
		e.words = append(e.words, rest[m[2]:m[3]])
		rest = rest[m[1]:]
	}
	value := e.or()
	if e.err != nil || len(e.words) > 0 {
		t.Fatalf("condition %q: %v, left over %v", condition, e.err, e.words)
	}
	return value == "true"
}

type evaluation struct {
	situation
	words []string
	err   error
}

func (e *evaluation) take(word string) bool {
	if len(e.words) == 0 || e.words[0] != word {
		return false
	}
	e.words = e.words[1:]
	return true
}

func (e *evaluation) or() string {
	value := e.and()
	for e.take("||") {
		if next := e.and(); value != "true" {
			value = next
		}
	}
	return value
}

func (e *evaluation) and() string {
	value := e.equal()
	for e.take("&&") {
		if next := e.equal(); value == "true" {
			value = next
		}
	}
	return value
}

func (e *evaluation) equal() string {
	value := e.not()
	switch {
	case e.take("=="):
		return fmt.Sprint(value == e.not())
	case e.take("!="):
		return fmt.Sprint(value != e.not())
	}
	return value
}

func (e *evaluation) not() string {
	if e.take("!") {
		return fmt.Sprint(e.not() != "true")
	}
	if e.take("(") {
		value := e.or()
		if !e.take(")") {
			e.err = fmt.Errorf("a bracket is open")
		}
		return value
	}
	return e.atom()
}

func (e *evaluation) atom() string {
	if len(e.words) == 0 {
		e.err = fmt.Errorf("it ends too early")
		return ""
	}
	word := e.words[0]
	e.words = e.words[1:]
	if text, quoted := strings.CutPrefix(word, "'"); quoted {
		return strings.TrimSuffix(text, "'")
	}
	if e.take("(") && e.take(")") {
		return map[string]string{"always": "true", "cancelled": fmt.Sprint(e.cancelled)}[word]
	}
	if name, ok := strings.CutPrefix(word, "inputs."); ok {
		return e.inputs[name]
	}
	if name, ok := strings.CutPrefix(word, "needs.preflight.outputs."); ok {
		return e.inputs[name]
	}
	switch word {
	case "needs.shift.outputs.held-in":
		return e.heldIn
	case "github.run_attempt":
		return e.attempt
	}
	name, _ := strings.CutSuffix(strings.TrimPrefix(word, "needs."), ".result")
	result, ok := e.results[name]
	if !ok {
		e.err = fmt.Errorf("unknown %q", word)
	}
	return result
}
