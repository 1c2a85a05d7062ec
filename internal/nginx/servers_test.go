package nginx_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/nginx"
	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// Two server blocks, each with a service of its own: a client with one cookie is
// in one slot in both, and all of them move at once.
func TestSeveralServersAndServicesMoveTogether(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil, steps...)
	b.serve(t, fmt.Sprintf(`events {} http { include %[1]s;
		server { listen 127.0.0.1:{{.Port}}; server_name shop; include %[2]s; location / { proxy_pass http://$bluegreen_web; } }
		server { listen 127.0.0.1:{{.Port}}; server_name api; include %[2]s; location / { proxy_pass http://$bluegreen_api; } } }`, b.settings.Config, beside(b, ".server")))
	b.settings.Host = "api"
	s := b.open(t)
	must(t, s.Try(t.Context()))
	for i, w := range steps {
		must(t, s.Set(t.Context(), release.Green, w, traffic.Token(i+1)))
		green := 0
		for client := range 40 {
			cookie := fmt.Sprintf("bluegreen=client-%d", client)
			web, _ := b.get(t, "/", "Host", "shop", "Cookie", cookie)
			api, _ := b.get(t, "/", "Host", "api", "Cookie", cookie)
			if strings.TrimPrefix(web, "web ") != strings.TrimPrefix(api, "api ") {
				t.Errorf("client %d at %v: %s, %s", client, w, web, api)
			}
			if web == "web green" {
				green++
			}
		}
		if w == 100 && green != 40 || w == 50 && (green == 0 || green == 40) {
			t.Errorf("at %v %d of 40 clients are at green", w, green)
		}
	}
}

// Browsers keep the cookies of two hosts apart, unless both are of its domain.
func TestTwoHostsOfOneDomainShareTheCookie(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(s *nginx.Settings) { s.Domain = "shop.example.com" }, steps...)
	b.serve(t, fmt.Sprintf(`events {} http { include %[1]s;
		server { listen 127.0.0.1:{{.Port}}; server_name www.shop.example.com; include %[2]s; location / { proxy_pass http://$bluegreen_web; } }
		server { listen 127.0.0.1:{{.Port}}; server_name api.shop.example.com; include %[2]s; location / { proxy_pass http://$bluegreen_api; } } }`, b.settings.Config, beside(b, ".server")))
	b.settings.Host = "api.shop.example.com"
	s := b.open(t)
	must(t, s.Try(t.Context()))
	must(t, s.Set(t.Context(), release.Green, 50, 1))
	green := 0
	for browser := range 40 {
		jar, err := cookiejar.New(nil)
		must(t, err)
		web, api := b.visit(t, jar, "www.shop.example.com"), b.visit(t, jar, "api.shop.example.com")
		if web != api {
			t.Errorf("browser %d has its page from %s, and its API from %s", browser, web, api)
		}
		if web == string(release.Green) {
			green++
		}
	}
	if green == 0 || green == 40 {
		t.Errorf("%d of 40 browsers are at green", green)
	}
}

// visit asks a host with the cookies of a browser, and returns the slot that answered.
func (b *bench) visit(t *testing.T, jar http.CookieJar, host string) string {
	t.Helper()
	address := strings.TrimPrefix(b.server.URL, "http://")
	client := http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}}}
	res, err := client.Get("http://" + host + "/")
	must(t, err)
	defer res.Body.Close()
	return res.Header.Get("X-Bluegreen-Slot")
}

// The last include at the http level is the one that splits, for all servers.
func TestASecondApplicationOnOneNginxIsRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil, steps...)
	other := newSlots(t, func(s *nginx.Settings) {
		s.Split, s.Services = nginx.Random, map[string]nginx.Service{"mail": s.Services["web"]}
	}, steps...)
	b.serve(t, fmt.Sprintf(`events {} http { include %s; include %s;
		server { listen 127.0.0.1:{{.Port}}; server_name shop; include %s; location / { proxy_pass http://$bluegreen_web; } }
		server { listen 127.0.0.1:{{.Port}}; server_name mail; include %s; location / { proxy_pass http://$bluegreen_mail; } } }`,
		b.settings.Config, other.settings.Config, beside(b, ".server"), beside(other, ".server")))
	b.settings.Host, other.settings.Host, other.settings.URL = "shop", "mail", b.server.URL
	says(t, "the first", b.open(t).Try(t.Context()), "splits by another configuration of the http level")
	must(t, other.open(t).Try(t.Context()))
}

