package migration

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// LockError is the error of a file that met a lock, or was the victim of a
// deadlock. The file can be tried again.
type LockError struct {
	Blockers []Blocker // as seen while it waited; may be empty
	Err      error
}

func (e *LockError) Error() string { return e.Err.Error() }

// Unwrap returns the database's error.
func (e *LockError) Unwrap() error { return e.Err }

// Blocker is a session that holds, or waits in front for, what a file wants.
type Blocker struct {
	PID         int
	Application string
	State       string        // such as "idle in transaction"
	Age         time.Duration // of its transaction
	Query       string        // its last one, with its constants hidden, at most 120 bytes
}

// String names the session for the person who has to end it.
func (b Blocker) String() string {
	text := fmt.Sprintf("pid %d", b.PID)
	if b.Application != "" {
		text += " of " + b.Application
	}
	return fmt.Sprintf("%s, %s, in a transaction for %v: %s", text, b.State, b.Age.Round(100*time.Millisecond), b.Query)
}

func nameAll(list []Blocker) string {
	if len(list) == 0 {
		return "nobody was seen in the way"
	}
	texts := make([]string, len(list))
	for i, b := range list {
		texts[i] = b.String()
	}
	return "blocked by " + strings.Join(texts, "; ")
}

// HideConstants is SQL without the constants in it, which may be personal, cut to
// size bytes. SQL that ends in the middle, as the server's own lists cut it, is
// hidden from the open quote on.
func HideConstants(sql string, size int) string {
	var out strings.Builder
	s := &scanner{src: sql}
	end := 0
	for t, ok := s.next(); ok && out.Len() <= size; t, ok = s.next() {
		if t.start > end && out.Len() > 0 {
			out.WriteByte(' ')
		}
		if t.kind == constant || t.kind == number {
			out.WriteByte('?')
		} else {
			out.WriteString(sql[t.start:t.end])
		}
		end = t.end
	}
	text := out.String()
	if s.err != nil || len(text) > size {
		text = strings.ToValidUTF8(text[:min(size, len(text))], "") + "…"
	}
	return text
}

func asLock(err error) (*LockError, bool) { return errors.AsType[*LockError](err) }
