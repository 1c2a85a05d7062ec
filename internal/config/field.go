package config

import "reflect"

// field is one key of a section, as its struct tags declare it.
type field struct {
	index    []int
	name     string // of the key
	help     string
	standard string // the default, as it would be written
	typ      reflect.Type
}

// fieldsOf lists the keys of a section; an embedded struct's keys are its own.
func fieldsOf(t reflect.Type) []field {
	var all []field
	for f := range t.Fields() {
		name := f.Tag.Get("yaml")
		switch {
		case f.Anonymous:
			for _, inner := range fieldsOf(f.Type) {
				inner.index = append([]int{f.Index[0]}, inner.index...)
				all = append(all, inner)
			}
		case name != "" && name != "-":
			all = append(all, field{f.Index, name, f.Tag.Get("help"), f.Tag.Get("default"), f.Type})
		}
	}
	return all
}

// single reports whether a type is written as one value.
func single(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct, reflect.Map, reflect.Slice, reflect.Interface:
		return reflect.PointerTo(t).Implements(textType)
	}
	return true
}

func pointed(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

func names(t reflect.Type) []string {
	var all []string
	for _, f := range fieldsOf(t) {
		all = append(all, f.name)
	}
	return all
}

func firstKey(t reflect.Type) string {
	if all := names(t); len(all) > 0 {
		return all[0]
	}
	return "key"
}
