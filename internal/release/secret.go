package release

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret is text that must not be seen. It prints as *** under every verb of fmt,
// in JSON, YAML and slog; only Reveal returns it. Keep it in exported fields: fmt
// prints what it finds in unexported ones without asking.
type Secret string

const redacted = "***"

// Reveal returns the text itself, for the one call that needs it.
func (s Secret) Reveal() string { return string(s) }

// String prints ***, or nothing for an empty secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// Format hides the text under every verb, a wrong one included.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText hides the text from JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText takes any text.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = Secret(text)
	return nil
}

// LogValue hides the text from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
