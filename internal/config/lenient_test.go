package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bluegreen-actions/bluegreen/internal/config"
)

// A way back needs the section shift only.
func lenient(text string) (settings, config.Problems, error) {
	var s settings
	passed, err := config.LenientInto(&s, variable, inUse, []string{"shift"}, []config.Source{file(text)})
	return s, passed, err
}

func TestAMistakeElsewhereDoesNotHoldUpTheWayBack(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, place, want string }{
		"a bad value":                       {"hosts:\n  a: {address: 1}\n  b: [x]\nshift: {bake: 7m}\n", "bluegreen.yml:3:6", "hosts.b"},
		"a variable that is not set":        {"application: ${MISSING}\nshift: {bake: 7m}\n", "bluegreen.yml:1:14", "MISSING"},
		"an unknown key":                    {"gates:\n  - {nam: x}\nshift: {bake: 7m}\n", "bluegreen.yml:2:6", "unknown key"},
		"an unknown section":                {"hooks: 1\nshift: {bake: 7m}\n", "bluegreen.yml:1:1", "unknown key"},
		"a section that is not YAML":        {"shift: {bake: 7m}\ngates:\n  - {name: x\napplication: \"\"\n", "bluegreen.yml:", "gates"},
		"a section with a tab":              {"hosts:\n\ta: {}\nshift: {bake: 7m}\n", "bluegreen.yml:2:1", "a tab cannot"},
		"a section that is not UTF-8":       {"hosts:\n  a: {address: \"\xff\"}\nshift: {bake: 7m}\n", "bluegreen.yml:2:", "UTF-8"},
		"an anchor that is in the bad part": {"gates: {&a x\nhosts: *a\nshift: {bake: 7m}\n", "bluegreen.yml:", "gates"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, passed, err := lenient(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if said := passed.Error(); !strings.Contains(said, tt.place) || !strings.Contains(said, tt.want) {
				t.Errorf("want %q at %s in:\n%s", tt.want, tt.place, said)
			}
			want := standard()
			want.Shift.Bake = 7 * 60e9
			if diff := cmp.Diff(want, got, shown); diff != "" {
				t.Errorf("a section with a mistake must count as not written: %s", diff)
			}
		})
	}
}

func TestAMistakeInWhatIsNeededIsRefusedWithItsPlace(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a bad value":  "hosts: 7\nshift:\n  bake: soon\n",
		"no YAML":      "hosts: 7\nshift:\n  {bake: 7m\n",
		"no text":      "hosts: 7\nshift:\n  bake: \xff\n",
		"a cross rule": "hosts: 7\nshift: {retries: 11}\n",
	} {
		_, passed, err := lenient(text)
		if err == nil || !strings.Contains(err.Error(), "shift") || strings.Contains(err.Error(), "hosts") || !strings.Contains(passed.Error(), "hosts") {
			t.Errorf("%s: refused %v, passed %v", name, err, passed)
		}
	}
}

func FuzzLenient(f *testing.F) {
	f.Add("shift: {bake: 7m}\ngates: [\n")
	f.Add("a: &a\n\tb\n'shift': *a\n\xff")
	f.Fuzz(func(t *testing.T, text string) {
		_, passed, err := lenient(text)
		if _, strictly := load(file(text)); strictly == nil && (err != nil || len(passed) > 0) {
			t.Errorf("a right text has faults: %v, %v", err, passed)
		}
	})
}
