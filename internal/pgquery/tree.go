package pgquery

// tree is a part of the parser's JSON. Asked for what is not there it answers with
// the zero value, as PostgreSQL leaves out what is zero.
type tree struct{ v any }

func (t tree) at(key string) tree {
	if m, ok := t.v.(map[string]any); ok {
		return tree{m[key]}
	}
	return tree{}
}

// in follows several keys.
func (t tree) in(keys ...string) tree {
	for _, k := range keys {
		t = t.at(k)
	}
	return t
}

func (t tree) has(key string) bool { return t.at(key).v != nil }

func (t tree) text(keys ...string) string {
	s, _ := t.in(keys...).v.(string)
	return s
}

func (t tree) number(keys ...string) int {
	n, _ := t.in(keys...).v.(float64)
	return int(n)
}

func (t tree) flag(keys ...string) bool {
	b, _ := t.in(keys...).v.(bool)
	return b
}

func (t tree) list(keys ...string) []tree {
	items, _ := t.in(keys...).v.([]any)
	all := make([]tree, len(items))
	for i, v := range items {
		all[i] = tree{v}
	}
	return all
}

// open returns the only key of a node, its tag, and what is behind it.
func (t tree) open() (string, tree) {
	m, ok := t.v.(map[string]any)
	if !ok || len(m) != 1 {
		return "", tree{}
	}
	for tag, v := range m {
		return tag, tree{v}
	}
	return "", tree{}
}

// strings are the values of String nodes.
func (t tree) strings(keys ...string) []string {
	var all []string
	for _, item := range t.list(keys...) {
		if s := item.text("String", "sval"); s != "" {
			all = append(all, s)
		}
	}
	return all
}

// walk visits every node below, with its tag.
func (t tree) walk(visit func(tag string, node tree)) {
	switch v := t.v.(type) {
	case map[string]any:
		for key, value := range v {
			if _, ok := value.(map[string]any); ok {
				visit(key, tree{value})
			}
			tree{value}.walk(visit)
		}
	case []any:
		for _, item := range v {
			tree{item}.walk(visit)
		}
	}
}
