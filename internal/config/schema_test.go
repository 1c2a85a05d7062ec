package config_test

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/bluegreen-actions/bluegreen/internal/config"
)

func TestSchema(t *testing.T) {
	t.Parallel()
	const path = "testdata/schema.json"
	got := config.SchemaOf(typeOf)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if diff := cmp.Diff(string(want), string(got)); err != nil || diff != "" {
		t.Errorf("%v: run the test with -update and read the change: %s", err, diff)
	}
	if !bytes.Equal(got, config.SchemaOf(typeOf)) || !json.Valid(config.Schema()) {
		t.Error("it is another one the second time, or no JSON")
	}
}

// TestTheSchemaAgreesWithLoad asks both about the same documents.
func TestTheSchemaAgreesWithLoad(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text string
		good bool
	}{
		"nothing":                    {"{}", true},
		"an empty section":           {"shift:\ngates:\nhosts:\n", true},
		"every kind":                 {"{application: 1.10, shift: {bake: 1m30s, steps: [1, 100%], slot: green, hold: true, retries: -2, small: 255, tolerance: 1e-3, largest: 2 GB, names: [a, 3]}}", true},
		"single values as lists":     {"{shift: {steps: 100%, names: a}, gates: {name: e}}", true},
		"maps":                       {"{hosts: {a: {address: b, labels: {c: d}}, e: }, ports: {blue: 1}, extra: [{}]}", true},
		"variables":                  {"{shift: {bake: '${BAKE}', hold: '${NONE:-true}', retries: '${NONE:-3}', largest: '${NONE:-1}MB', slot: '${NONE:-blue}'}}", true},
		"no time at all":             {"{shift: {bake: 0}}", true},
		"an unknown key":             {"{shit: {}}", false},
		"an unknown key in a list":   {"{gates: [{name: a, abov: 1}]}", false},
		"an unknown key in a map":    {"{hosts: {a: {adress: b}}}", false},
		"a time without a unit":      {"{shift: {bake: 5}}", false},
		"a time in words":            {"{shift: {bake: 5 minutes}}", false},
		"a third slot":               {"{shift: {slot: red}}", false},
		"a third slot as a key":      {"{ports: {red: 1}}", false},
		"a list for a value":         {"{application: [a]}", false},
		"a value for a section":      {"{shift: fast}", false},
		"a list for a map":           {"{hosts: [a]}", false},
		"a word for a number":        {"{shift: {retries: many}}", false},
		"half a number":              {"{shift: {retries: 1.5}}", false},
		"a negative for an unsigned": {"{shift: {small: -1}}", false},
		"a word for a switch":        {"{shift: {hold: maybe}}", false},
		"more than everything":       {"{shift: {steps: [101]}}", false},
		"an unknown unit":            {"{shift: {largest: 5MiB}}", false},
	}
	var root map[string]any
	if err := json.Unmarshal(config.SchemaOf(typeOf), &root); err != nil {
		t.Fatal(err)
	}
	for name, tt := range tests {
		var document any
		if err := yaml.Unmarshal([]byte(tt.text), &document); err != nil {
			t.Fatal(err)
		}
		_, err := load(file(tt.text))
		if valid := conforms(root, root, document); valid != tt.good || (err == nil) != tt.good {
			t.Errorf("%s: the schema says %t, Load says %v", name, valid, err)
		}
	}
}

// conforms reads as much of JSON Schema as Schema writes.
func conforms(root, s map[string]any, v any) bool {
	if name, ok := s["$ref"].(string); ok {
		s = root["$defs"].(map[string]any)[strings.TrimPrefix(name, "#/$defs/")].(map[string]any)
	}
	for word, want := range s {
		if !rule(root, s, word, want, v) {
			return false
		}
	}
	return true
}

func rule(root, s map[string]any, word string, want, v any) bool {
	text, isText := v.(string)
	n, isNumber := number(v)
	items, _ := v.([]any)
	switch word {
	case "type":
		return slices.ContainsFunc(list(want), func(name any) bool { return is(v, name.(string)) })
	case "enum":
		return slices.Contains(list(want), v)
	case "const":
		return isNumber && n == want
	case "pattern":
		return !isText || regexp.MustCompile(want.(string)).MatchString(text)
	case "minimum":
		return !isNumber || n >= want.(float64)
	case "maximum":
		return !isNumber || n <= want.(float64)
	case "anyOf":
		return slices.ContainsFunc(list(want), func(one any) bool { return conforms(root, one.(map[string]any), v) })
	case "items":
		return !slices.ContainsFunc(items, func(one any) bool { return !conforms(root, want.(map[string]any), one) })
	case "additionalProperties":
		return object(root, s, v)
	case "properties", "propertyNames", "description", "default", "title", "$schema", "$defs":
		return true
	}
	panic("a word that this test does not know: " + word)
}

func object(root, s map[string]any, v any) bool {
	named, _ := s["properties"].(map[string]any)
	rest, open := s["additionalProperties"].(map[string]any)
	names, _ := s["propertyNames"].(map[string]any)
	members, _ := v.(map[string]any)
	for name, member := range members {
		property, known := named[name].(map[string]any)
		switch {
		case !conforms(root, names, name), !known && !open:
			return false
		case known && !conforms(root, property, member), !known && !conforms(root, rest, member):
			return false
		}
	}
	return true
}

func is(v any, name string) bool {
	n, isNumber := number(v)
	switch name {
	case "integer":
		return isNumber && n == math.Trunc(n)
	case "number":
		return isNumber
	}
	kinds := map[string]reflect.Kind{"null": reflect.Invalid, "string": reflect.String, "boolean": reflect.Bool, "object": reflect.Map, "array": reflect.Slice}
	return reflect.ValueOf(v).Kind() == kinds[name]
}

func number(v any) (float64, bool) {
	switch n := v.(type) {
	case int:
		return float64(n), true
	case float64:
		return n, true
	}
	return 0, false
}

func list(v any) []any {
	if all, ok := v.([]any); ok {
		return all
	}
	return []any{v}
}
