package migration

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// Nature says what is known about a file that was interrupted.
type Nature string

// The natures of a file. golang-migrate sends a file as one message, which
// PostgreSQL runs as one transaction unless the file says otherwise.
const (
	Atomic     Nature = "atomic"     // one transaction: all of it, or nothing
	Concurrent Nature = "concurrent" // one statement of which the catalog tells how far it has come
	Loose      Nature = "loose"      // may have been applied in part
)

// Script is the content of a migration file.
type Script struct {
	Text       string
	Statements []Statement
	Nature     Nature
	Why        string // it is loose; "" otherwise
	Change     Change // of nature Concurrent only
	Backfills  []review.Backfill

	wrapped bool // in a BEGIN and COMMIT of its own
}

// ParseScript reads SQL. It refuses text that PostgreSQL could not read to its
// end, and statements that PostgreSQL cannot run beside others in one file.
func ParseScript(text string) (Script, error) {
	if err := readable(text); err != nil {
		return Script{}, err
	}
	list, err := split(text)
	if err != nil {
		return Script{}, err
	}
	s := Script{Text: text, Statements: list}
	if s.Backfills, err = Backfills(text); err != nil {
		return Script{}, err
	}
	if i := slices.IndexFunc(list, Statement.alone); i >= 0 {
		return s.single(list[i])
	}
	s.wrapped = wrapped(list)
	s.Nature, s.Why = s.judge()
	return s, nil
}

// Empty tells whether the file does nothing.
func (s Script) Empty() bool { return len(s.Statements) == 0 && len(s.Backfills) == 0 }

// Marked is the text with one more statement in the transaction of the file, so
// that it takes effect if and only if the file does. A file that is not atomic is
// left as it is.
func (s Script) Marked(statement string) string {
	switch {
	case s.Nature != Atomic:
		return s.Text
	case s.wrapped:
		end := s.Statements[len(s.Statements)-1].start
		return s.Text[:end] + statement + ";\n" + s.Text[end:]
	}
	return s.Text + "\n;\n" + statement + ";\n"
}

// single judges a file with a statement that cannot run in a transaction.
func (s Script) single(st Statement) (Script, error) {
	if len(s.Statements) > 1 {
		return Script{}, fmt.Errorf("line %d: %s cannot share a file with other statements: give it a file of its own", st.Line, st.head())
	}
	var err error
	if s.Change, err = changeOf(st); s.Change.Verb != 0 {
		s.Nature = Concurrent
	} else {
		s.Nature, s.Why = Loose, st.head()+" runs outside of a transaction"
	}
	return s, err
}

func (s Script) judge() (Nature, string) {
	inner := s.Statements
	if s.wrapped {
		inner = inner[1 : len(inner)-1]
	}
	for _, st := range inner {
		if why := st.looseness(s.wrapped); why != "" {
			return Loose, fmt.Sprintf("%s in line %d", why, st.Line)
		}
	}
	return Atomic, ""
}

// wrapped tells whether the file begins with BEGIN and ends with COMMIT.
func wrapped(list []Statement) bool {
	if len(list) < 2 {
		return false
	}
	first, last := list[0], list[len(list)-1]
	opens := first.begins("BEGIN") || first.begins("START", "TRANSACTION")
	plain := len(last.Words) == 1 || len(last.Words) == 2 && (last.Words[1] == "WORK" || last.Words[1] == "TRANSACTION")
	return opens && plain && (last.begins("COMMIT") || last.begins("END"))
}

func readable(text string) error {
	switch {
	case strings.HasPrefix(text, "\ufeff"):
		return fmt.Errorf("line 1: a byte order mark, which PostgreSQL does not read: save the file without it")
	case strings.ContainsRune(text, 0):
		return fmt.Errorf("line %d: a zero byte: save the file as plain text", lineOf(text, strings.IndexByte(text, 0)))
	case strings.ToValidUTF8(text, "") != text:
		return fmt.Errorf("text that is not UTF-8: save the file as UTF-8")
	}
	return nil
}

// Inner are the first and the last statement inside of the file's transaction, by
// their places in Statements.
func (s Script) Inner() (first, last int) {
	if s.wrapped {
		return 1, len(s.Statements) - 2
	}
	return 0, len(s.Statements) - 1
}

// Woven is the text with more SQL behind its statements, on their lines: what
// PostgreSQL says about a line stays true. Nothing is put behind one for which
// after returns "".
func (s Script) Woven(after func(i int) string) string {
	text := s.Text
	for i := len(s.Statements) - 1; i >= 0; i-- {
		end := s.Statements[i].start + len(s.Statements[i].Text)
		if more := after(i); more != "" {
			text = text[:end] + "; " + more + text[end:]
		}
	}
	return text
}
