package config_test

import (
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/bluegreen-actions/bluegreen/internal/config"
)

var typeOf = reflect.TypeFor[settings]()

// FuzzLoad holds to this: no text makes it panic, and every mistake has a place
// inside of the text that made it.
func FuzzLoad(f *testing.F) {
	paths, err := filepath.Glob("testdata/refused/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(archive.Files[0].Data), "[10%]", "2m")
	}
	f.Add("shift: &a {bake: *a}\ngates: [*a, &b [*b]]\n", "- 1\n- ${NAME}", "#")
	f.Fuzz(func(t *testing.T, text, list, single string) {
		all := []config.Source{file(text), input("shift-steps", "shift.steps", list), input("shift-bake", "shift.bake", single)}
		_, err := load(all...)
		var problems config.Problems
		if err != nil && !errors.As(err, &problems) {
			t.Fatal(err)
		}
		for _, p := range problems {
			for _, s := range all {
				if s.Name == p.Source {
					inside(t, p, s.Text)
				}
			}
		}
	})
}

func inside(t *testing.T, p config.Problem, text string) {
	t.Helper()
	lines := strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n").Replace(text), "\n")
	if p.Line < 1 || p.Line > len(lines) || p.Column < 1 || p.Column > utf8.RuneCountInString(lines[p.Line-1])+1 {
		t.Errorf("%s is not inside of %q", p, text)
	}
	if strings.ContainsAny(p.Snippet, "\n\t") {
		t.Errorf("the snippet %q is no line", p.Snippet)
	}
}
