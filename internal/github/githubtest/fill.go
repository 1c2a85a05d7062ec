package githubtest

import (
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// fill adds to a value what the schema requires and the value leaves out, so
// that a client meets the whole of an answer.
func fill(s *openapi3.Schema, value any) any {
	for _, part := range s.AllOf {
		value = fill(part.Value, value)
	}
	if len(s.OneOf)+len(s.AnyOf) > 0 {
		return fillOne(s, value)
	}
	switch value := value.(type) {
	case []any:
		for i := range value {
			if s.Items != nil {
				value[i] = fill(s.Items.Value, value[i])
			}
		}
		return value
	case object:
		return fillObject(s, value)
	}
	return value
}

// fillOne takes the first alternative with which the value keeps to the schema.
func fillOne(s *openapi3.Schema, value any) any {
	for _, part := range parts(s) {
		whole := fill(part, copied(value))
		if judge(part, whole) == nil && judge(s, whole) == nil {
			return whole
		}
	}
	return value
}

// copied is a value that can be filled without the first one knowing.
func copied(value any) any {
	switch value := value.(type) {
	case object:
		all := object{}
		for key, field := range value {
			all[key] = copied(field)
		}
		return all
	case []any:
		all := make([]any, len(value))
		for i, item := range value {
			all[i] = copied(item)
		}
		return all
	}
	return value
}

func fillObject(s *openapi3.Schema, value object) object {
	for name, p := range s.Properties {
		if field, has := value[name]; has {
			value[name] = fill(p.Value, field)
		}
	}
	for _, name := range s.Required {
		if _, has := value[name]; !has && s.Properties[name] != nil {
			value[name] = sample(s.Properties[name].Value)
		}
	}
	return value
}

// sample is the emptiest value that a schema allows.
func sample(s *openapi3.Schema) any {
	switch {
	case s.Nullable:
		return nil
	case len(s.Enum) > 0:
		return s.Enum[0]
	case len(s.AllOf) > 0:
		return fill(s, object{})
	case len(s.OneOf) > 0:
		return sample(s.OneOf[0].Value)
	case len(s.AnyOf) > 0:
		return sample(s.AnyOf[0].Value)
	case s.Type.Is("string"):
		return text(s)
	case s.Type.Is("integer"), s.Type.Is("number"):
		if s.Min != nil {
			return *s.Min
		}
		return 0.0
	case s.Type.Is("boolean"):
		return false
	case s.Type.Is("array"):
		return []any{}
	}
	return fill(s, object{})
}

func text(s *openapi3.Schema) string {
	switch s.Format {
	case "date-time":
		return stamp(epoch)
	case "uri":
		return "https://api.github.com"
	}
	return strings.Repeat("0", int(s.MinLength))
}
