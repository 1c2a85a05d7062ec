package migration

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// MaxBatch is the most rows that a backfill changes in one transaction, and what it
// changes when its directive does not say.
const MaxBatch = 1000

// The pause between two batches: of a directive that does not say, and at most. The
// pause does more for the application than the size of a batch.
const (
	usualPause   = 50 * time.Millisecond
	longestPause = time.Minute
)

// verbs are what a comment may tell us. Anything else is taken for a slip, since
// nobody would notice that it does nothing.
var verbs = []string{"allow", "backfill", "contract"}

var (
	told      = regexp.MustCompile(`^--\s*bluegreen:\s*(\S*)\s*(.*?)\s*$`)
	tableName = regexp.MustCompile(`^(?:([a-z_][a-z0-9_$]*|"[^"\s]+")\.)?([a-z_][a-z0-9_$]*|"[^"\s]+")$`)
	keyName   = regexp.MustCompile(`^(?:[a-z_][a-z0-9_$]*|"[^"\s]+")$`)
)

// slips are comments that somebody has meant for us and that tell us nothing: our
// name in another spelling, or without its colon, and what only we understand.
var slips = regexp.MustCompile(`(?i)^(?:blue-?green\s*:\s*(?:allow|backfill|contract)\b|blue-?green\s+(?:allow\s+[a-z]+(?:-[a-z]+)+|backfill\s+\S+\s.*key=|contract\s+after=)|[\w-]+\s*:\s*(?:backfill\s+\S+\s+(?:\w+=\S*\s+)*key=|contract\s+after=))`)

// line is one of a comment. Of one between slashes and stars, text has neither the
// marks nor the stars that begin a line.
type line struct {
	number int
	text   string
	block  bool
}

// slip tells whether the line tells us nothing though it was meant to. A reason to
// allow something may stand in any comment.
func (l line) slip() bool {
	if !l.block {
		return !told.MatchString(l.text) && slips.MatchString(strings.TrimSpace(l.text[2:]))
	}
	m := told.FindStringSubmatch("--" + l.text)
	return slips.MatchString(l.text) && (m == nil || m[1] != "allow")
}

// commentLines are the lines of the comments of a file.
func commentLines(text string) ([]line, error) {
	s := &scanner{src: text}
	for ok := true; ok; {
		_, ok = s.next()
	}
	var all []line
	for _, c := range s.comments {
		number, one := lineOf(text, c.start), text[c.start:c.end]
		if strings.HasPrefix(one, "--") {
			all = append(all, line{number: number, text: one})
			continue
		}
		for i, part := range strings.Split(one[2:len(one)-2], "\n") {
			all = append(all, line{number + i, strings.Trim(part, " \t\r*"), true})
		}
	}
	return all, s.err
}

// Backfills reads the backfills that the comments of a file declare:
//
//	-- bluegreen: backfill users key=id batch=1000 pause=50ms
//	-- UPDATE users SET nick = coalesce(name, '') WHERE nick IS NULL;
//
// The statement goes on through the comment lines below, to its semicolon.
func Backfills(text string) ([]review.Backfill, error) {
	lines, err := commentLines(text)
	if err != nil {
		return nil, err
	}
	var all []review.Backfill
	for i, l := range lines {
		m := told.FindStringSubmatch(l.text)
		switch {
		case l.slip():
			return nil, fmt.Errorf("line %d: %.60q: it tells us nothing: write -- bluegreen: and one of %s, in lower case, each line with two dashes", l.number, l.text, strings.Join(verbs, ", "))
		case l.block || m == nil || m[1] != "backfill" && slices.Contains(verbs, m[1]):
			continue
		case m[1] != "backfill":
			return nil, fmt.Errorf("line %d: bluegreen: %q: want one of %s", l.number, m[1], strings.Join(verbs, ", "))
		}
		b, err := backfillOf(strings.Fields(m[2]), below(lines[i:]))
		if err != nil {
			return nil, fmt.Errorf("line %d: backfill: %w", l.number, err)
		}
		b.Line, b.Comments = l.number, above(lines[:i], l.number)
		all = append(all, b)
	}
	return all, nil
}

// above are the reasons in the comment lines right above one, for what the review finds
// in the backfill.
func above(lines []line, number int) []review.Comment {
	var all []review.Comment
	for i := len(lines) - 1; i >= 0; i-- {
		number--
		if m := told.FindStringSubmatch(lines[i].text); lines[i].number != number || lines[i].block || m == nil || m[1] != "allow" {
			break
		}
		all = append(all, review.Comment{Line: number, Text: strings.TrimSpace(lines[i].text[2:])})
	}
	return all
}

