package house_test

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// decoders read text that somebody else wrote.
var decoders = map[string][]string{
	"json": {"Unmarshal", "NewDecoder"}, "yaml": {"Unmarshal", "NewDecoder"}, "xml": {"Unmarshal", "NewDecoder"},
	"bufio": {"NewScanner", "NewReader", "NewReaderSize"}, "csv": {"NewReader"}, "base64": {"NewDecoder"},
}

// ourOwn is the packages that read only what this repository wrote itself, or
// stand in for somebody in tests.
var ourOwn = []string{"internal/act", "internal/lab", "internal/demo", "internal/openloop", "internal/alb/albtest", "internal/s3/s3test", "internal/github/githubtest", "internal/runner/runnertest", "internal/traffic/traffictest"}

// reads reports whether a file decodes foreign text; fuzzed, whether it has a
// target that tries to break that.
func (f file) reads() bool {
	own := slices.ContainsFunc(ourOwn, f.below)
	return !f.test && f.below("internal") && !own && len(f.selectors(func(of, name string) bool { return slices.Contains(decoders[of], name) }, "%s.%s")) > 0
}

func (f file) fuzzed() bool {
	return f.test && slices.ContainsFunc(f.tree.Decls, func(d ast.Decl) bool {
		fn, ok := d.(*ast.FuncDecl)
		return ok && strings.HasPrefix(fn.Name.Name, "Fuzz")
	})
}

func TestWhatReadsForeignTextIsFuzzed(t *testing.T) {
	t.Parallel()
	fuzzed := map[string]bool{}
	for _, f := range files(t) {
		fuzzed[f.folder] = fuzzed[f.folder] || f.fuzzed()
	}
	readers := 0
	for _, f := range files(t) {
		if !f.reads() {
			continue
		}
		readers++
		if !fuzzed[f.folder] {
			t.Errorf("%s decodes text of others, and %s has no fuzz target", f.path, f.folder)
		}
	}
	if readers < 15 {
		t.Errorf("%d files decode text: the rule does not find them", readers)
	}
}
