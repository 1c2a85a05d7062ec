package campaign

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/mail"
	"regexp"
	"strings"
	"unicode/utf8"
)

// The limits of a campaign, in bytes, and of one call to send.
const (
	MaxLine       = 200
	MaxBody       = 64 << 10
	MaxMetadata   = 8 << 10
	MaxRecipients = 10_000
)

// New is a campaign as a caller describes it.
type New struct {
	Name     string          `json:"name"`
	Subject  string          `json:"subject"`
	Body     string          `json:"body"`
	Metadata json.RawMessage `json:"metadata"`
}

// Check reports everything that is wrong with n.
func (n New) Check() error {
	return errors.Join(
		checkLine("name", n.Name),
		checkLine("subject", n.Subject),
		checkText("body", n.Body, MaxBody),
		checkMetadata(n.Metadata),
	)
}

func checkLine(field, s string) error {
	if strings.ContainsAny(s, "\r\n") {
		return fmt.Errorf("%s has more than one line: send one", field)
	}
	return checkText(field, s, MaxLine)
}

func checkText(field, s string, most int) error {
	switch {
	case strings.TrimSpace(s) == "":
		return fmt.Errorf("%s is empty: send 1 to %d bytes", field, most)
	case len(s) > most:
		return fmt.Errorf("%s has %d bytes: send at most %d", field, len(s), most)
	case !utf8.ValidString(s) || strings.ContainsRune(s, 0):
		return fmt.Errorf("%s is not text: send UTF-8 without NUL", field)
	}
	return nil
}

func checkMetadata(m json.RawMessage) error {
	if len(m) == 0 || string(m) == "null" {
		return nil
	}
	var object map[string]any
	if len(m) > MaxMetadata || json.Unmarshal(m, &object) != nil {
		return fmt.Errorf("metadata is not an object of at most %d bytes", MaxMetadata)
	}
	return nil
}

// CheckRecipients refuses an empty or too long list, and every entry that is
// not a bare address such as ada@example.org.
func CheckRecipients(addresses []string) error {
	if len(addresses) == 0 || len(addresses) > MaxRecipients {
		return fmt.Errorf("recipients has %d entries: send 1 to %d", len(addresses), MaxRecipients)
	}
	for i, a := range addresses {
		parsed, err := mail.ParseAddress(a)
		if err != nil || parsed.Address != a || len(a) > MaxLine {
			return fmt.Errorf("recipients[%d] is not a bare address such as ada@example.org", i)
		}
	}
	return nil
}

var laneForm = regexp.MustCompile(`^[A-Za-z0-9_-]{0,64}$`)

// CheckLane refuses what cannot be a part of a key. The empty lane is the shared queue.
func CheckLane(lane string) error {
	if !laneForm.MatchString(lane) {
		return fmt.Errorf("lane %q: send at most 64 letters, digits, dashes or underscores", lane)
	}
	return nil
}
