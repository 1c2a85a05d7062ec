package notify_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/notify"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

var message = notify.Message{
	Event: notify.Rollback, Application: "shop", Release: "shop-7", Version: "v3", Slot: release.Blue,
	Reason: "5xx <!channel>\n& more", Run: "https://github.com/acme/shop/actions/runs/7", Text: "all traffic is back at blue", At: time.Unix(0, 0).UTC(),
}

func settings() notify.Settings {
	return notify.Settings{On: []notify.Event{notify.Rollback, notify.Failed}, Timeout: 10 * time.Second}
}

// inbox is a server that keeps what it gets.
func inbox(t *testing.T, status int) (release.Secret, func() []string) {
	t.Helper()
	var mu sync.Mutex
	var all []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		mu.Lock()
		all = append(all, string(text))
		mu.Unlock()
		if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s of %s", r.Method, r.Header.Get("Content-Type"))
		}
		w.Header().Set("Location", "http://127.0.0.1:1/")
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	return release.Secret(server.URL + "/hook/hunter2"), func() []string { mu.Lock(); defer mu.Unlock(); return slices.Clone(all) }
}

func nothing(context.Context, []string, []byte) error { return errors.New("no program is to be run") }

func TestEverybodyIsToldInTheirForm(t *testing.T) {
	t.Parallel()
	s := settings()
	slack, said := inbox(t, http.StatusOK)
	generic, got := inbox(t, http.StatusNoContent)
	s.Slack, s.Webhooks, s.Command = []release.Secret{slack}, []release.Secret{"", generic}, []string{"page", "--stdin"}
	var stdin []byte
	told := s.Send(t.Context(), message, func(_ context.Context, argv []string, text []byte) error {
		stdin = text
		if !slices.Equal(argv, []string{"page", "--stdin"}) {
			t.Errorf("argv %q", argv)
		}
		return nil
	})
	if len(told) != 3 || told[0].Err != nil || told[1].Err != nil || told[2].Err != nil {
		t.Errorf("told %+v", told)
	}
	var text struct{ Text string }
	if err := json.Unmarshal([]byte(said()[0]), &text); err != nil ||
		text.Text != ":leftwards_arrow_with_hook: *shop*: all traffic is back at blue\n>5xx &lt;!channel&gt; &amp; more\n<https://github.com/acme/shop/actions/runs/7|the run>" {
		t.Errorf("slack: %q, %v", text.Text, err)
	}
	for _, body := range []string{got()[0], string(stdin)} {
		var back notify.Message
		if err := json.Unmarshal([]byte(body), &back); err != nil || back != message {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestAnEventThatNobodyWantsIsNotTold(t *testing.T) {
	t.Parallel()
	s := settings()
	address, got := inbox(t, http.StatusOK)
	s.Webhooks = []release.Secret{address}
	quiet := message
	quiet.Event = notify.Done
	if told := s.Send(t.Context(), quiet, nothing); told != nil || len(got()) != 0 {
		t.Errorf("told %+v, got %q", told, got())
	}
}

func TestWhoCannotBeToldHoldsUpNobodyAndIsNotNamed(t *testing.T) {
	t.Parallel()
	s := settings()
	well, got := inbox(t, http.StatusOK)
	moved, _ := inbox(t, http.StatusFound)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close() // accepts by its backlog, and never answers
	s.Webhooks = []release.Secret{"http://127.0.0.1:1/hunter2", release.Secret("http://" + listener.Addr().String() + "/hunter2"), moved, well}
	s.Command = []string{"deaf"}
	forever := make(chan struct{})
	defer close(forever)
	told := s.Send(t.Context(), message, func(context.Context, []string, []byte) error { <-forever; return nil })
	want := []string{"connection refused", "no answer within 10s", "answered 302", "", "no answer within 10s"}
	for i, one := range told {
		if want[i] == "" && one.Err == nil {
			continue
		}
		if one.Err == nil || !strings.Contains(one.Err.Error(), want[i]) || strings.Contains(one.Err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %q", one.To, one.Err, want[i])
		}
	}
	if len(got()) != 1 {
		t.Errorf("the one that is well got %q", got())
	}
}

func TestSettingsThatAreRefusedWithoutBeingShown(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*notify.Settings){
		"no URL":        func(s *notify.Settings) { s.Slack = []release.Secret{"hunter2"} },
		"no host":       func(s *notify.Settings) { s.Webhooks = []release.Secret{"https:///hunter2"} },
		"other scheme":  func(s *notify.Settings) { s.Webhooks = []release.Secret{"ftp://host/hunter2"} },
		"no program":    func(s *notify.Settings) { s.Command = []string{""} },
		"no patience":   func(s *notify.Settings) { s.Timeout = 0 },
		"much patience": func(s *notify.Settings) { s.Timeout = time.Hour },
	} {
		s := settings()
		if err := s.Check(); err != nil {
			t.Fatal(err)
		}
		if change(&s); s.Check() == nil || strings.Contains(s.Check().Error(), "hunter2") {
			t.Errorf("%s: %v", name, s.Check())
		}
	}
	var e notify.Event
	if err := e.UnmarshalText([]byte("panic")); err == nil {
		t.Error("an unknown event is taken")
	}
}
