package albtest

import (
	"encoding/xml"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// form is the parameters of a call as a tree, such as Actions, member, 1, Type.
type form struct {
	value    string
	leaf     bool
	children map[string]*form
}

func grow(values url.Values) (*form, error) {
	root := &form{children: map[string]*form{}}
	for key, all := range values {
		if len(all) != 1 {
			return nil, fmt.Errorf("%s is given %d times", key, len(all))
		}
		at := root
		for _, part := range strings.Split(key, ".") {
			if at.children[part] == nil {
				at.children[part] = &form{children: map[string]*form{}}
			}
			at = at.children[part]
		}
		at.value, at.leaf = all[0], true
	}
	return root, nil
}

// fill reads a form into an input of the SDK, whose fields are AWS's own model.
// What the model does not have is refused.
func (f *form) fill(v reflect.Value, path string) error {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return f.fill(v.Elem(), path)
	case reflect.Struct:
		return f.structure(v, path)
	case reflect.Slice:
		return f.list(v, path)
	case reflect.Map:
		return f.mapping(v, path)
	}
	if !f.leaf || len(f.children) > 0 {
		return fmt.Errorf("%s: want a single value", path)
	}
	return f.scalar(v, path)
}

func (f *form) structure(v reflect.Value, path string) error {
	for name, child := range f.children {
		field := v.FieldByName(name)
		if !field.IsValid() || !field.CanSet() {
			return fmt.Errorf("unknown parameter %s", join(path, name))
		}
		if err := child.fill(field, join(path, name)); err != nil {
			return err
		}
	}
	return nil
}

func (f *form) list(v reflect.Value, path string) error {
	members := f.children["member"]
	if members == nil {
		if f.leaf && f.value == "" {
			return nil // an empty list
		}
		return fmt.Errorf("%s: want a list of members", path)
	}
	v.Set(reflect.MakeSlice(v.Type(), len(members.children), len(members.children)))
	for i := range len(members.children) {
		child := members.children[strconv.Itoa(i+1)]
		if child == nil {
			return fmt.Errorf("%s: member %d is missing", path, i+1)
		}
		if err := child.fill(v.Index(i), fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
	}
	return nil
}

func (f *form) mapping(v reflect.Value, path string) error {
	v.Set(reflect.MakeMap(v.Type()))
	entries := f.children["entry"]
	if entries == nil {
		return fmt.Errorf("%s: want entries", path)
	}
	for _, entry := range entries.children {
		key, value := entry.children["key"], entry.children["value"]
		if key == nil || value == nil {
			return fmt.Errorf("%s: an entry has no key or no value", path)
		}
		v.SetMapIndex(reflect.ValueOf(key.value), reflect.ValueOf(value.value))
	}
	return nil
}

func (f *form) scalar(v reflect.Value, path string) error {
	switch v.Kind() {
	case reflect.String:
		v.SetString(f.value)
		if values := v.MethodByName("Values"); values.IsValid() && !slices.Contains(texts(values.Call(nil)[0]), f.value) {
			return fmt.Errorf("%s: %q is none of %q", path, f.value, texts(values.Call(nil)[0]))
		}
	case reflect.Bool:
		b, err := strconv.ParseBool(f.value)
		if err != nil {
			return fmt.Errorf("%s: %q is no boolean", path, f.value)
		}
		v.SetBool(b)
	case reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(f.value, 10, v.Type().Bits())
		if err != nil {
			return fmt.Errorf("%s: %q is no number", path, f.value)
		}
		v.SetInt(n)
	default:
		return fmt.Errorf("%s: a %s is not known here", path, v.Kind())
	}
	return nil
}

func texts(list reflect.Value) []string {
	var all []string
	for i := range list.Len() {
		all = append(all, list.Index(i).String())
	}
	return all
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// element writes a value of the SDK as AWS writes it; what is not set is left
// out.
func element(b *strings.Builder, name string, v reflect.Value) {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	if (v.Kind() == reflect.Slice || v.Kind() == reflect.Map) && v.Len() == 0 || v.Kind() == reflect.String && v.String() == "" {
		return
	}
	b.WriteString("<" + name + ">")
	content(b, v)
	b.WriteString("</" + name + ">")
}

func content(b *strings.Builder, v reflect.Value) {
	if at, ok := v.Interface().(time.Time); ok {
		b.WriteString(at.UTC().Format(time.RFC3339))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() && field.Name != "ResultMetadata" {
				element(b, field.Name, v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			b.WriteString("<member>")
			content(b, v.Index(i))
			b.WriteString("</member>")
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			b.WriteString("<entry>")
			element(b, "key", key)
			element(b, "value", v.MapIndex(key))
			b.WriteString("</entry>")
		}
	default:
		_ = xml.EscapeText(b, []byte(fmt.Sprint(v.Interface()))) // a Builder does not fail
	}
}
