package reload_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/nginx/reload"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// written is what the include gives to the slots.
func written(t *testing.T, s reload.Settings) release.Weights {
	t.Helper()
	w, err := open(t, s).Written(t.Context())
	must(t, err)
	return w
}

func keptBeside(s reload.Settings) string { return strings.TrimSuffix(s.Include, ".conf") + ".kept" }

func TestBlueIsOnlyTakenWhereThereIsNothing(t *testing.T) {
	t.Parallel()
	s := settings(t)
	_, err := open(t, s).Install(t.Context(), "")
	must(t, err)
	equal(t, "the first split", written(t, s), release.Split(release.Blue, 100))
}

func TestALostIncludeIsNotGuessed(t *testing.T) {
	for name, lose := range map[string]func(t *testing.T, s reload.Settings){
		"the include alone": func(*testing.T, reload.Settings) {},
		"all but the state folder": func(t *testing.T, s reload.Settings) {
			must(t, os.RemoveAll(filepath.Dir(s.Include)))
			must(t, os.WriteFile(filepath.Join(s.State, "ledger.json"), []byte("{}"), 0o644))
		},
		"the state folder, too": func(t *testing.T, s reload.Settings) { must(t, os.RemoveAll(s.State)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := settings(t)
			_, err := open(t, s).Install(t.Context(), release.Green)
			must(t, err)
			must(t, os.Remove(s.Include))
			lose(t, s)
			_, err = open(t, s).Install(t.Context(), "")
			says(t, "install", err, s.Include+" is gone", "nginx does not say which slot has the traffic")
			equal(t, "exit", release.ExitStatus(err), 1)
			if _, err := os.Stat(s.Include); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("an include was written: %v", err)
			}
			_, err = open(t, s).Install(t.Context(), release.Green)
			must(t, err)
			equal(t, "the slot that was named", written(t, s), release.Split(release.Green, 100))
		})
	}
}

func TestTheRemedyNamesTheSlotThatHadTheTraffic(t *testing.T) {
	t.Parallel()
	s := settings(t)
	_, err := open(t, s).Install(t.Context(), release.Green)
	must(t, err)
	text, err := os.ReadFile(s.Include)
	must(t, err)
	must(t, os.WriteFile(keptBeside(s), text, 0o644))
	must(t, os.WriteFile(s.Include, append(text, "# x\n"...), 0o644))
	const want = "--live green"
	_, err = open(t, s).Install(t.Context(), "")
	says(t, "install", err, "somebody has changed the file")
	if hint := release.HintOf(err); !strings.Contains(hint, "move the file away, and run it again with "+want) {
		t.Errorf("hint: %s", hint)
	}
	must(t, os.Remove(s.Include))
	_, err = open(t, s).Install(t.Context(), "")
	if hint := release.HintOf(err); !strings.Contains(hint, want) {
		t.Errorf("%v: hint: %s", err, hint)
	}
}

func TestALostIncludeIsWrittenAsNginxRunsIt(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	must(t, b.open(t).Set(t.Context(), release.Green, 100, 1))
	for _, slot := range []release.Slot{"", release.Blue} {
		must(t, os.WriteFile(b.settings.Include, append([]byte(b.include(t)), "# x\n"...), 0o644))
		_, err := b.open(t).Install(t.Context(), slot)
		says(t, "changed", err, "somebody has changed the file")
		must(t, os.Remove(b.settings.Include))
		_, err = b.open(t).Install(t.Context(), slot)
		must(t, err)
		equal(t, "the include", written(t, b.settings), release.Split(release.Green, 100))
	}
	must(t, b.server.Reload())
	soon(t, b.open(t), release.Split(release.Green, 100))
}