// The preview reaches the candidate at weight 0, whichever slot that is, by
// header and by cookie, for every service.
func TestThePreviewReachesTheCandidateInBothDirections(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(s *nginx.Settings) { s.Preview = secret }, steps...)
	s := b.open(t)
	look := func(live, candidate release.Slot) {
		t.Helper()
		for path, service := range map[string]string{"/": "web ", "/api/": "api "} {
			for _, how := range [][2]string{{"X-Bluegreen-Preview", secret}, {"Cookie", "a=b; bluegreen_preview=" + secret}} {
				body, _ := b.get(t, path, how[0], how[1])
				equal(t, how[0], body, service+string(candidate))
			}
			for _, guess := range []string{"", strings.ToLower(secret), secret + "x", "." + secret[1:]} {
				body, _ := b.get(t, path, "X-Bluegreen-Preview", guess)
				equal(t, "guess "+guess, body, service+string(live))
			}
		}
	}
	look(release.Blue, release.Green)
	must(t, s.Set(t.Context(), release.Green, 0, 1))
	look(release.Blue, release.Green)
	must(t, s.Set(t.Context(), release.Green, 100, 1))
	must(t, s.Settle(t.Context(), release.Green))
	look(release.Green, release.Blue)
	must(t, s.Set(t.Context(), release.Blue, 0, 2))
	look(release.Green, release.Blue)
	must(t, s.Restore(t.Context(), release.Green))
	look(release.Green, release.Blue)
}

// The services and their logs are told nothing of the secret, and all the rest.
func TestThePreviewIsNotPassedOn(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(s *nginx.Settings) { s.Preview = secret }, steps...)
	for sent, want := range map[string]string{
		"bluegreen_preview=" + secret:                "",
		"bluegreen_preview=" + secret + "; a=b; c=d": "a=b; c=d",
		"a=b; bluegreen_preview=" + secret + "; c=d": "a=b; c=d",
		"a=b; x_bluegreen_preview=1; c=d":            "a=b; x_bluegreen_preview=1; c=d",
		"a=b;bluegreen_preview=" + secret:            "a=b;",
		"a=b":                                        "a=b",
	} {
		_, res := b.get(t, "/", "Cookie", sent)
		equal(t, "passed on of "+sent, strings.Join(res.Header["Got"], ","), want)
	}
	body, res := b.get(t, "/", "X-Bluegreen-Preview", secret)
	equal(t, "body", body, "web green")
	equal(t, "passed on of the header", strings.Join(res.Header["Got"], ","), "")
}

func TestThePreviewIsNotTold(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(s *nginx.Settings) { s.Preview = secret }, steps...)
	s := b.open(t)
	must(t, s.Try(t.Context()))
	must(t, s.Set(t.Context(), release.Green, 10, 1))
	must(t, filepath.WalkDir(filepath.Dir(b.settings.State), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		must(t, err)
		if !strings.Contains(string(text), secret) {
			return nil
		}
		info, err := entry.Info()
		must(t, err)
		equal(t, path+": mode", info.Mode(), 0o600)
		equal(t, "the one file with the secret", path, beside(b, ".preview"))
		return nil
	}))
	log, err := os.ReadFile(filepath.Join(b.server.Dir, "error.log"))
	must(t, err)
	equal(t, "the log tells it", strings.Contains(string(log), secret), false)
	equal(t, "the settings print it", strings.Contains(fmt.Sprintf("%v %+v", b.settings, b.settings), secret), false)
}

// What was begun in a slot ends there: a stream goes on over a rollback, and over
// the reload of an nginx, and so does a websocket.
func TestAStreamAndAWebsocketSurviveARollback(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil, steps...)
	green := serve(t, http.HandlerFunc(talk))
	b.settings.Services["web"] = nginx.Service{Blue: b.settings.Services["web"].Blue, Green: []nginx.Address{nginx.Address(strings.TrimPrefix(green, "http://"))}}
	s := b.open(t)
	_, err := s.Install(t.Context(), "")
	must(t, err)
	must(t, b.server.Restart(t.Context()))
	must(t, s.Set(t.Context(), release.Green, 100, 1))

	stream, err := http.Get(b.server.URL + "/stream")
	must(t, err)
	defer stream.Body.Close()
	lines := bufio.NewReader(stream.Body)
	socket := upgrade(t, b.server.URL)
	echo := bufio.NewReader(socket)
	exchange := func(when string) {
		t.Helper()
		line, err := lines.ReadString('\n')
		must(t, err)
		equal(t, "the stream "+when, line, "green\n")
		_, err = io.WriteString(socket, when+"\n")
		must(t, err)
		line, err = echo.ReadString('\n')
		must(t, err)
		equal(t, "the websocket "+when, line, "green says "+when+"\n")
	}
	exchange("before")
	must(t, s.Restore(t.Context(), release.Blue))
	exchange("after")
	splits(t, s, release.Split(release.Blue, 100))
	body, _ := b.get(t, "/")
	equal(t, "a new request", body, "web blue")
	must(t, b.server.Reload())
	time.Sleep(200 * time.Millisecond)
	exchange("over a reload")
}

