package config

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// checker is a section with rules that concern more than one of its keys.
type checker interface{ Check() error }

// maxNodes bounds the work that aliases of aliases can make.
const maxNodes = 100_000

// decoder fills values from the tree and collects every problem on the way. It
// never stops at the first one.
type decoder struct {
	tree     *tree
	lookup   func(string) (string, bool)
	sections []string
	needed   []string // nil for all; a mistake in any other section makes it count as not written
	lax      bool     // an unset variable is no problem: the section is not in use
	unset    int      // variables that were missing so far in lax sections
	visited  int
	problems Problems
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// value decodes node into v. A nil node means that the key was not written.
func (d *decoder) value(node *yaml.Node, v reflect.Value, key string) {
	if d.visited++; d.visited > maxNodes {
		if d.visited == maxNodes+1 {
			d.fail(node, key, "there are more than %d values", maxNodes)
		}
		return
	}
	node = aliased(node)
	switch {
	case empty(node):
		d.absent(v, key)
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.value(node, v.Elem(), key)
	case v.Type() == durationType || v.Addr().Type().Implements(textType):
		d.scalar(node, v, key)
	default:
		d.kind(node, v, key)
	}
}

func (d *decoder) kind(node *yaml.Node, v reflect.Value, key string) {
	switch v.Kind() {
	case reflect.Struct:
		d.structure(node, v, key)
	case reflect.Map:
		d.mapping(node, v, key)
	case reflect.Slice:
		d.list(node, v, key)
	case reflect.Interface:
		d.anything(node, v, key)
	default:
		d.scalar(node, v, key)
	}
}

// absent gives the defaults to what was not written.
func (d *decoder) absent(v reflect.Value, key string) {
	if v.Kind() == reflect.Struct && !v.Addr().Type().Implements(textType) {
		d.structure(nil, v, key)
	}
}

func (d *decoder) structure(node *yaml.Node, v reflect.Value, key string) {
	if node != nil && node.Kind != yaml.MappingNode {
		d.fail(node, key, "want keys and values, such as %s: …", firstKey(v.Type()))
		return
	}
	d.unknown(node, v.Type(), key) // which does not hold up the rules about the others
	before, missing := len(d.problems), d.unset
	for _, f := range fieldsOf(v.Type()) {
		if key == "" {
			d.lax = !slices.Contains(d.sections, f.name)
		}
		faults := len(d.problems)
		d.field(lookup(node, f.name), v.FieldByIndex(f.index), f, join(key, f.name))
		if key == "" && len(d.problems) > faults && d.dispensable(f.name) {
			v.FieldByIndex(f.index).SetZero()
			d.field(nil, v.FieldByIndex(f.index), f, f.name)
		}
	}
	if c, ok := v.Addr().Interface().(checker); ok && len(d.problems) == before && d.unset == missing {
		d.check(node, c, key)
	}
}

func (d *decoder) field(node *yaml.Node, v reflect.Value, f field, key string) {
	if empty(node) && f.standard != "" {
		standard, err := parse(f.standard)
		if err != nil || standard == nil {
			panic(fmt.Sprintf("default of %s: %v", key, err))
		}
		node = standard
	}
	d.value(node, v, key)
}

func (d *decoder) check(node *yaml.Node, c checker, key string) {
	err := c.Check()
	if err == nil {
		return
	}
	for _, one := range flatten(err) {
		d.fail(node, key, "%v", one)
	}
}

func flatten(err error) []error {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, one := range many.Unwrap() {
			all = append(all, flatten(one)...)
		}
		return all
	}
	return []error{err}
}

// unknown refuses keys that the type does not have, and keys written twice.
func (d *decoder) unknown(node *yaml.Node, t reflect.Type, key string) {
	if node == nil {
		return
	}
	known := names(t)
	for _, e := range d.entries(node, key) {
		if !slices.Contains(known, e.name.Value) {
			d.fail(e.name, join(key, e.name.Value), unknown+": want one of %s", strings.Join(known, ", "))
		}
	}
}

type entry struct{ name, value *yaml.Node }

// entries lists what a mapping says. A name that is written twice, and one
// that is no plain word, is refused and left out.
func (d *decoder) entries(node *yaml.Node, key string) []entry {
	var all []entry
	seen := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		name := node.Content[i]
		switch {
		case name.Kind != yaml.ScalarNode || empty(name):
			d.fail(name, key, "want a plain word as a key")
		case name.Tag == "!!merge":
			d.fail(name, join(key, name.Value), "keys are not merged here: write them out")
		case seen[name.Value]:
			d.fail(name, join(key, name.Value), "the key is written twice")
		default:
			all = append(all, entry{name, node.Content[i+1]})
		}
		seen[name.Value] = true
	}
	return all
}

func (d *decoder) mapping(node *yaml.Node, v reflect.Value, key string) {
	if node.Kind != yaml.MappingNode {
		d.fail(node, key, "want names and values")
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for _, e := range d.entries(node, key) {
		name, item := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		at := join(key, e.name.Value)
		d.value(e.name, name, at)
		d.item(e.value, item, at)
		v.SetMapIndex(name, item)
	}
}

// item takes a part of a list or map, which has to have a value, unless it is a
// section with defaults.
func (d *decoder) item(node *yaml.Node, v reflect.Value, key string) {
	if empty(node) && (v.Kind() != reflect.Struct || single(v.Type())) {
		d.fail(node, key, "want a value")
		return
	}
	d.value(node, v, key)
}

// list takes a list, or a single value as a list of one.
func (d *decoder) list(node *yaml.Node, v reflect.Value, key string) {
	items := []*yaml.Node{node}
	if node.Kind == yaml.SequenceNode {
		items = node.Content
	}
	v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
	for i, item := range items {
		d.item(item, v.Index(i), fmt.Sprintf("%s[%d]", key, i))
	}
}

func (d *decoder) anything(node *yaml.Node, v reflect.Value, key string) {
	var out any
	if err := node.Decode(&out); err != nil {
		d.fail(node, key, "%s", strings.TrimPrefix(err.Error(), "yaml: "))
	} else if out != nil {
		v.Set(reflect.ValueOf(out))
	}
}

func join(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}
