package notify

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Settings is the section notify of the configuration.
type Settings struct {
	Slack    []release.Secret `yaml:"slack" help:"URLs of incoming webhooks that take Slack's JSON, as Mattermost and Discord's /slack do, too."`
	Webhooks []release.Secret `yaml:"webhooks" help:"URLs that get the message as JSON: event, application, release, version, slot, reason, run, text, at."`
	Command  []string         `yaml:"command" help:"A program and its arguments, which gets the same JSON on its standard input. It is no shell."`
	On       []Event          `yaml:"on" help:"What is told: started, rollback, held, failed, done." default:"[started, rollback, held, failed, done]"`
	Timeout  time.Duration    `yaml:"timeout" help:"How long one message may take." default:"5s"`
}

// Event is what there is to tell.
type Event string

// The events.
const (
	Started  Event = "started"  // a shift is about to move traffic
	Rollback Event = "rollback" // the traffic is back at the good slot
	Held     Event = "held"     // a shift has ended at a weight, so that somebody decides
	Failed   Event = "failed"   // a release has failed without traffic, or the traffic could not be brought back
	Done     Event = "done"     // a release has all the traffic
)

var events = []Event{Started, Rollback, Held, Failed, Done}

// UnmarshalText refuses every word that is no event.
func (e *Event) UnmarshalText(text []byte) error {
	if !slices.Contains(events, Event(text)) {
		return fmt.Errorf("event %q: want one of started, rollback, held, failed, done", text)
	}
	*e = Event(text)
	return nil
}

// Check refuses an address that nothing can be sent to, without showing it. An
// empty one is none, such as of a variable that may be missing.
func (s Settings) Check() error {
	var problems []error
	for key, urls := range map[string][]release.Secret{"slack": s.Slack, "webhooks": s.Webhooks} {
		for i, address := range urls {
			u, err := url.Parse(address.Reveal())
			if address != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
				problems = append(problems, fmt.Errorf("%s[%d]: want an https:// URL", key, i))
			}
		}
	}
	if len(s.Command) > 0 && s.Command[0] == "" {
		problems = append(problems, errors.New("command: the program has no name"))
	}
	if s.Timeout < 100*time.Millisecond || s.Timeout > 30*time.Second {
		problems = append(problems, fmt.Errorf("timeout %v: want 100ms to 30s", s.Timeout))
	}
	return errors.Join(problems...)
}
