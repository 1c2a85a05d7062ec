package reload_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/nginx"
	"github.com/bluegreen-actions/bluegreen/internal/nginx/reload"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func TestTheServersOfAnUpstream(t *testing.T) {
	t.Parallel()
	one := reload.Service{Blue: []nginx.Address{"b1:1"}, Green: []nginx.Address{"g1:1"}}
	several := reload.Service{Blue: []nginx.Address{"b1:1", "b2:1"}, Green: []nginx.Address{"g1:1", "g2:1", "g3:1"}}
	for _, c := range []struct {
		what    string
		service reload.Service
		green   release.Weight
		want    string
	}{
		{"a side without weight is left out, and one that stands alone is never taken out", one, 0, "b1:1 weight=1 max_fails=0"},
		{"the other side", one, 100, "g1:1 weight=1 max_fails=0"},
		{"a split", one, 10, "b1:1 weight=9; g1:1 weight=1"},
		{"one in a hundred", one, 1, "b1:1 weight=99; g1:1 weight=1"},
		{"halves", one, 50, "b1:1 weight=1; g1:1 weight=1"},
		{"a side's weight is divided among its hosts", several, 10, "b1:1 weight=27; b2:1 weight=27; g1:1 weight=2; g2:1 weight=2; g3:1 weight=2"},
		{"of several hosts a dead one may be taken out", several, 0, "b1:1 weight=1; b2:1 weight=1"},
	} {
		equal(t, c.what, reload.Servers(c.service, release.Split(release.Green, c.green)), c.want)
	}
}

func TestAnIncludeIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	s := settings(t)
	s.Keepalive, s.Host = 8, "shop.example.com"
	for green := range release.Weight(101) {
		for _, closing := range []bool{false, true} {
			want := release.Split(release.Green, green)
			text := reload.Text(s, want, closing)
			w, c, err := reload.Read(text)
			must(t, err)
			equal(t, "weights", w, want)
			equal(t, "closing", c, closing)
			equal(t, "keepalive_timeout 0", strings.Contains(text, "\nkeepalive_timeout 0;"), closing)
			if text == reload.Text(s, want, closing) {
				t.Error("two generations are the same")
			}
		}
	}
}

func TestEveryChangeOfAnIncludeIsFound(t *testing.T) {
	t.Parallel()
	text := reload.Text(settings(t), release.Split(release.Green, 10), false)
	for i := range text {
		changed := text[:i] + string(text[i]^1) + text[i+1:]
		if w, _, err := reload.Read(changed); err == nil {
			t.Fatalf("byte %d, %q, became %q: read as %v", i, text[i], changed[i], w)
		}
		if _, _, err := reload.Read(text[:i]); err == nil {
			t.Fatalf("cut after %d bytes, and read", i)
		}
	}
	if _, _, err := reload.Read(text + "\n"); err == nil {
		t.Error("a line was added, and it was read")
	}
}

func FuzzInclude(f *testing.F) {
	f.Add("")
	f.Add("# Made by bluegreen\n# green=999 closing=true generation=0123456789abcdef after=0123456789abcdef sum=0123456789abcdef\n")
	f.Fuzz(func(t *testing.T, text string) {
		if w, _, err := reload.Read(text); err == nil && w.Blue+w.Green != 100 {
			t.Errorf("read %v", w)
		}
	})
}

func FuzzAnswer(f *testing.F) {
	f.Add("generation=0123456789abcdef green=10 pid=4711\n")
	f.Add("generation=0123456789abcdef green=101 pid=4711\n")
	f.Fuzz(func(t *testing.T, text string) {
		w, err := reload.ParseAnswer(text)
		if err == nil && (w.Blue+w.Green != 100 || !strings.HasPrefix(text, "generation=")) {
			t.Errorf("read %v", w)
		}
	})
}

