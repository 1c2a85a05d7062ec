package config

import (
	"fmt"
	"reflect"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Load reads the configuration from all sources, a later one over an earlier
// one, and reports every problem at once. Variables are needed only in the
// sections that are in use; a value elsewhere whose variable is not set stays
// empty. The error is a Problem of kind Invalid around Problems.
func Load(variable func(string) (string, bool), sections []string, sources ...Source) (File, error) {
	var file File
	err := load(&file, variable, sections, sources)
	return file, err
}

func load(into any, variable func(string) (string, bool), sections []string, sources []Source) error {
	v := reflect.ValueOf(into).Elem()
	t, problems := plant(v.Type(), sources)
	d := &decoder{tree: t, lookup: variable, sections: sections, problems: problems}
	d.structure(t.root, v, "")
	return refusal(d.problems, sources)
}

// Key is one setting, as people and inputs see it.
type Key struct {
	Path    string // such as shift.max-pause
	Help    string
	Default string
	Secret  bool
}

// Sections lists all of them, in the order of the file.
func Sections() []string { return names(reflect.TypeFor[File]()) }

// Keys lists the settings of a section that an input can set: one for each
// value, list or map in it. It panics on a section that does not exist.
func Keys(section string) []Key { return keysIn(reflect.TypeFor[File](), section) }

func keysIn(t reflect.Type, section string) []Key {
	for _, f := range fieldsOf(t) {
		if f.name == section {
			return keysOf(f, f.name)
		}
	}
	panic(fmt.Sprintf("config: no section %q", section))
}

func keysOf(f field, path string) []Key {
	t := pointed(f.typ)
	if t.Kind() != reflect.Struct || single(t) {
		return []Key{{path, f.help, f.standard, t == reflect.TypeFor[release.Secret]()}}
	}
	var all []Key
	for _, inner := range fieldsOf(t) {
		all = append(all, keysOf(inner, path+"."+inner.name)...)
	}
	return all
}

// Secrets lists the text of every secret in a value, which is a pointer.
func Secrets(value any) []string {
	var all []string
	walk(reflect.ValueOf(value), func(s release.Secret) { all = append(all, s.Reveal()) })
	return all
}

func walk(v reflect.Value, found func(release.Secret)) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			walk(v.Elem(), found)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				walk(v.Field(i), found)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			walk(v.Index(i), found)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			walk(v.MapIndex(k), found)
		}
	case reflect.String:
		if s, ok := v.Interface().(release.Secret); ok && s != "" {
			found(s)
		}
	}
}
