package action

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// binding is the text of every input: from a flag, from the environment, or
// the default.
type binding struct {
	given map[string]string // empty and absent are the same, as on GitHub
}

// text returns what was given for an input, or its default. A default that is
// an expression is GitHub's to fill in and means nothing elsewhere.
func (b binding) text(f Field) string {
	if v := b.given[f.Name]; v != "" {
		return v
	}
	if expression(f.Default) {
		return ""
	}
	return f.Default
}

func expression(standard string) bool { return len(standard) > 3 && standard[:3] == "${{" }

// fill sets the tagged fields of a struct and returns every problem at once.
func (b binding) fill(into any) error {
	v := reflect.ValueOf(into).Elem()
	var problems []error
	for _, f := range fields(v.Type(), "input") {
		text := b.text(f)
		switch {
		case text == "" && f.Required:
			problems = append(problems, fmt.Errorf("input %s is empty: %s", f.Name, f.Help))
		case text != "":
			if err := set(v.Field(f.index), text); err != nil {
				problems = append(problems, fmt.Errorf("input %s: %w", f.Name, err))
			}
		}
	}
	if err := errors.Join(problems...); err != nil {
		return release.Reject("correct the inputs of the action; its action.yml says what each one takes", "%w", err)
	}
	return nil
}

func set(v reflect.Value, text string) error {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	switch p := v.Addr().Interface().(type) {
	case *string:
		*p = text
	case *bool:
		return setBool(p, text)
	case *int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%q: want a whole number", text)
		}
		*p = n
	case *time.Duration:
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return fmt.Errorf("%q: want a number and a unit, such as 90s or 5m", text)
		}
		*p = d
	default:
		panic(fmt.Sprintf("action: an input cannot be a %s", v.Type()))
	}
	return nil
}

// setBool takes the words of YAML 1.2's core schema, as GitHub's own toolkit does.
func setBool(p *bool, text string) error {
	switch text {
	case "true", "True", "TRUE":
		*p = true
	case "false", "False", "FALSE":
		*p = false
	default:
		return fmt.Errorf("%q: want true or false", text)
	}
	return nil
}