func TestWhatNginxSays(t *testing.T) {
	t.Parallel()
	const log = `2026/11/26 11:00:00 [notice] 12#12: signal 1 (SIGHUP) received
2026/11/26 11:00:00 [emerg] 12#12: bind() to 127.0.0.1:80 failed (98: Address already in use)
2026/11/26 11:00:01 [emerg] 13#14: bind() to 127.0.0.1:80 failed (98: Address already in use)
nginx: [emerg] unknown directive "rubbish" in /etc/nginx/nginx.conf:3
2026/11/26 11:00:02 [error] 12#12: *1 connect() failed
`
	equal(t, "refusals", strings.Join(reload.Refusals(log), "|"),
		`bind() to 127.0.0.1:80 failed (98: Address already in use)|unknown directive "rubbish" in /etc/nginx/nginx.conf:3`)
	for title, want := range map[string]bool{
		"nginx: worker process":                     true,
		"nginx: worker process is shutting down":    false,
		"nginx: master process /usr/sbin/nginx":     false,
		"nginx: cache manager process":              false,
		"vim nginx: worker process":                 false,
		"nginx: worker process                    ": true,
	} {
		equal(t, title, reload.Serves(title), want)
	}
}

func TestSettingsThatCannotBeMeant(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		change func(*reload.Settings)
		want   string
	}{
		{func(s *reload.Settings) { *s = reload.Settings{} }, "config, include, listen, pid, services, state, timeout missing"},
		{func(s *reload.Settings) { s.Include = "upstreams.conf" }, `include "upstreams.conf": want an absolute path`},
		{func(s *reload.Settings) { s.Include = "/etc/nginx/a b.conf" }, "want an absolute path"},
		{func(s *reload.Settings) { s.Include = "/etc/../nginx/a.conf" }, "want an absolute path"},
		{func(s *reload.Settings) { s.Include = "/etc/nginx/upstreams" }, "want a name that ends with .conf"},
		{func(s *reload.Settings) { s.Include = s.State + "/a.conf" }, "want a file outside the state folder"},
		{func(s *reload.Settings) { s.URL = "127.0.0.1:18099" }, "want http:// and a host"},
		{func(s *reload.Settings) { s.URL = "http://user:secret@host" }, "want http:// and a host"},
		{func(s *reload.Settings) { s.Host = "a;b" }, `host "a;b"`},
		{func(s *reload.Settings) { s.Keepalive = -1 }, "keepalive -1: want 0 to 10000"},
		{func(s *reload.Settings) { s.Timeout = time.Minute }, "timeout 1m0s: want 200ms to 4s"},
		{func(s *reload.Settings) { s.Test = []string{"nginx -t"} }, "want a program and its arguments, each one by itself"},
		{func(s *reload.Settings) { s.Docker = "unix:///run/docker.sock" }, "want the name of a container too"},
		{func(s *reload.Settings) { s.Container, s.Reload = "nginx", []string{"true"} }, "want no reload beside it"},
		{service("a b", "/"), "services.a b: want the name of an upstream"},
		{service("web", "health"), `services.web: path "health": want one such as /health`},
		{service("web", "/;return 200"), "services.web: path"},
		{func(s *reload.Settings) { s.Services["web"] = reload.Service{Blue: []nginx.Address{"127.0.0.1:2"}} }, "services.web: want an address in each slot"},
		{func(s *reload.Settings) {
			s.Services["web"] = reload.Service{Blue: []nginx.Address{"127.0.0.1:2"}, Green: []nginx.Address{"127.0.0.1:2"}}
		}, "127.0.0.1:2 is in both slots"},
	} {
		s := settings(t)
		c.change(&s)
		_, err := reload.New(s)
		says(t, c.want, err, c.want)
		equal(t, c.want+": exit", release.ExitStatus(err), 2)
		if release.HintOf(err) == "" {
			t.Errorf("%v: no hint", err)
		}
	}
}

func service(name, path string) func(*reload.Settings) {
	return func(s *reload.Settings) {
		s.Services[name] = reload.Service{Blue: []nginx.Address{"127.0.0.1:8"}, Green: []nginx.Address{"127.0.0.1:9"}, Path: path}
	}
}
