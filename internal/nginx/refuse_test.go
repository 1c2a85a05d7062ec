package nginx_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/nginx"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

func serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func TestAStateThatCannotBeTrustedIsRefused(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, dir string)
		want  string
	}{
		{"a folder that is gone", func(t *testing.T, dir string) { must(t, os.RemoveAll(dir)) }, "no such file"},
		{"a folder without a marker", func(t *testing.T, dir string) { must(t, os.Remove(filepath.Join(dir, "live-blue"))) }, "no marker"},
		{"a step that is not configured", touch("green-33"), `marker "green-33" is not one of this configuration's`},
		{"a name that only looks like a marker", touch("green-010"), `marker "green-010": want one such as "green-10"`},
		{"a file of somebody else", touch("notes.txt"), `marker "notes.txt"`},
		{"a marker that is a folder", func(t *testing.T, dir string) { must(t, os.Mkdir(filepath.Join(dir, "green-10"), 0o755)) }, "is not one of this"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, conf := folder(t, "live-blue")
			c.spoil(t, conf.State)
			_, err := s.Weights(t.Context())
			says(t, "weights", err, c.want)
			if release.HintOf(err) == "" {
				t.Errorf("%v: no hint", err)
			}
			says(t, "set", s.Set(t.Context(), release.Green, 50, 1), c.want)
		})
	}
}

func touch(name string) func(*testing.T, string) {
	return func(t *testing.T, dir string) { must(t, os.WriteFile(filepath.Join(dir, name), nil, 0o644)) }
}

func TestARollbackDoesNotMindForeignMarkers(t *testing.T) {
	t.Parallel()
	s, conf := folder(t, "live-blue", "green-50", "green-33")
	must(t, s.Restore(t.Context(), release.Blue))
	must(t, os.Remove(filepath.Join(conf.State, "green-33")))
	equal(t, "weights", weights(t, s), release.Split(release.Blue, 100))
}

func TestAMoveIsRefused(t *testing.T) {
	t.Parallel()
	s, conf := folder(t, "live-blue")
	says(t, "a weight without a step", s.Set(t.Context(), release.Green, 33, 1), "the configuration has no such step")
	must(t, s.Set(t.Context(), release.Green, 10, 1))
	says(t, "to settle a split", s.Settle(t.Context(), release.Green), "the split is blue 90% green 10%")
	must(t, os.WriteFile(filepath.Join(conf.State, "token"), []byte("many"), 0o644))
	says(t, "a token file of rubbish", s.Set(t.Context(), release.Green, 10, 1), `token "many": want a whole number`)
	must(t, os.WriteFile(filepath.Join(conf.State, "ledger.json"), []byte("{"), 0o644))
	_, err := s.Read(t.Context())
	says(t, "a ledger of rubbish", err, "ledger.json: decode ledger")
	must(t, os.WriteFile(filepath.Join(conf.State, "lease.json"), []byte(`{"state":"mine"}`), 0o644))
	_, err = s.Leases(traffic.LeaseExpiry).Peek(t.Context())
	says(t, "a lease of rubbish", err, `state "mine"`)
}

func TestAFolderInMemoryIsRefused(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("/dev/shm", "bluegreen-")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	must(t, os.Chmod(dir, 0o755))
	conf := settings(t)
	conf.State = filepath.Join(dir, "state")
	s := open(t, conf, steps)
	_, err = s.Install(t.Context(), release.Blue)
	says(t, "install", err, "is in memory: the split would be lost with the next boot")
	equal(t, "exit", release.ExitStatus(err), 2)
	says(t, "set", s.Set(t.Context(), release.Green, 10, 1), "is in memory")
}

func TestSettlingSweepsTheFolder(t *testing.T) {
	t.Parallel()
	s, conf := folder(t, "live-blue", "green-100")
	for name, age := range map[string]time.Duration{".green-10.123": 2 * time.Hour, ".green-50.456": 0} {
		touch(name)(t, conf.State)
		at := time.Now().Add(-age)
		must(t, os.Chtimes(filepath.Join(conf.State, name), at, at))
	}
	must(t, s.Settle(t.Context(), release.Green))
	for name, want := range map[string]bool{".green-10.123": false, ".green-50.456": true, "live-green": true} {
		_, err := os.Stat(filepath.Join(conf.State, name))
		equal(t, name, err == nil, want)
	}
}

