package gate

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// selector is one place in a query where series are picked, such as
// http_requests_total{slot="green"}. Names are kept as written.
type selector struct {
	text   string
	metric string   // empty when only labels pick
	labels []string // that must be there to match, so not those of != and !~
}

// probes ask how many series of any slot have the metric, and each label of it.
func (s selector) probes() []string {
	if len(s.labels) == 0 {
		return []string{"count(" + s.metric + ")"}
	}
	var list []string
	for _, label := range s.labels {
		list = append(list, fmt.Sprintf(`count(%s{%s!=""})`, s.metric, label))
	}
	return list
}

// maxQuery is the length of a query in bytes.
const maxQuery = 16 << 10

// selectors finds where query picks series, each place once. It reads PromQL's
// words, strings, ranges and braces, and leaves the grammar to the source.
func selectors(query string) ([]selector, error) {
	s, err := scan(query)
	if err != nil {
		return nil, err
	}
	return s.found, nil
}

func scan(query string) (scanner, error) {
	s := scanner{text: query}
	if len(query) > maxQuery {
		return s, fmt.Errorf("query of %d bytes: want at most %d", len(query), maxQuery)
	}
	for s.at < len(s.text) {
		if err := s.next(); err != nil {
			return s, fmt.Errorf("query %q: %w", query, err)
		}
	}
	return s, nil
}

// scanner walks over a query.
type scanner struct {
	text   string
	at     int
	found  []selector
	called []string // functions and aggregations
}

func (s *scanner) next() error {
	switch c := s.text[s.at]; {
	case c == '#':
		s.skipUntil('\n')
		return nil
	case strings.IndexByte("\"'`", c) >= 0:
		return s.quoted()
	case c == '[':
		return s.closed(']')
	case c == '{':
		return s.matchers(selector{}, s.at)
	case '0' <= c && c <= '9':
		s.number()
		return nil
	case isLetter(c):
		return s.word()
	}
	s.at++
	return nil
}

// word reads a metric, a function, an aggregation or a keyword.
func (s *scanner) word() error {
	start := s.at
	s.at += nameLength(s.text[s.at:])
	name := s.text[start:s.at]
	s.space()
	switch {
	case s.peek() == '{':
		return s.matchers(selector{metric: name}, start)
	case slices.Contains(listWords, strings.ToLower(name)):
		if s.peek() == '(' {
			return s.closed(')')
		}
		return nil
	case s.peek() == '(':
		s.called = append(s.called, name)
		return nil
	case slices.Contains(plainWords, strings.ToLower(name)) || s.beforeGrouping():
		return nil
	}
	s.add(selector{text: name, metric: name})
	return nil
}

// The words of PromQL that are no metric: those that a list of labels may
// follow, and the others.
var (
	listWords  = []string{"by", "without", "on", "ignoring", "group_left", "group_right"}
	plainWords = []string{"and", "or", "unless", "atan2", "bool", "offset", "inf", "nan"}
)

// beforeGrouping says whether "by" or "without" follows, as in sum by (x) (y).
func (s *scanner) beforeGrouping() bool {
	rest := s.text[s.at:]
	word := strings.ToLower(rest[:nameLength(rest)])
	return word == "by" || word == "without"
}

// matchers reads from an opening brace to the closing one.
func (s *scanner) matchers(sel selector, start int) error {
	s.at++
	for {
		s.space()
		if s.peek() == '}' {
			s.at++
			sel.text = s.text[start:s.at]
			s.add(sel)
			return nil
		}
		label, err := s.label()
		if err != nil {
			return err
		}
		operator, err := s.match()
		switch {
		case err != nil:
			return err
		case operator == "":
			sel.metric = "" // {"a.metric"}: the metric is one of the conditions
		case operator[0] == '=':
			sel.labels = append(sel.labels, label)
		}
		if s.space(); s.peek() == ',' {
			s.at++
		}
	}
}

func (s *scanner) label() (string, error) {
	start := s.at
	if c := s.peek(); c == '"' || c == '\'' {
		err := s.quoted()
		return s.text[start:s.at], err
	}
	n := nameLength(s.text[s.at:])
	if n == 0 {
		return "", errors.New("between the braces: want a label")
	}
	s.at += n
	return s.text[start:s.at], nil
}

// match reads an operator and the text that it compares with, if one is there.
func (s *scanner) match() (operator string, err error) {
	s.space()
	start := s.at
	for s.at < len(s.text) && strings.IndexByte("=!~", s.text[s.at]) >= 0 {
		s.at++
	}
	operator = s.text[start:s.at]
	if operator == "" {
		return "", nil
	}
	if s.space(); strings.IndexByte("\"'`", s.peek()) < 0 {
		return "", errors.New("between the braces: want a quoted text after the operator")
	}
	return operator, s.quoted()
}

func (s *scanner) add(sel selector) {
	same := func(have selector) bool { return have.text == sel.text }
	if !slices.ContainsFunc(s.found, same) {
		s.found = append(s.found, sel)
	}
}

// quoted passes over a quoted text. Backquotes know no escapes.
func (s *scanner) quoted() error {
	quote := s.text[s.at]
	for s.at++; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == quote:
			s.at++
			return nil
		case c == '\\' && quote != '`':
			s.at++
		}
	}
	s.at = len(s.text)
	return errors.New("a quote is not closed")
}

// closed passes over what ends with the byte end.
func (s *scanner) closed(end byte) error {
	if s.skipUntil(end); s.at == len(s.text) {
		return fmt.Errorf("%q is missing", end)
	}
	s.at++
	return nil
}

func (s *scanner) skipUntil(end byte) {
	for s.at < len(s.text) && s.text[s.at] != end {
		s.at++
	}
}

// number passes over a number or a duration; 1e-3 has a sign within.
func (s *scanner) number() {
	for ; s.at < len(s.text); s.at++ {
		c := s.text[s.at]
		sign := (c == '+' || c == '-') && strings.IndexByte("eE", s.text[s.at-1]) >= 0
		if !isLetter(c) && !('0' <= c && c <= '9') && c != '.' && !sign {
			return
		}
	}
}

func (s *scanner) space() {
	for s.at < len(s.text) && strings.IndexByte(" \t\r\n", s.text[s.at]) >= 0 {
		s.at++
	}
}

// peek is the byte at hand, or 0 at the end.
func (s *scanner) peek() byte {
	if s.at == len(s.text) {
		return 0
	}
	return s.text[s.at]
}

func isLetter(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c == ':'
}

// nameLength is how many bytes at the start of text make a name.
func nameLength(text string) int {
	for i := 0; i < len(text); i++ {
		digit := '0' <= text[i] && text[i] <= '9'
		if !isLetter(text[i]) && !(i > 0 && digit) {
			return i
		}
	}
	return len(text)
}
