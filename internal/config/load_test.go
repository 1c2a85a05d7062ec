package config_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/bluegreen-actions/bluegreen/internal/config"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

var update = flag.Bool("update", false, "write the golden files")

var shown = cmp.Options{cmp.AllowUnexported(shift{}), cmpopts.IgnoreUnexported(settings{})}

func variable(name string) (string, bool) {
	v, ok := map[string]string{"NAME": "shop", "BAKE": "7m", "EMPTY": "", "ODD": "${NAME} $$ #x"}[name]
	return v, ok
}

// inUse is every section but router.
var inUse = []string{"application", "shift", "gates", "hosts", "ports", "extra"}

func load(sources ...config.Source) (settings, error) {
	var s settings
	err := config.LoadInto(&s, variable, inUse, sources)
	return s, err
}

func file(text string) config.Source { return config.Source{Name: "bluegreen.yml", Text: text} }

func input(name, key, text string) config.Source {
	return config.Source{Name: "input " + name, Key: key, Text: text}
}

func TestRefusedConfigurations(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/refused/*.txtar")
	if err != nil || len(paths) < 20 {
		t.Fatal(len(paths), err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			last := len(archive.Files) - 1
			_, err = load(sources(archive.Files[:last])...)
			var problems config.Problems
			if !errors.As(err, &problems) || release.ExitStatus(err) != int(release.Invalid) || release.HintOf(err) == "" {
				t.Fatalf("got %v, want Problems with a hint", err)
			}
			got := err.Error() + "\n"
			if *update {
				archive.Files[last].Data = []byte(got)
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(archive.Files[last].Data), got); diff != "" {
				t.Errorf("run the test with -update and read the change: %s", diff)
			}
		})
	}
}

func sources(files []txtar.File) []config.Source {
	var all []config.Source
	for _, f := range files {
		s := config.Source{Name: f.Name, Text: string(f.Data)}
		if name, ok := strings.CutPrefix(f.Name, "input "); ok {
			s.Key = strings.Replace(name, "-", ".", 1)
		}
		all = append(all, s)
	}
	return all
}

func TestAcceptedConfigurations(t *testing.T) {
	t.Parallel()
	minute := time.Minute
	tests := map[string]struct {
		sources []config.Source
		change  func(*settings) // of what an empty configuration means
	}{
		"nothing at all":         {nil, nil},
		"an empty file":          {[]config.Source{file("")}, nil},
		"a comment":              {[]config.Source{file("# nothing yet\n")}, nil},
		"an empty document":      {[]config.Source{file("---\n")}, nil},
		"a section without keys": {[]config.Source{file("shift:\ngates:\nhosts:\n")}, nil},
		"a key without a value":  {[]config.Source{file("shift:\n  bake:\n  steps: ~\n  slot: null\n")}, nil},
		"a byte order mark":      {[]config.Source{file("\ufeffapplication: shop\n")}, func(s *settings) { s.Application = "shop" }},
		"Windows line ends":      {[]config.Source{file("application: shop\r\nshift:\r\n  bake: 1m\r\n")}, func(s *settings) { s.Application, s.Shift.Bake = "shop", minute }},
		"values of every kind": {
			[]config.Source{file(`
shift: {bake: 1m30s, steps: [1%, 100], slot: green, hold: True, retries: -2, small: 255, tolerance: 1e-3, largest: 2GB, password: 12 34, names: [a, "b", 3, true, null-ish], window: 1m}
router: {url: "http://127.0.0.1"}
ports: {blue: 8001, green: 8002}
extra: {a: [1, x]}
`)}, func(s *settings) {
				s.Shift = shift{
					pace: pace{90 * time.Second, 30 * minute}, Steps: []release.Weight{1, 100}, Slot: release.Green, Hold: true, Retries: -2, Small: 255,
					Tolerance: 0.001, Largest: 2e9, Password: "12 34", Names: []string{"a", "b", "3", "true", "null-ish"}, Window: &minute,
				}
				s.Router = &router{Kind: "nginx", URL: "http://127.0.0.1"}
				s.Ports = map[release.Slot]int{release.Blue: 8001, release.Green: 8002}
				s.Extra = map[string]any{"a": []any{1, "x"}}
			},
		},
		"defaults in a list": {
			[]config.Source{file("gates:\n  - name: errors\n  - {name: slow, above: 0, for: 0s}\n")},
			func(s *settings) { s.Gates = []gate{{"errors", 1.5, 30 * time.Second}, {"slow", 0, 0}} },
		},
		"defaults in a map": {
			[]config.Source{file("hosts: {a: , b: {address: 10.0.0.2}, c: {labels: {tier: web}}}")},
			func(s *settings) {
				s.Hosts = map[string]host{"a": {Address: "127.0.0.1"}, "b": {Address: "10.0.0.2"}, "c": {"127.0.0.1", map[string]string{"tier": "web"}}}
			},
		},
		"one value as a list": {
			[]config.Source{file("shift: {steps: 100%, names: a}\ngates: {name: errors}")},
			func(s *settings) {
				s.Shift.Steps, s.Shift.Names, s.Gates = []release.Weight{100}, []string{"a"}, []gate{{"errors", 1.5, 30 * time.Second}}
			},
		},
		"an empty list is no default": {[]config.Source{file("shift: {steps: []}")}, func(s *settings) { s.Shift.Steps = []release.Weight{} }},
		"aliases": {
			[]config.Source{file("hosts:\n  a: &a {address: &ip 10.0.0.1}\n  b: *a\n  c: {address: *ip}\n")},
			func(s *settings) {
				h := host{Address: "10.0.0.1"}
				s.Hosts = map[string]host{"a": h, "b": h, "c": h}
			},
		},
		"variables": {
			[]config.Source{file(`{application: "${NAME}-${NAME:-x}", shift: {bake: "${BAKE}", names: ['${EMPTY:-a}', '${NONE:-}', '$$', '$NAME', '$${NAME}', '${ODD}', '${NONE:-$}', '${NONE:-a:-b c}']}}`)},
			func(s *settings) {
				s.Application, s.Shift.Bake = "shop-shop", 7*minute
				s.Shift.Names = []string{"a", "", "$", "$NAME", "${NAME}", "${NAME} $$ #x", "$", "a:-b c"}
			},
		},
		"a variable that is missing in a section that is not in use": {
			[]config.Source{file("router: {kind: '${NONE}', url: 'x'}")},
			func(s *settings) { s.Router = &router{URL: "x"} },
		},
		"inputs over the file": {
			[]config.Source{file("shift:\n  bake: 1m\n  slot: green\n"), input("shift-bake", "shift.bake", "2m\n"), input("shift-steps", "shift.steps", "[20, 100]"), input("gates", "gates", "{name: errors}")},
			func(s *settings) {
				s.Shift.Bake, s.Shift.Slot, s.Shift.Steps, s.Gates = 2*minute, release.Green, []release.Weight{20, 100}, []gate{{"errors", 1.5, 30 * time.Second}}
			},
		},
		"inputs without a file": {
			[]config.Source{input("shift-bake", "shift.bake", "2m"), input("router-url", "router.url", "http://a")},
			func(s *settings) { s.Shift.Bake, s.Router = 2*minute, &router{"nginx", "http://a"} },
		},
		"an input into an empty section": {
			[]config.Source{file("shift:\n"), input("shift-bake", "shift.bake", "2m")},
			func(s *settings) { s.Shift.Bake = 2 * minute },
		},
		"an input into a section that is an alias keeps its keys, and leaves the other place alone": {
			[]config.Source{file("extra: &x {slot: green, retries: 5}\nshift: *x\n"), input("shift-retries", "shift.retries", "7")},
			func(s *settings) {
				s.Shift.Slot, s.Shift.Retries, s.Extra = release.Green, 7, map[string]any{"slot": "green", "retries": 5}
			},
		},
		"an input is text, whatever stands in it": {
			[]config.Source{input("application", "application", "# a: [b} *c &d !e | > 'f\" @g % `"), input("shift-password", "shift.password", "{null: ~}")},
			func(s *settings) { s.Application, s.Shift.Password = "# a: [b} *c &d !e | > 'f\" @g % `", "{null: ~}" },
		},
		"an input that is a comment sets nothing": {[]config.Source{input("shift-steps", "shift.steps", "# none")}, nil},
		"the last of two inputs": {
			[]config.Source{input("a", "shift.bake", "1h"), input("b", "shift.bake", "1m")},
			func(s *settings) { s.Shift.Bake = minute },
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := standard()
			if tt.change != nil {
				tt.change(&want)
			}
			got, err := load(tt.sources...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, shown); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTextThatIsNoUTF8(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ text, want string }{
		"a byte of Latin-1":          {"a: b\napplication: caf\xe9\n", "bluegreen.yml:2:17: the text is not UTF-8"},
		"UTF-16":                     {"\xff\xfea\x00", "bluegreen.yml:1:1: the text is not UTF-8"},
		"a control character":        {"application: a\x01b", "control characters are not allowed"},
		"a replacement character is": {"application: \ufffd \xff", "bluegreen.yml:1:16: the text is not UTF-8"},
	}
	for name, tt := range tests {
		if _, err := load(file(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
}

func TestAliasBombs(t *testing.T) {
	t.Parallel()
	deep := "extra:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := range 9 {
		deep += fmt.Sprintf("  a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 10), ", "))
	}
	if _, err := load(file(deep)); err == nil || !strings.Contains(err.Error(), "excessive aliasing") {
		t.Errorf("got %v", err)
	}
	var wide strings.Builder
	wide.WriteString("extra: &labels\n")
	for i := range 1000 {
		fmt.Fprintf(&wide, "  label%d: x\n", i)
	}
	wide.WriteString("hosts:\n")
	for i := range 1000 {
		fmt.Fprintf(&wide, "  host%d: {labels: *labels}\n", i)
	}
	_, err := load(file(wide.String()))
	if err == nil || strings.Count(err.Error(), "there are more than 100000 values") != 1 {
		t.Errorf("got %.500v", err)
	}
}

func TestTheRealFileLoadsWhenEmpty(t *testing.T) {
	t.Parallel()
	if _, err := config.Load(variable, nil); err != nil {
		t.Error(err)
	}
	_, err := config.Load(variable, nil, file("no-such-key: 1\n"))
	if err == nil || !strings.HasPrefix(err.Error(), "bluegreen.yml:1:1: no-such-key: unknown key") {
		t.Errorf("got %v", err)
	}
}