func TestInstallingAgainKeepsTheSplit(t *testing.T) {
	t.Parallel()
	conf := settings(t)
	s := open(t, conf, steps)
	reload, err := s.Install(t.Context(), release.Green)
	must(t, err)
	equal(t, "reload the first time", reload, true)
	must(t, s.Set(t.Context(), release.Blue, 10, 1))
	reload, err = s.Install(t.Context(), release.Blue)
	must(t, err)
	equal(t, "reload the second time", reload, false)
	equal(t, "weights", weights(t, s), release.Split(release.Blue, 10))
	_, err = open(t, conf, []release.Weight{25, 100}).Install(t.Context(), release.Blue)
	says(t, "other steps during a shift", err, `marker "blue-10" is not one of this configuration's`)
}

func TestSettingsAreChecked(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(s *nginx.Settings)
		want  string
	}{
		{"a folder that is not absolute", func(s *nginx.Settings) { s.State = "state" }, `state "state": want an absolute path`},
		{"a folder that would end the directive", func(s *nginx.Settings) { s.State = "/a;b" }, "want an absolute path of letters"},
		{"a path that is not clean", func(s *nginx.Settings) { s.Config = "/a/../b.conf" }, "config"},
		{"a configuration among the markers", func(s *nginx.Settings) { s.Config = s.State + "/x.conf" }, "outside the state folder"},
		{"an url without a scheme", func(s *nginx.Settings) { s.URL = "localhost:80" }, "want a scheme and a host"},
		{"an url with a path", func(s *nginx.Settings) { s.URL = "http://a/b" }, "want a scheme and a host"},
		{"an unknown split", func(s *nginx.Settings) { s.Split = "dice" }, `split "dice": want cookie, client or random`},
		{"a service with capitals", func(s *nginx.Settings) { s.Services["Web"] = s.Services["web"] }, "services.Web: want a name"},
		{"a service that is a variable", func(s *nginx.Settings) { s.Services["slot"] = s.Services["web"] }, "services.slot: want a name"},
		{"a service in one slot", func(s *nginx.Settings) { s.Services["web"] = nginx.Service{Blue: s.Services["web"].Blue} }, "want an address in each slot"},
		{"one address in both slots", func(s *nginx.Settings) {
			s.Services["web"] = nginx.Service{Blue: s.Services["web"].Blue, Green: s.Services["web"].Blue}
		}, "is in both slots"},
		{"a short preview", func(s *nginx.Settings) { s.Preview = "guess" }, "preview: want 16 to 128"},
		{"nothing at all", func(s *nginx.Settings) { *s = nginx.Settings{} }, "config, services, split, state, url missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			conf := settings(t)
			c.spoil(&conf)
			_, err := nginx.New(conf, steps)
			says(t, c.name, err, c.want)
			equal(t, "exit", release.ExitStatus(err), 2)
		})
	}
	if err := (nginx.Settings{}).Check(); err != nil {
		t.Errorf("settings that nobody wrote: %v", err)
	}
}

func TestAnAddressIsChecked(t *testing.T) {
	for text, want := range map[string]string{
		"127.0.0.1:18081":   "127.0.0.1:18081",
		"[::1]:80":          "[::1]:80",
		"green:80":          "",
		"127.0.0.1":         "",
		"127.0.0.1:0":       "",
		"[fe80::1%eth0]:80": "",
		"127.0.0.1:80; }":   "",
		"":                  "",
	} {
		var a nginx.Address
		err := a.UnmarshalText([]byte(text))
		if want == "" {
			says(t, text, err, "want an IP address and a port")
			continue
		}
		must(t, err)
		equal(t, text, string(a), want)
	}
}

func FuzzParseMarker(f *testing.F) {
	fuzz(f, nginx.ParseMarker, "live-blue", "back-green", "green-10", "blue-100", "green-0", "green-010", "blue", "-", "live-red")
}

func FuzzParseAnswer(f *testing.F) {
	fuzz(f, nginx.ParseAnswer, "slot=blue probe=0 config=0123456789ab\n", "slot=red probe=0 config=0123456789ab\n", "blue", "")
}

// fuzz says that what is accepted is what was meant.
func fuzz(f *testing.F, parse func(string) (string, error), seeds ...string) {
	f.Helper()
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		shown, err := parse(text)
		if f.Name() == "FuzzParseMarker" && err == nil && shown != text {
			t.Fatalf("%q was taken for %q", text, shown)
		}
	})
}
