package haproxy_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/haproxy"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	return listener
}

func TestSettingsAreChecked(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(s *haproxy.Settings)
		want  string
	}{
		{"a folder that is not absolute", func(s *haproxy.Settings) { s.State = "state" }, `state "state": want an absolute path`},
		{"a folder that would end the command", func(s *haproxy.Settings) { s.State = "/a;b" }, "want an absolute path of letters"},
		{"a path that is not clean", func(s *haproxy.Settings) { s.Config = "/a/../b.cfg" }, "config"},
		{"a configuration in the state folder", func(s *haproxy.Settings) { s.Config = s.State + "/x.cfg" }, "outside the state folder"},
		{"a socket that is a name", func(s *haproxy.Settings) { s.Socket = "haproxy:9999" }, `socket "haproxy:9999": want an absolute path`},
		{"a socket that is too long", func(s *haproxy.Settings) { s.Socket = "/" + strings.Repeat("a", 107) }, "at most 107 bytes"},
		{"an url without a scheme", func(s *haproxy.Settings) { s.URL = "localhost:80" }, "want a scheme and a host"},
		{"an unknown split", func(s *haproxy.Settings) { s.Split = "dice" }, `split "dice": want cookie, client or random`},
		{"a service with capitals", func(s *haproxy.Settings) { s.Services["Web"] = s.Services["web"] }, "services.Web: want a name"},
		{"a service in one slot", func(s *haproxy.Settings) { s.Services["web"] = haproxy.Service{Blue: s.Services["web"].Blue} }, "want an address in each slot"},
		{"one address in both slots", func(s *haproxy.Settings) {
			s.Services["web"] = haproxy.Service{Blue: s.Services["web"].Blue, Green: s.Services["web"].Blue}
		}, "is in both slots"},
		{"a short preview", func(s *haproxy.Settings) { s.Preview = "guess" }, "preview: want 16 to 128"},
		{"nothing at all", func(s *haproxy.Settings) { *s = haproxy.Settings{} }, "config, services, socket, split, state, url missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := settings(t)
			c.spoil(&s)
			_, err := haproxy.New(s)
			says(t, c.name, err, c.want)
			equal(t, "exit", release.ExitStatus(err), 2)
		})
	}
	if err := (haproxy.Settings{}).Check(); err != nil {
		t.Errorf("settings that nobody wrote: %v", err)
	}
}

func TestAnAddressIsChecked(t *testing.T) {
	for text, want := range map[string]string{
		"127.0.0.1:18081": "127.0.0.1:18081",
		"[::1]:80":        "[::1]:80",
		"green:80":        "",
		"127.0.0.1":       "",
		"127.0.0.1:0":     "",
		"127.0.0.1:80 #":  "",
		"":                "",
	} {
		var a haproxy.Address
		err := a.UnmarshalText([]byte(text))
		if want == "" {
			says(t, text, err, "want an IP address and a port")
			continue
		}
		must(t, err)
		equal(t, text, string(a), want)
	}
}

func TestInstallingAgainKeepsTheSplit(t *testing.T) {
	t.Parallel()
	s := settings(t)
	p := open(t, s)
	reload, err := p.Install(t.Context(), release.Green)
	must(t, err)
	equal(t, "reload the first time", reload, true)
	file := filepath.Join(s.State, "split.map")
	before, err := os.ReadFile(file)
	must(t, err)
	reload, err = p.Install(t.Context(), release.Blue)
	must(t, err)
	equal(t, "reload the second time", reload, false)
	after, err := os.ReadFile(file)
	must(t, err)
	equal(t, "the map", string(after), string(before))
	must(t, os.WriteFile(file, []byte("good many\n"), 0o644))
	_, err = p.Install(t.Context(), release.Green)
	must(t, err)
	after, err = os.ReadFile(file)
	must(t, err)
	equal(t, "the map in place of rubbish", string(after), string(before))
}

func TestALostSplitIsNotGuessed(t *testing.T) {
	for name, lose := range map[string]func(t *testing.T, s haproxy.Settings){
		"the state folder": func(t *testing.T, s haproxy.Settings) { must(t, os.RemoveAll(s.State)) },
		"the map":          func(t *testing.T, s haproxy.Settings) { must(t, os.Remove(filepath.Join(s.State, "split.map"))) },
		"a map of rubbish": func(t *testing.T, s haproxy.Settings) {
			must(t, os.WriteFile(filepath.Join(s.State, "split.map"), []byte("good many\n"), 0o644))
			must(t, os.Remove(s.Config))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := settings(t)
			p := open(t, s)
			_, err := p.Install(t.Context(), release.Green)
			must(t, err)
			lose(t, s)
			_, err = p.Install(t.Context(), "")
			says(t, "install", err, "HAProxy does not say which slot has the traffic")
			equal(t, "exit", release.ExitStatus(err), 1)
			if hint := release.HintOf(err); !strings.Contains(hint, "--live") {
				t.Errorf("hint: %s", hint)
			}
			if w, err := p.Written(t.Context()); err == nil {
				t.Errorf("a map was written: %v", w)
			}
			_, err = p.Install(t.Context(), release.Green)
			must(t, err)
			w, err := p.Written(t.Context())
			must(t, err)
			equal(t, "the slot that was named", w, release.Split(release.Green, 100))
		})
	}
}

func TestALostStateFolderIsWrittenAsHAProxyHasIt(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	must(t, b.open(t).Set(t.Context(), release.Green, 100, 1))
	for _, slot := range []release.Slot{"", release.Blue} {
		must(t, os.RemoveAll(b.settings.State))
		_, err := b.open(t).Install(t.Context(), slot)
		must(t, err)
		w, err := b.open(t).Written(t.Context())
		must(t, err)
		equal(t, "the map", w, release.Split(release.Green, 100))
	}
	splits(t, b.open(t), release.Split(release.Green, 100))
}

func TestBlueIsOnlyTakenWhereThereIsNothing(t *testing.T) {
	t.Parallel()
	p := open(t, settings(t))
	_, err := p.Install(t.Context(), "")
	must(t, err)
	w, err := p.Written(t.Context())
	must(t, err)
	equal(t, "the first split", w, release.Split(release.Blue, 100))
}

func TestAFolderInMemoryIsRefused(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("/dev/shm", "bluegreen-")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	s := settings(t)
	s.State = filepath.Join(dir, "state")
	_, err = open(t, s).Install(t.Context(), release.Blue)
	says(t, "install", err, "is in memory: the split would be lost with the next boot")
	equal(t, "exit", release.ExitStatus(err), 2)
}

func FuzzParseFile(f *testing.F) {
	fuzz(f, haproxy.ParseFile, "good 0\nshare 10\nepoch 1\nclosed 0\nseen 1\nback 0\nlive 0\nprobe 0\n", "# \n", "good", "share 010\n", "epoch 99999999999999999999\n")
}

func FuzzParseShown(f *testing.F) {
	fuzz(f, haproxy.ParseShown, "\n\n0x5621121abc60 good 0\n0x5621121abcf0 share 50\n\n", "Unknown map identifier. Please use #<id> or <file>.\n", "0x1 foreign entry\n", "0xz\n")
}

func FuzzParseAnswer(f *testing.F) {
	fuzz(f, haproxy.ParseAnswer, "slot=blue probe=0 config=0123456789ab\n", "slot=red probe=0 config=0123456789ab\n", "blue", "")
}

// fuzz wants an error or not, and never more.
func fuzz(f *testing.F, parse func(string) error, seeds ...string) {
	f.Helper()
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(_ *testing.T, text string) { _ = parse(text) })
}
