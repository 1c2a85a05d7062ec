package config

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Source is a piece of configuration: the file, or an input that sets one key
// of it. The text of an input is YAML for a key that takes a list or a map, and
// for every other key it is the value itself.
type Source struct {
	Name string // what errors call it: the path of the file, or "input steps"
	Key  string // the key that an input sets, such as "shift.steps"; empty for a file
	Text string
}

// origin tells where a node was written.
type origin struct {
	source *Source
	lines  []string
}

// tree is the document that all sources make together.
type tree struct {
	root    *yaml.Node
	origins map[*yaml.Node]*origin
}

// plant reads the sources of a type in order; a later one replaces the key it
// sets.
func plant(typ reflect.Type, sources []Source) (*tree, Problems) {
	t := &tree{root: &yaml.Node{Kind: yaml.MappingNode}, origins: map[*yaml.Node]*origin{}}
	t.origins[t.root] = &origin{source: &Source{Name: "configuration"}}
	var problems Problems
	for i := range sources {
		if p := t.add(typ, &sources[i]); p != nil {
			problems = append(problems, *p)
		}
	}
	return t, problems
}

func (t *tree) add(typ reflect.Type, s *Source) *Problem {
	from := s.origin()
	node, problem := from.read(typ)
	switch {
	case problem != nil || node == nil:
		return problem
	case s.Key == "" && node.Kind != yaml.MappingNode:
		return from.problem(node.Line, node.Column, "", "want keys and values")
	}
	t.mark(node, from)
	if s.Key == "" {
		t.root = node
	} else {
		t.set(strings.Split(s.Key, "."), node)
	}
	return nil
}

// read returns the node that a source sets, nil for none.
func (o *origin) read(typ reflect.Type) (*yaml.Node, *Problem) {
	s := o.source
	if s.Key != "" && plain(typ, strings.Split(s.Key, ".")) {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: strings.TrimSpace(s.Text), Line: 1, Column: 1}, nil
	}
	if line, column, bad := badByte(o.lines); bad {
		return nil, o.problem(line, column, s.Key, "the text is not UTF-8")
	}
	node, err := parse(s.Text)
	if err != nil {
		line, text := 1, strings.TrimPrefix(err.Error(), "yaml: ")
		if n, _ := fmt.Sscanf(text, "line %d:", &line); n == 1 {
			_, text, _ = strings.Cut(text, ": ")
		}
		line = min(line, len(o.lines))
		if strings.HasPrefix(strings.TrimLeft(o.lines[line-1], " "), "\t") {
			text = "a tab cannot indent a line: use spaces"
		}
		return nil, o.problem(line, 1, s.Key, text)
	}
	return node, nil
}

// plain reports whether a key takes a single value.
func plain(t reflect.Type, path []string) bool {
	for _, name := range path {
		if t = pointed(t); t.Kind() != reflect.Struct {
			return false
		}
		all := fieldsOf(t)
		i := slices.IndexFunc(all, func(f field) bool { return f.name == name })
		if i < 0 {
			return false
		}
		t = all[i].typ
	}
	return single(pointed(t))
}

// breaks is every end of a line that YAML knows.
var breaks = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n")

// badByte finds the first byte that is not UTF-8.
func badByte(lines []string) (line, column int, bad bool) {
	for i, text := range lines {
		for j, r := range text {
			if r == utf8.RuneError && !strings.HasPrefix(text[j:], "\ufffd") {
				return i + 1, utf8.RuneCountInString(text[:j]) + 1, true
			}
		}
	}
	return 0, 0, false
}

// parse reads at most one document; nil for an empty one.
func parse(text string) (*yaml.Node, error) {
	dec := yaml.NewDecoder(strings.NewReader(text))
	var doc, second yaml.Node
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) || err == nil && empty(doc.Content[0]) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	switch err := dec.Decode(&second); {
	case err == nil:
		return nil, fmt.Errorf("line %d: want one document", second.Line)
	case !errors.Is(err, io.EOF):
		return nil, err
	}
	return doc.Content[0], nil
}

func (t *tree) mark(node *yaml.Node, from *origin) {
	if t.origins[node] != nil {
		return
	}
	t.origins[node] = from
	for _, child := range node.Content {
		t.mark(child, from)
	}
	if node.Alias != nil {
		t.mark(node.Alias, from)
	}
}

// set puts a value below sections, which it copies: another place of the file
// may use the same section by an alias. A section of the wrong kind stays, and
// the decoder refuses it.
func (t *tree) set(path []string, value *yaml.Node) {
	at, last := t.root, len(path)-1
	for _, name := range path[:last] {
		section := &yaml.Node{Kind: yaml.MappingNode, Line: value.Line, Column: value.Column}
		from := t.origins[value]
		if have := lookup(at, name); !empty(have) {
			if have = aliased(have); have.Kind != yaml.MappingNode {
				return
			}
			section.Line, section.Column, section.Content = have.Line, have.Column, slices.Clone(have.Content)
			from = t.origins[have]
		}
		t.origins[section] = from
		t.replace(at, name, section)
		at = section
	}
	t.replace(at, path[last], value)
}

func (t *tree) replace(at *yaml.Node, name string, value *yaml.Node) {
	for i := 0; i+1 < len(at.Content); i += 2 {
		if at.Content[i].Value == name {
			at.Content[i+1] = value
			return
		}
	}
	key := &yaml.Node{Kind: yaml.ScalarNode, Value: name, Line: value.Line, Column: value.Column}
	t.origins[key] = t.origins[value]
	at.Content = append(at.Content, key, value)
}

func lookup(at *yaml.Node, name string) *yaml.Node {
	if at == nil || at.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(at.Content); i += 2 {
		if at.Content[i].Value == name {
			return at.Content[i+1]
		}
	}
	return nil
}

// aliased is the node that an alias stands for, and every other node itself.
func aliased(node *yaml.Node) *yaml.Node {
	if node != nil && node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

// empty reports whether nothing was written: no key, or a key without a value.
func empty(node *yaml.Node) bool {
	node = aliased(node)
	return node == nil || node.Tag == "!!null"
}
