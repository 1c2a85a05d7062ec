package action

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Field is one input or output.
type Field struct {
	Name     string
	Help     string
	Default  string
	Required bool
	Secret   bool
	Key      string // the key of the configuration that the input sets; empty for an input of its own
	boolean  bool
	index    int
}

// fields reads the declaration of a struct: the tag kind ("input" or "output")
// names a field, help and default say the rest, required:"true" means that an
// empty value is refused.
func fields(t reflect.Type, kind string) []Field {
	var all []Field
	for i := range t.NumField() {
		f := t.Field(i)
		name := f.Tag.Get(kind)
		if name == "" {
			continue
		}
		all = append(all, Field{
			Name: name, Help: f.Tag.Get("help"), Default: f.Tag.Get("default"),
			Required: f.Tag.Get("required") == "true",
			Secret:   f.Type == reflect.TypeFor[release.Secret](),
			boolean:  f.Type.Kind() == reflect.Bool,
			index:    i,
		})
	}
	return all
}

// inputName is the input that sets a key of the configuration: shift.max-pause
// is set by shift-max-pause.
func inputName(key string) string { return strings.ReplaceAll(key, ".", "-") }

// variable is the environment variable that carries an input: GitHub's form,
// in which hyphens stay.
func variable(input string) string { return "INPUT_" + strings.ToUpper(input) }

// exported is the form of it that a shell can export. No name of an input has an
// underscore, so that both mean the same one.
func exported(input string) string { return strings.ReplaceAll(variable(input), "-", "_") }

// texts returns the outputs of a struct as text, by name.
func texts(out any) map[string]string {
	all := map[string]string{}
	v := reflect.ValueOf(out)
	for _, f := range fields(v.Type(), "output") {
		all[f.Name] = fmt.Sprint(v.Field(f.index).Interface())
	}
	return all
}
