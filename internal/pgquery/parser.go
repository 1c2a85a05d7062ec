package pgquery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/bluegreen-actions/bluegreen/internal/review"
)

// much is how many bytes the interpreter reads before the compiler is started
// beside it: the point from where on its start is worth its speed.
const much = 32 << 10

// Parser reads SQL. Its zero value is ready to use: the module is loaded at the
// first text. It is safe for concurrent use.
type Parser struct {
	mu      sync.Mutex
	engine  *engine
	idle    []*reader
	read    int  // bytes so far
	started bool // the compiler was
}

// Parse returns the statements of a file. Text that PostgreSQL would not read is a
// *review.SyntaxError; every other error is the parser's own.
func (p *Parser) Parse(sql string) ([]review.Statement, error) {
	r, err := p.take(len(sql))
	if err != nil {
		return nil, err
	}
	defer p.give(r)
	return r.file(sql)
}

// take returns a reader that nobody uses.
func (p *Parser) take(size int) (r *reader, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.engine == nil {
		if p.engine, err = interpreter(); err != nil {
			return nil, err
		}
	}
	if p.read += size; p.read > much && !p.started {
		p.started = true
		go p.compile()
	}
	if n := len(p.idle); n > 0 {
		r, p.idle = p.idle[n-1], p.idle[:n-1]
		return r, nil
	}
	return &reader{engine: p.engine}, nil
}

// give takes a reader back, unless there are better ones now.
func (p *Parser) give(r *reader) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.engine == p.engine {
		p.idle = append(p.idle, r)
	}
}

// compile changes over to the compiler once it is ready. Where it is not to be had,
// the interpreter goes on.
func (p *Parser) compile() {
	e, err := compiler()
	if err != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.engine, p.idle = e, nil
}

// reader reads one text after the other.
type reader struct {
	engine  *engine
	machine *machine
}

func (r *reader) file(sql string) ([]review.Statement, error) {
	if i := strings.IndexByte(sql, 0); i >= 0 {
		return nil, &review.SyntaxError{Line: line(sql, i), Message: "a zero byte"}
	}
	root, err := r.tree(parseSQL, sql)
	if syntax, ok := errors.AsType[*Error](err); ok {
		return nil, &review.SyntaxError{Line: lineOfCharacter(sql, syntax.Position), Message: syntax.Message}
	}
	if err != nil {
		return nil, err
	}
	var all []review.Statement
	for _, raw := range root.list("stmts") {
		all = append(all, r.statement(sql, raw))
	}
	return all, nil
}

// tree asks the module and reads its JSON. A module that has failed for another
// reason than its text is not asked again.
func (r *reader) tree(f function, sql string) (tree, error) {
	if r.machine == nil {
		m, err := r.engine.start()
		if err != nil {
			return tree{}, err
		}
		r.machine = m
	}
	text, err := r.machine.ask(f, sql)
	if err != nil {
		if _, ok := errors.AsType[*Error](err); !ok {
			_ = r.machine.mod.Close(context.Background()) // it is broken already
			r.machine = nil
			err = fmt.Errorf("parse SQL: %w", err)
		}
		return tree{}, err
	}
	var root any
	if err := json.Unmarshal([]byte(text), &root); err != nil {
		return tree{}, fmt.Errorf("read the SQL parser's tree: %w", err)
	}
	return tree{root}, nil
}

// statement converts one statement. Its text begins behind the semicolon of the one
// before, with the comments between them.
func (r *reader) statement(sql string, raw tree) review.Statement {
	from := raw.number("stmt_location")
	to := len(sql)
	if n := raw.number("stmt_len"); n > 0 {
		to = from + n
	}
	start, comments := skip(sql, from, to)
	s := review.Statement{Line: line(sql, start), Text: strings.TrimSpace(sql[start:to]), Comments: comments}
	c := converter{parser: r, sql: sql, at: s.Line, text: s.Text}
	node := raw.in("stmt")
	s.Acts = c.acts(node)
	for i := range s.Acts {
		if s.Acts[i].Line == 0 {
			s.Acts[i].Line = s.Line
		}
	}
	s.Strings, s.Names, s.Labels = mentions(node)
	s.Moved = moved(node)
	return s
}

// skip returns where the first word of a statement is, and the comments before it.
func skip(sql string, at, to int) (int, []review.Comment) {
	var found []review.Comment
	for at < to {
		rest := sql[at:to]
		switch {
		case strings.HasPrefix(rest, "--"):
			text, _, _ := strings.Cut(rest, "\n")
			found = append(found, review.Comment{Line: line(sql, at), Text: strings.TrimSpace(strings.TrimPrefix(text, "--"))})
			at += len(text)
		case strings.HasPrefix(rest, "/*"):
			end := at + block(rest)
			for i, text := range strings.Split(sql[at+2:max(at+2, end-2)], "\n") {
				found = append(found, review.Comment{Line: line(sql, at) + i, Text: strings.Trim(text, " \t\r*")})
			}
			at = end
		case strings.ContainsRune(" \t\r\n\f\v;", rune(rest[0])):
			at++
		default:
			return at, found
		}
	}
	return at, found
}

// block is the length of a comment in which others may nest.
func block(text string) int {
	depth := 0
	for i := 0; i+1 < len(text); i++ {
		switch text[i : i+2] {
		case "/*":
			depth, i = depth+1, i+1
		case "*/":
			if depth, i = depth-1, i+1; depth == 0 {
				return i + 1
			}
		}
	}
	return len(text)
}

func line(sql string, at int) int { return 1 + strings.Count(sql[:min(at, len(sql))], "\n") }

// lineOfCharacter is the line of a position that counts characters from 1.
func lineOfCharacter(sql string, position int) int {
	n := 1
	for _, r := range sql {
		if position--; position <= 0 {
			break
		}
		if r == '\n' {
			n++
		}
	}
	return n
}
