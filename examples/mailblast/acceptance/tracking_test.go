package acceptance_test

import (
	"fmt"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/lab"
	"github.com/bluegreen-actions/bluegreen/examples/mailblast/internal/tracking"
)

func clickPath(message, target string) string {
	return "/track/click/" + message + "?url=" + url.QueryEscape(tracking.EncodeTarget(target))
}

func (s *system) events(message string) int {
	s.t.Helper()
	return s.rows(`SELECT count(*) FROM tracking_events WHERE message_id = $1`, message)
}

func TestTrackingAnswersAndTakesNoteOnce(t *testing.T) {
	t.Parallel()
	s := newSystem(t, &lab.Mailbox{})
	blue, green := s.backend("blue"), s.backend("green")
	const target = "https://example.org/?a=b&c=d#e"
	for range 3 {
		for _, b := range []server{blue, green} {
			for _, method := range []string{"GET", "HEAD"} {
				open := b.ask(method, "/track/open/m1", "", "")
				if open.code != 200 || open.header.Get("Content-Type") != "image/gif" || method == "GET" && !strings.HasPrefix(open.body, "GIF89a") {
					t.Errorf("%s open: %+v", method, open)
				}
				click := b.ask(method, clickPath("m1", target), "", "")
				if click.code != 302 || click.header.Get("Location") != target {
					t.Errorf("%s click: %+v", method, click)
				}
			}
		}
	}
	lab.Eventually(t, "both events are written", func() bool { return s.events("m1") == 2 })
	lab.Eventually(t, "each is counted once", func() bool {
		b, g := blue.metrics(), green.metrics()
		return b["tracking_events_held"]+g["tracking_events_held"] == 0 &&
			b["opens_tracked"]+g["opens_tracked"] == 1 && b["clicks_tracked"]+g["clicks_tracked"] == 1
	})
	green.want(200, "GET", "/track/open/health-check", "")
	green.want(200, "GET", "/track/open/after", "")
	lab.Eventually(t, "a later event is written", func() bool { return s.events("after") == 1 })
	if s.events("health-check") != 0 {
		t.Error("the health check wrote a row")
	}
	if r := blue.ask("HEAD", "/track/click/test-123?url=aHR0cHM6Ly9leGFtcGxlLmNvbQ==", "", ""); r.header.Get("Location") != "https://example.com" {
		t.Errorf("the plan's own link leads to %q", r.header.Get("Location"))
	}
}

func TestTrackingRefusesBadInput(t *testing.T) {
	t.Parallel()
	b := newSystem(t, &lab.Mailbox{}).backend("blue")
	for why, path := range map[string]string{
		"no url":            "/track/click/m1",
		"not base64":        "/track/click/m1?url=%21%21",
		"another scheme":    clickPath("m1", "javascript:alert(1)"),
		"no host":           clickPath("m1", "/relative"),
		"two lines":         clickPath("m1", "https://example.org/\r\nSet-Cookie: a=b"),
		"no message":        "/track/open/%20",
		"too long":          "/track/open/" + strings.Repeat("x", 65),
		"too long a target": clickPath("m1", "https://example.org/"+strings.Repeat("x", 2100)),
	} {
		if r := b.get(path); r.code != 400 {
			t.Errorf("%s: %d %s", why, r.code, r.body)
		}
	}
}

func TestTrackingGoesOnWhileTheDatabaseIsCut(t *testing.T) {
	t.Parallel()
	s := newSystem(t, &lab.Mailbox{})
	b := s.backend("green")
	b.await("/health/ready")
	s.database.Cut()
	for i := range 50 {
		b.want(200, "GET", fmt.Sprint("/track/open/cut-", i), "")
		b.want(302, "GET", clickPath(fmt.Sprint("cut-", i), "https://example.org"), "")
	}
	if held := b.metrics()["tracking_events_held"]; held != 100 {
		t.Errorf("%v events are held, want 100", held)
	}
	s.database.Mend()
	lab.Eventually(t, "they are written", func() bool {
		return s.rows(`SELECT count(*) FROM tracking_events WHERE message_id LIKE 'cut-%'`) == 100
	})
}

func TestTrackingEventsOutliveABackendThatStopsWithoutItsDatabase(t *testing.T) {
	t.Parallel()
	for way, lose := range map[string]func(*lab.Cable){"cut": (*lab.Cable).Cut, "silent": (*lab.Cable).Stall} {
		t.Run("the database is "+way, func(t *testing.T) { outlive(t, lose) })
	}
}

func outlive(t *testing.T, lose func(*lab.Cable)) {
	s := newSystem(t, &lab.Mailbox{})
	b := s.backend("blue")
	b.await("/health/ready")
	lose(s.database)
	for i := range 30 {
		b.want(200, "GET", fmt.Sprint("/track/open/left-", i), "")
	}
	b.Signal(syscall.SIGTERM)
	if code := b.Wait(t); code != 0 {
		t.Errorf("exit status %d", code)
	}
	if n := s.length(":tracking"); n != 30 {
		t.Errorf("%d events are left, want 30", n)
	}
	s.database.Mend()
	s.backend("green")
	lab.Eventually(t, "another backend writes them", func() bool {
		return s.rows(`SELECT count(*) FROM tracking_events WHERE slot = 'blue'`) == 30 && s.length(":tracking") == 0
	})
}
