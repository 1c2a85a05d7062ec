package migration

import (
	"fmt"
	"strings"
)

// The rules here are those of PostgreSQL's scanner (src/backend/parser/scan.l)
// with standard_conforming_strings on, as far as they decide where a statement
// ends and which of its words are words.

type kind int

const (
	word     kind = iota // an identifier or keyword without quotes
	name                 // an identifier in double quotes
	constant             // text in single quotes or between dollars
	number
	symbol // one byte of anything else
)

// token is a piece of SQL that is not white space and not a comment.
type token struct {
	kind       kind
	start, end int
}

// scanner cuts SQL into tokens. After an error it is at the end.
type scanner struct {
	src      string
	pos      int
	err      error
	comments []token // in their order
}

// next returns the next token, and false at the end or after an error.
func (s *scanner) next() (token, bool) {
	s.pos = s.skip(s.pos)
	if s.err != nil || s.pos >= len(s.src) {
		return token{}, false
	}
	t := token{start: s.pos}
	t.kind = s.take()
	t.end = s.pos
	return t, s.err == nil
}

func (s *scanner) take() kind {
	switch c := s.src[s.pos]; {
	case c == '\'':
		s.quoted('\'', false)
		return constant
	case c == '"':
		s.quoted('"', false)
		return name
	case c == '$':
		return s.dollar()
	case isDigit(c):
		s.pos = s.while(s.pos, func(c byte) bool { return isWord(c) && c != '$' || c == '.' })
		return number
	case isWord(c):
		return s.identifier()
	default:
		s.pos++
		return symbol
	}
}

// identifier takes a word, or the constant that E stands in front of.
func (s *scanner) identifier() kind {
	start := s.pos
	s.pos = s.while(s.pos, isWord)
	if s.pos == start+1 && (s.src[start]|0x20) == 'e' && s.at(s.pos, "'") {
		s.quoted('\'', true)
		return constant
	}
	return word
}

// quoted takes text up to its closing quote, which a second quote right after it
// keeps open. With escapes, a backslash hides what follows; and such a constant
// goes on in a next piece when only white space with a line break is between.
func (s *scanner) quoted(quote byte, escapes bool) {
	start := s.pos
	for s.pos++; s.pos < len(s.src); s.pos++ {
		switch {
		case escapes && s.src[s.pos] == '\\':
			s.pos++
		case s.src[s.pos] != quote:
		case s.at(s.pos+1, string(quote)):
			s.pos++
		default:
			if s.pos++; escapes {
				s.continued()
			}
			return
		}
	}
	s.fail(start, "a quote that is not closed")
}

func (s *scanner) continued() {
	next := s.skip(s.pos)
	if s.err == nil && s.at(next, "'") && strings.ContainsAny(s.src[s.pos:next], "\n\r") {
		s.pos = next
		s.quoted('\'', true)
	}
}

// dollar takes text between two equal dollar tags, or a lone dollar.
func (s *scanner) dollar() kind {
	start := s.pos
	end := s.while(start+1, func(c byte) bool { return isWord(c) && c != '$' })
	if !s.at(end, "$") || end > start+1 && isDigit(s.src[start+1]) {
		s.pos++
		return symbol
	}
	tag := s.src[start : end+1]
	length := strings.Index(s.src[end+1:], tag)
	if length < 0 {
		s.fail(start, "a dollar quote "+tag+" that is not closed")
		return constant
	}
	s.pos = end + 1 + length + len(tag)
	return constant
}

// skip returns the first position from pos on that is neither white space nor
// in a comment.
func (s *scanner) skip(pos int) int {
	for pos < len(s.src) {
		switch {
		case isSpace(s.src[pos]):
			pos++
		case s.at(pos, "--"):
			pos = s.comment(pos)
		case s.at(pos, "/*"):
			pos = s.block(pos)
		default:
			return pos
		}
	}
	return pos
}

// comment skips the rest of the line. What follows an escaped constant is skipped
// twice.
func (s *scanner) comment(start int) int {
	end := s.while(start, func(c byte) bool { return c != '\n' && c != '\r' })
	s.note(start, end)
	return end
}

func (s *scanner) note(start, end int) {
	if n := len(s.comments); n == 0 || s.comments[n-1].start < start {
		s.comments = append(s.comments, token{start: start, end: end})
	}
}

// block skips a block comment, in which others may nest.
func (s *scanner) block(start int) int {
	depth := 0
	for pos := start; pos < len(s.src); {
		switch {
		case s.at(pos, "/*"):
			depth, pos = depth+1, pos+2
		case s.at(pos, "*/"):
			if depth, pos = depth-1, pos+2; depth == 0 {
				s.note(start, pos)
				return pos
			}
		default:
			pos++
		}
	}
	s.fail(start, "a comment that is not closed")
	return len(s.src)
}

func (s *scanner) while(pos int, holds func(byte) bool) int {
	for pos < len(s.src) && holds(s.src[pos]) {
		pos++
	}
	return pos
}

func (s *scanner) at(pos int, text string) bool {
	return pos <= len(s.src) && strings.HasPrefix(s.src[pos:], text)
}

func (s *scanner) fail(start int, what string) {
	s.err = fmt.Errorf("line %d: %s", lineOf(s.src, start), what)
	s.pos = len(s.src)
}

func lineOf(src string, pos int) int { return 1 + strings.Count(src[:pos], "\n") }

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isWord tells whether c may be inside an identifier; a digit or a dollar never
// begins one.
func isWord(c byte) bool {
	return c == '_' || c == '$' || isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80
}
