package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// schema is a JSON Schema, or a part of one.
type schema map[string]any

// definitions is the parts that stand in more than one place, by name.
type definitions schema

// Schema is the JSON Schema of File for editors, draft 2020-12, with two spaces
// of indentation and always in the same order. It is as strict as Load where a
// schema can be, and never stricter, but for values that are left empty.
func Schema() []byte { return schemaOf(reflect.TypeFor[File]()) }

func schemaOf(t reflect.Type) []byte {
	defs := definitions{"variable": schema{
		"type": "string", "pattern": `\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^{}]*)?\}`,
		"description": "Text with ${NAME} or ${NAME:-default}, which is read from the environment.",
	}}
	s := defs.section(t, "")
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "bluegreen configuration"
	s["$defs"] = defs
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(s); err != nil {
		panic(fmt.Sprintf("config: schema: %v", err))
	}
	return out.Bytes()
}

// section is the schema of a struct. It may be left empty: then all its
// defaults hold.
func (d definitions) section(t reflect.Type, path string) schema {
	properties := schema{}
	for _, f := range fieldsOf(t) {
		p := d.kind(pointed(f.typ), join(path, f.name))
		if f.help != "" {
			p["description"] = f.help
		}
		if f.standard != "" {
			p["default"] = standardOf(f)
		}
		properties[f.name] = p
	}
	return schema{"type": []string{"object", "null"}, "properties": properties, "additionalProperties": false}
}

func standardOf(f field) any {
	node, err := parse(f.standard)
	var value any
	if err == nil {
		err = node.Decode(&value)
	}
	if err != nil {
		panic(fmt.Sprintf("default of %s: %v", f.name, err))
	}
	return value
}

func (d definitions) kind(t reflect.Type, path string) schema {
	if single(t) {
		return value(t)
	}
	switch t.Kind() {
	case reflect.Struct:
		return d.section(t, path)
	case reflect.Map:
		return schema{"type": []string{"object", "null"}, "propertyNames": value(t.Key()), "additionalProperties": d.kind(pointed(t.Elem()), path)}
	case reflect.Slice:
		d[path] = d.kind(pointed(t.Elem()), path+".item")
		item := schema{"$ref": "#/$defs/" + path}
		return anyOf(schema{"type": []string{"array", "null"}, "items": item}, item)
	}
	return schema{}
}

// scalar is any single value of YAML: text types take a number as it is written.
var scalar = []string{"string", "number", "boolean"}

// value is the schema of what is written as one value.
func value(t reflect.Type) schema {
	switch t {
	case durationType:
		return variable(schema{"type": "string", "pattern": `^\+?(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h))+$`}, schema{"const": 0})
	case reflect.TypeFor[release.Slot]():
		return variable(schema{"enum": release.Slots})
	case reflect.TypeFor[release.Weight]():
		return variable(schema{"type": "integer", "minimum": 0, "maximum": 100}, schema{"type": "string", "pattern": `^[+]?[0-9]+%?$`})
	case reflect.TypeFor[release.Size]():
		return variable(schema{"type": "number", "minimum": 0}, schema{"type": "string", "pattern": `^[0-9.]+ *(B|kB|MB|GB)?$`})
	}
	if reflect.PointerTo(t).Implements(textType) {
		return schema{"type": scalar}
	}
	switch {
	case t.Kind() == reflect.Bool:
		return variable(schema{"type": "boolean"})
	case reflect.Zero(t).CanInt():
		return variable(schema{"type": "integer"})
	case reflect.Zero(t).CanUint():
		return variable(schema{"type": "integer", "minimum": 0})
	case reflect.Zero(t).CanFloat():
		return variable(schema{"type": "number"})
	}
	return schema{"type": scalar}
}

// variable is a value of its own kind, or one that is read from the environment.
func variable(own ...schema) schema {
	return anyOf(append(own, schema{"$ref": "#/$defs/variable"})...)
}

func anyOf(some ...schema) schema { return schema{"anyOf": some} }