// below is the text of the comment lines right below the first.
func below(lines []line) string {
	var b strings.Builder
	for i := 1; i < len(lines) && lines[i].number == lines[0].number+i; i++ {
		if lines[i].block || told.MatchString(lines[i].text) {
			break
		}
		b.WriteString(strings.TrimPrefix(lines[i].text[2:], " ") + "\n")
	}
	return b.String()
}

func backfillOf(words []string, sql string) (review.Backfill, error) {
	b := review.Backfill{Batch: MaxBatch, Pause: usualPause}
	if len(words) == 0 || !tableName.MatchString(words[0]) {
		return b, errors.New("want: backfill TABLE key=COLUMN batch=1000 pause=50ms, names in lower case or in double quotes")
	}
	m := tableName.FindStringSubmatch(words[0])
	b.Table = review.Name{Schema: plainName(m[1]), Name: plainName(m[2])}
	for _, w := range words[1:] {
		if err := option(&b, w); err != nil {
			return b, err
		}
	}
	if b.Key == "" {
		return b, errors.New("no key: name the column that the batches go along, such as key=id")
	}
	return b, statement(&b, sql)
}

// plainName is a name as the catalog has it.
func plainName(text string) string { return strings.Trim(text, `"`) }

func option(b *review.Backfill, word string) (err error) {
	key, value, valued := strings.Cut(word, "=")
	switch key {
	case "once":
		b.Once = true
		return want(!valued, "%s: want once, without a value", word)
	case "key":
		b.Key = plainName(value)
		return want(keyName.MatchString(value), "key %s: want the name of one column, in lower case or in double quotes", value)
	case "batch":
		b.Batch, err = strconv.Atoi(value)
		return want(err == nil && 1 <= b.Batch && b.Batch <= MaxBatch, "batch %s: want 1 to %d", value, MaxBatch)
	case "pause":
		b.Pause, err = time.ParseDuration(value)
		return want(err == nil && 0 <= b.Pause && b.Pause <= longestPause, "pause %s: want 0s to %v", value, longestPause)
	}
	return fmt.Errorf("%s: want key=, batch=, pause= or once", word)
}

// statement cuts the UPDATE into the parts that a batch is made of.
func statement(b *review.Backfill, sql string) error {
	list, end, err := firstStatement(sql)
	switch {
	case err != nil:
		return err
	case len(list) == 0:
		return errors.New("no statement: write the UPDATE into the comment lines right below, and a semicolon behind it")
	}
	b.Statement = strings.TrimSpace(sql[:end])
	set, where, err := clauses(sql, list)
	if err != nil {
		return err
	}
	b.Target = strings.TrimSpace(sql[list[0].end:list[set].start])
	b.Set = strings.TrimSpace(sql[list[set].end:list[where].start])
	b.Where = strings.TrimSpace(sql[list[where].end:end])
	return want(b.Target != "" && b.Set != "" && b.Where != "", "want UPDATE table SET column = value WHERE condition")
}

// firstStatement returns the tokens up to the first semicolon outside of brackets,
// and where it is; none when there is no such semicolon.
func firstStatement(sql string) (list []token, end int, err error) {
	s, depth := &scanner{src: sql}, 0
	for t, ok := s.next(); ok; t, ok = s.next() {
		text := sql[t.start:t.end]
		switch {
		case t.kind == symbol && text == ";" && depth == 0:
			return list, t.start, nil
		case t.kind == symbol && text == "$":
			return nil, 0, errors.New("a placeholder such as $1: the range of the key is added by itself")
		case t.kind == symbol:
			depth += bracket(text)
		}
		if depth < 0 {
			return nil, 0, errors.New("a bracket that was not opened")
		}
		list = append(list, t)
	}
	return nil, 0, s.err
}

// clauses finds SET and WHERE outside of brackets, both of which PostgreSQL
// reserves there. What else would widen the statement is refused.
func clauses(sql string, list []token) (set, where int, err error) {
	depth, before := 0, ""
	for i, t := range list {
		text := upper(sql[t.start:t.end])
		switch {
		case t.kind == symbol:
			depth += bracket(text)
		case t.kind != word || depth > 0:
			text = ""
		case i == 0 && text != "UPDATE":
			return 0, 0, fmt.Errorf("%s: want an UPDATE", text)
		case text == "SET" && set == 0:
			set = i
		case text == "WHERE" && where == 0:
			where = i
		case text == "RETURNING", text == "FROM" && before != "DISTINCT":
			return 0, 0, fmt.Errorf("%s: want one UPDATE of one table; look others up in a subquery", text)
		}
		before = text
	}
	if set == 0 || where < set {
		return 0, 0, errors.New("no WHERE: say which rows are still to be changed, so that a row that is done is left alone")
	}
	return set, where, nil
}