// talk streams lines, and echoes on a connection that was upgraded.
func talk(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") == "" {
		w.Header().Set("X-Accel-Buffering", "no")
		for r.Context().Err() == nil {
			fmt.Fprintln(w, "green")
			w.(http.Flusher).Flush()
			time.Sleep(10 * time.Millisecond)
		}
		return
	}
	conn, both, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
	for {
		line, err := both.ReadString('\n')
		if err != nil {
			return
		}
		fmt.Fprint(conn, "green says "+line)
	}
}

// upgrade is a connection that nginx passes on as it is.
func upgrade(t *testing.T, url string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	must(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	fmt.Fprint(conn, "GET /socket HTTP/1.1\r\nHost: shop\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
	answer := make([]byte, 12)
	_, err = io.ReadFull(conn, answer)
	must(t, err)
	equal(t, "answer", string(answer), "HTTP/1.1 101")
	for end := ""; !strings.HasSuffix(end, "\r\n\r\n"); {
		one := make([]byte, 1)
		_, err := conn.Read(one)
		must(t, err)
		end += string(one)
	}
	return conn
}

// The state folder is lost under a running nginx: everybody is told, and an
// installation that is told nothing goes on from the default.
func TestALostStateFolderIsAnAlarm(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil, steps...)
	s := b.open(t)
	must(t, s.Set(t.Context(), release.Green, 100, 1))
	must(t, s.Settle(t.Context(), release.Green))
	must(t, os.RemoveAll(b.settings.State))
	_, weights := s.Weights(t.Context())
	_, page := s.Read(t.Context())
	_, lease := s.Leases(time.Minute).Peek(t.Context())
	for what, err := range map[string]error{
		"weights": weights, "ledger": page, "lease": lease, "try": s.Try(t.Context()),
		"set": s.Set(t.Context(), release.Blue, 10, 2), "restore": s.Restore(t.Context(), release.Green), "settle": s.Settle(t.Context(), release.Green),
	} {
		says(t, what, err, "no such file")
		equal(t, what+": exit", release.ExitStatus(err), 3)
		if !strings.Contains(release.HintOf(err), "install the configuration again") && !strings.Contains(release.HintOf(err), "mount") {
			t.Errorf("%s: the hint is %q", what, release.HintOf(err))
		}
	}
	must(t, b.server.Restart(t.Context())) // the host was rebuilt
	body, _ := b.get(t, "/")
	equal(t, "the default", body, "web green")
	_, err := s.Install(t.Context(), "")
	must(t, err)
	splits(t, s, release.Split(release.Green, 100))
	must(t, s.Try(t.Context()))
}

// The configured default is never a slot that was left, from whatever the host
// is rebuilt.
func TestTheDefaultFollowsTheTraffic(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil, steps...)
	s := b.open(t)
	rebuilt := func(want release.Slot) {
		t.Helper()
		text, err := os.ReadFile(beside(b, ".default"))
		must(t, err)
		equal(t, "default", strings.Contains(string(text), "set $bluegreen_slot "+string(want)+";"), true)
	}
	rebuilt(release.Blue)
	must(t, s.Set(t.Context(), release.Green, 100, 1))
	rebuilt(release.Blue) // it is not finalized
	must(t, s.Settle(t.Context(), release.Green))
	rebuilt(release.Green)
	must(t, s.Restore(t.Context(), release.Blue)) // forced, after finalize
	rebuilt(release.Blue)
	must(t, s.Set(t.Context(), release.Green, 100, 2))
	must(t, s.Set(t.Context(), release.Blue, 10, 3)) // the other way, over one that was not finalized
	rebuilt(release.Green)
}

// A name that does not resolve keeps nginx from starting and from every reload,
// also from one that goes back. That is why an address is one.
func TestANameThatDoesNotResolveIsRefused(t *testing.T) {
	t.Parallel()
	var a nginx.Address
	says(t, "a name", a.UnmarshalText([]byte("nosuch.invalid:80")), "a name that does not resolve would keep nginx from starting")
	b := newBench(t, nil, steps...)
	edit(t, b.settings.Config, "server "+string(b.settings.Services["web"].Green[0]), "server nosuch.invalid:80")
	err := process.Run(t.Context(), process.Command{Path: "nginx", Args: []string{"-t", "-p", b.server.Dir, "-c", filepath.Join(b.server.Dir, "nginx.conf")}})
	says(t, "nginx -t", err, "host not found in upstream")
	says(t, "try", b.open(t).Try(t.Context()), "somebody else has changed it")
}
