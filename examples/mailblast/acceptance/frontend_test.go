package acceptance_test

import (
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/lab"
)

func TestTheFrontendServesItsPageAndItsOwnBackend(t *testing.T) {
	t.Parallel()
	s := newSystem(t, &lab.Mailbox{})
	b := s.backend("green", "VERSION=v2.0.0-api")
	address := lab.Address(t)
	env := map[string]string{"SLOT": "green", "VERSION": "v2.0.0", "LISTEN": address, "BACKEND_URL": b.url, "DRAIN": "0s"}
	f := server{Process: lab.Start(t, "frontend", env), t: t, url: "http://" + address}
	f.await("/healthz")

	page := f.want(200, "GET", "/", "")
	if !strings.HasPrefix(page.header.Get("Content-Type"), "text/html") || page.header.Get("X-MailBlast-Version") != "v2.0.0" {
		t.Errorf("page: %v", page.header)
	}
	assets := regexp.MustCompile(`/assets/[a-z.]+`).FindAllString(page.body, -1)
	if len(assets) != 2 {
		t.Fatalf("assets: %v", assets)
	}
	for _, path := range assets {
		if a := f.want(200, "GET", path, ""); len(a.body) < 100 || strings.HasPrefix(a.header.Get("Content-Type"), "text/plain") {
			t.Errorf("%s: %d bytes of %s", path, len(a.body), a.header.Get("Content-Type"))
		}
	}
	api := f.want(200, "GET", "/api/campaigns", "")
	if got := api.header.Values("X-MailBlast-Version"); len(got) != 1 || got[0] != "v2.0.0-api" {
		t.Errorf("the API's version: %v", got)
	}
	if r := f.ask("GET", "/api/campaigns", "", ""); r.code != 401 {
		t.Errorf("without a token: %d", r.code)
	}
	f.want(200, "GET", "/track/open/health-check", "")
	f.want(302, "HEAD", clickPath("m1", "https://example.org"), "")
	f.want(404, "GET", "/nowhere", "")
	if code := lab.Start(t, "frontend", env, "healthcheck").Wait(t); code != 0 {
		t.Errorf("healthcheck: %d", code)
	}

	b.Signal(syscall.SIGKILL)
	b.Wait(t)
	if r := f.want(502, "GET", "/api/campaigns", ""); r.header.Get("X-MailBlast-Version") != "v2.0.0" {
		t.Errorf("502 by %v", r.header)
	}
	f.Signal(syscall.SIGTERM)
	if code := f.Wait(t); code != 0 {
		t.Errorf("exit status %d", code)
	}
	if code := lab.Start(t, "frontend", env, "healthcheck").Wait(t); code != 1 {
		t.Errorf("healthcheck of a stopped frontend: %d", code)
	}
}
