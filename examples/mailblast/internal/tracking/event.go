// Package tracking takes note of opened mails and clicked links.
//
// It promises that taking note never waits for the database: events are
// written behind, in batches, each message and kind once. While the database
// is cut they are kept in memory, and what does not fit, or is left when the
// process ends, goes to a list in Redis from which any backend writes it later.
// What it does not promise: a process that is killed loses the events of
// the last fraction of a second that were not yet written.
package tracking

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Kind of an event.
type Kind string

// The kinds.
const (
	Open  Kind = "open"
	Click Kind = "click"
)

// Probe is the message of health checks: it is answered and not noted.
const Probe = "health-check"

// Event is a mail that was opened or a link in it that was clicked.
type Event struct {
	Message string    `json:"message"`
	Kind    Kind      `json:"kind"`
	URL     string    `json:"url,omitempty"` // of a click
	Slot    string    `json:"slot"`
	At      time.Time `json:"at"`
}

var messageForm = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// CheckMessage refuses what cannot be the identity of a message.
func CheckMessage(id string) error {
	if !messageForm.MatchString(id) {
		return errors.New("message is not an identity: want 1 to 64 letters, digits, or _ . -")
	}
	return nil
}

// maxTarget is the longest target of a link in bytes, as browsers take it.
const maxTarget = 2048

// EncodeTarget writes a link's target as the parameter url of /track/click.
func EncodeTarget(target string) string { return base64.URLEncoding.EncodeToString([]byte(target)) }

// DecodeTarget reads the parameter url of /track/click: base64 of an absolute
// http or https URL. It accepts both alphabets, with or without padding, and a
// plus that a query decoder has turned into a space.
func DecodeTarget(encoded string) (string, error) {
	plain := strings.NewReplacer(" ", "+", "-", "+", "_", "/").Replace(strings.TrimRight(encoded, "="))
	b, err := base64.RawStdEncoding.DecodeString(plain)
	if err != nil {
		return "", errors.New("url is not base64")
	}
	target := string(b)
	if len(target) > maxTarget || !utf8.ValidString(target) || strings.ContainsFunc(target, unicode.IsControl) {
		return "", fmt.Errorf("url is not a line of text of at most %d bytes", maxTarget)
	}
	u, err := url.Parse(target)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return "", errors.New("url is not an absolute http or https URL")
	}
	return target, nil
}
