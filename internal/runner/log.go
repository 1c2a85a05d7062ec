package runner

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"sync"
	"unicode"
)

// Log is a writer for text from anywhere. It writes whole lines, replaces
// secrets, and defuses what a runner would take for a command: a line that
// begins with :: and the older ##[ anywhere in it. Control characters are
// shown, not obeyed; colours stay. Safe for concurrent use.
type Log struct {
	mu      sync.Mutex
	w       io.Writer
	rest    []byte
	secrets []string
}

// Write takes text and passes on the lines that are complete.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for text := p; ; {
		line, after, ended := bytes.Cut(text, []byte("\n"))
		l.rest = append(l.rest, line...)
		if !ended {
			return len(p), nil
		}
		whole := string(l.rest)
		l.rest, text = l.rest[:0], after
		if _, err := io.WriteString(l.w, defuse(l.hidden(whole))+"\n"); err != nil {
			return 0, err
		}
	}
}

// Flush writes the last line, if it was never ended.
func (l *Log) Flush() {
	l.mu.Lock()
	open := len(l.rest) > 0
	l.mu.Unlock()
	if open {
		_, _ = l.Write([]byte("\n"))
	}
}

// escape is what a terminal would obey, and the colour that may stay.
var escape = regexp.MustCompile(`\x1b(\[[0-9;]*m)?`)

// defuse makes a line harmless for the runner, which trims a line before it
// looks for :: and looks for ##[ everywhere. A carriage return would start a
// line of its own in the runner's eyes.
func defuse(line string) string {
	line = strings.Map(visible, strings.TrimSuffix(line, "\r"))
	line = escape.ReplaceAllStringFunc(line, func(found string) string {
		if found == "\x1b" {
			return "␛"
		}
		return found
	})
	line = strings.ReplaceAll(line, "##[", "## [")
	if strings.HasPrefix(strings.TrimLeftFunc(escape.ReplaceAllString(line, ""), blank), "::") {
		return "| " + line
	}
	return line
}

// visible replaces a control character by its picture.
func visible(r rune) rune {
	switch {
	case r == '\t' || r == '\x1b':
		return r
	case r < ' ':
		return '␀' + r
	case r == '\u2028' || r == '\u2029' || unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r):
		return unicode.ReplacementChar
	}
	return r
}

// blank is what the runner, in one culture or another, does not see at the
// beginning of a line: space, and characters without width.
func blank(r rune) bool { return unicode.IsSpace(r) || unicode.In(r, unicode.Cf, unicode.Mn) }

// commands is the way past defuse, for the commands that this package issues.
func (l *Log) commands() io.Writer { return raw{l} }

type raw struct{ log *Log }

func (r raw) Write(p []byte) (int, error) {
	r.log.mu.Lock()
	defer r.log.mu.Unlock()
	return r.log.w.Write(p)
}
