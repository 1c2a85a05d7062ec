// Package house_test holds the code to the rules of the house: which way the
// imports point, who may read the environment, what never stands in a test.
package house_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/bluegreen-actions/bluegreen/"

// file is one Go file of the repository.
type file struct {
	path   string // from the root, with slashes
	folder string
	lines  int
	test   bool
	set    *token.FileSet
	tree   *ast.File
}

// finding is one place that breaks a rule.
type finding struct {
	at   token.Position
	text string
}

func (f finding) String() string { return fmt.Sprintf("%s:%d: %s", f.at.Filename, f.at.Line, f.text) }

func (f file) found(pos token.Pos, format string, args ...any) finding {
	return finding{f.set.Position(pos), fmt.Sprintf(format, args...)}
}

// below reports whether the file is in a folder or in one below it.
func (f file) below(folder string) bool {
	return f.folder == folder || strings.HasPrefix(f.folder, folder+"/")
}

// within is the name of the package below a folder: docker/buildkit is docker
// within internal.
func (f file) within(folder string) string {
	rest, ok := strings.CutPrefix(f.folder, folder+"/")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	return name
}

func parse(path, source string) (file, error) {
	f := file{
		path: path, folder: filepath.ToSlash(filepath.Dir(path)), lines: strings.Count(source, "\n"),
		test: strings.HasSuffix(path, "_test.go"), set: token.NewFileSet(),
	}
	var err error
	f.tree, err = parser.ParseFile(f.set, path, source, parser.ParseComments)
	return f, err
}

// files reads every Go file of the repository, wherever it is by now.
func files(t *testing.T) []file {
	t.Helper()
	var all []file
	root := os.DirFS("../..")
	err := fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		switch name := entry.Name(); {
		case err != nil:
			return err
		case entry.IsDir() && path != "." && (name == "testdata" || name[0] == '.' || name[0] == '_'):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, ".go"):
			return nil
		}
		source, err := fs.ReadFile(root, path)
		if err != nil {
			return err
		}
		f, err := parse(path, string(source))
		all = append(all, f)
		return err
	})
	if err != nil || len(all) < 50 {
		t.Fatalf("%d files: %v", len(all), err)
	}
	return all
}

// imports lists what a file imports: of this module from its root, of the
// standard library and of others as it is written.
func (f file) imports() map[string]*ast.ImportSpec {
	all := map[string]*ast.ImportSpec{}
	for _, spec := range f.tree.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		all[strings.TrimPrefix(path, module)] = spec
	}
	return all
}

// ours reports whether an import is of this module; foreign, of another one
// that is not the standard library.
func ours(path string) bool {
	top, _, _ := strings.Cut(path, "/")
	return top == "internal" || top == "actions" || top == "cmd" || top == "examples"
}

func foreign(path string) bool {
	top, _, _ := strings.Cut(path, "/")
	return strings.Contains(top, ".")
}
