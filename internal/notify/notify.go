// Package notify tells people and programs how a release is going: by webhooks,
// and by a program of theirs.
//
// It promises that a message takes a bounded time, that what cannot be told is an
// error for the log and never changes how a release ends, and that no error has the
// address in it, which is a secret. It refuses to follow a redirect, and to run a
// shell.
package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Message is what is told. Whoever makes one keeps secrets out of it. The reason is
// the text of an error, so it may name hosts and addresses of the application.
type Message struct {
	Event       Event           `json:"event"`
	Application string          `json:"application"`
	Release     release.ID      `json:"release,omitempty"`
	Version     release.Version `json:"version,omitempty"`
	Slot        release.Slot    `json:"slot,omitempty"`   // that has all the traffic, where that is known
	Reason      string          `json:"reason,omitempty"` // why it did not go on
	Run         string          `json:"run,omitempty"`    // page of the run
	Text        string          `json:"text"`             // one sentence for people
	At          time.Time       `json:"at"`
}

// Told is what came of one message.
type Told struct {
	To  string // slack 1, webhook 2 or command
	Err error
}

// Runner runs a program with text on its standard input.
type Runner func(ctx context.Context, argv []string, stdin []byte) error

// Send tells everybody at once, if the settings say that this event is told. It
// returns within the timeout, whoever does not answer.
func (s Settings) Send(ctx context.Context, m Message, run Runner) []Told {
	if !s.tells(m.Event) {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, s.Timeout, fmt.Errorf("no answer within %v", s.Timeout))
	defer cancel()
	ways := s.ways(m, run)
	told := make([]Told, len(ways))
	var all sync.WaitGroup
	for i, w := range ways {
		all.Go(func() { told[i] = Told{w.to, within(ctx, w.send)} })
	}
	all.Wait()
	return told
}

func (s Settings) tells(e Event) bool {
	for _, on := range s.On {
		if on == e {
			return true
		}
	}
	return false
}

// way is one way to tell.
type way struct {
	to   string
	send func(context.Context) error
}

func (s Settings) ways(m Message, run Runner) []way {
	generic, _ := json.Marshal(m) // of a struct of texts and a time
	slack, _ := json.Marshal(map[string]string{"text": m.slack()})
	var all []way
	add := func(kind string, addresses []release.Secret, body []byte) {
		for i, address := range addresses {
			if address != "" {
				all = append(all, way{fmt.Sprint(kind, " ", i+1), func(ctx context.Context) error { return post(ctx, address, body) }})
			}
		}
	}
	add("slack", s.Slack, slack)
	add("webhook", s.Webhooks, generic)
	if len(s.Command) > 0 {
		all = append(all, way{"command", func(ctx context.Context) error { return run(ctx, s.Command, append(generic, '\n')) }})
	}
	return all
}

// within does not wait for a way that is deaf to its deadline.
func within(ctx context.Context, send func(context.Context) error) error {
	done := make(chan error, 1)
	go func() { done <- send(ctx) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// client follows no redirect, which could lead a message to anybody.
var client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func post(ctx context.Context, address release.Secret, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address.Reveal(), bytes.NewReader(body))
	if err != nil {
		return errors.New("the address is no URL")
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := client.Do(req)
	if err != nil {
		return unnamed(ctx, err)
	}
	defer res.Body.Close()
	_, _ = io.CopyN(io.Discard, res.Body, 4<<10)
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return fmt.Errorf("answered %s", res.Status)
	}
	return nil
}

// unnamed is an error without the address.
func unnamed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	return err
}

var signs = map[Event]string{Started: ":arrow_forward:", Rollback: ":leftwards_arrow_with_hook:", Held: ":double_vertical_bar:", Failed: ":x:", Done: ":white_check_mark:"}

// escape keeps text from outside text: no mention, no link, no channel.
var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func (m Message) slack() string {
	text := signs[m.Event] + " *" + escape.Replace(m.Application) + "*: " + escape.Replace(m.Text)
	if m.Reason != "" {
		text += "\n>" + strings.ReplaceAll(escape.Replace(m.Reason), "\n", " ")
	}
	if m.Run != "" {
		text += "\n<" + m.Run + "|the run>"
	}
	return text
}
