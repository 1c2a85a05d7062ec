package signoff

import (
	"fmt"
	"strings"
)

// Person is who is asked: a user by login, or a team as team/slug.
type Person string

// UnmarshalText refuses what is neither.
func (p *Person) UnmarshalText(text []byte) error {
	if !whoForm.Match(text) {
		return fmt.Errorf("reviewer %q: want a login, or team/ and the slug of a team", text)
	}
	*p = Person(text)
	return nil
}

// Team is the slug of a team; false for a user.
func (p Person) Team() (slug string, ok bool) { return strings.CutPrefix(string(p), "team/") }
