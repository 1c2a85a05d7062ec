package githubtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// undescribed is what GitHub says and takes without describing it: the switch
// that lets administrators bypass an environment, which its pages and other
// clients have used for years.
var undescribed = []string{"can_admins_bypass"}

func decode(text []byte) (any, error) {
	var value any
	return value, json.Unmarshal(text, &value)
}

// again is a value as a reader of its JSON has it.
func again(value any) (any, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return decode(text)
}

// judge refuses a value that the schema does, and beside that every key that
// the schema does not name.
func judge(s *openapi3.Schema, value any) error {
	if err := s.VisitJSON(plain(value)); err != nil {
		if bad, ok := errors.AsType[*openapi3.SchemaError](err); ok {
			return fmt.Errorf("/%s: %s", strings.Join(bad.JSONPointer(), "/"), bad.Reason)
		}
		return err
	}
	return named(s, value)
}

// plain is a value without what is not described.
func plain(value any) any {
	if o, ok := value.(object); ok {
		o = maps.Clone(o)
		maps.DeleteFunc(o, func(key string, _ any) bool { return slices.Contains(undescribed, key) })
		return o
	}
	return value
}

// named looks for keys that no part of the schema has.
func named(s *openapi3.Schema, value any) error {
	switch value := value.(type) {
	case []any:
		for i, item := range value {
			if s.Items == nil {
				break
			}
			if err := named(s.Items.Value, item); err != nil {
				return fmt.Errorf("%d: %w", i, err)
			}
		}
	case object:
		for key, field := range value {
			schemas, open := fields(s, key)
			if len(schemas) == 0 && !open && !slices.Contains(undescribed, key) {
				return fmt.Errorf("%s: GitHub does not describe it", key)
			}
			if err := oneNames(schemas, field); err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
		}
	}
	return nil
}

// oneNames is nil when one of the schemas has every key.
func oneNames(schemas []*openapi3.Schema, value any) (err error) {
	for _, s := range schemas {
		if err = named(s, value); err == nil {
			return nil
		}
	}
	return err
}

// fields lists the schemas that a key may have, and reports whether any key is
// allowed.
func fields(s *openapi3.Schema, key string) (found []*openapi3.Schema, open bool) {
	if p := s.Properties[key]; p != nil {
		found = append(found, p.Value)
	}
	a := s.AdditionalProperties
	open = a.Schema != nil || a.Has != nil && *a.Has || len(s.Properties)+len(parts(s)) == 0
	for _, part := range parts(s) {
		more, any := fields(part, key)
		found, open = append(found, more...), open || any
	}
	return found, open
}

func parts(s *openapi3.Schema) []*openapi3.Schema {
	var all []*openapi3.Schema
	for _, refs := range []openapi3.SchemaRefs{s.AllOf, s.AnyOf, s.OneOf} {
		for _, ref := range refs {
			all = append(all, ref.Value)
		}
	}
	return all
}
