package review

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"
)

// Options say what the files are reviewed for.
type Options struct {
	Version     int           // of PostgreSQL, 12 to 17
	LockTimeout time.Duration // that the files are applied with; 0 when nobody sets one
	Style       bool          // matters of taste as well
	Apart       bool          // each file is a release of its own, and those before it are applied
	Contract    string        // folder of the contract migrations, for the remedies; "" when there is none
}

// The versions of PostgreSQL that the review knows.
const (
	Oldest = 12
	Newest = 17
)

// File is one file to review, or to learn from.
type File struct {
	Path    string // for people, and for annotations
	SQL     string
	Applied bool   // it is not judged: the database has what it makes
	Down    bool   // it goes down: it is read, and not judged
	Waited  string // of a contract migration: why nobody uses any more what it takes away

	Backfills []Backfill // that its comments declare; migration.Backfills reads them
}

// Run reviews files in their order. The schema is what is known of the database,
// and learns from the files. An error is the parser's own: SQL that PostgreSQL would
// not read is a finding.
func Run(p Parser, files []File, schema *Schema, o Options) (Review, error) {
	parsed, err := parse(p, files)
	if err != nil {
		return Review{}, err
	}
	r := &reviewer{parser: p, options: o, schema: schema}
	result := Review{Version: o.Version, From: schema.From, inUse: map[Name]bool{}, parents: map[Name][]Name{}, long: o.long()}
	for i, f := range files {
		switch {
		case f.Applied:
			r.learn(parsed[i].statements)
			continue
		case parsed[i].syntax != nil:
			result.Files = append(result.Files, broken(f, *parsed[i].syntax))
			continue
		case f.Down:
			continue
		}
		for name, t := range schema.Tables {
			result.inUse[name] = result.inUse[name] || !t.Fresh
			result.parents[name] = t.Parents
		}
		judged := r.file(f, parsed[i].statements)
		backfills, err := r.backfills(f.Backfills)
		if err != nil {
			return Review{}, fmt.Errorf("%s: %w", f.Path, err)
		}
		result.Files = append(result.Files, Reviewed{f.Path, append(judged, backfills...)})
		if o.Apart {
			r.settle()
		}
	}
	return result, nil
}

type reviewer struct {
	parser  Parser
	options Options
	schema  *Schema
}

// one is a file that was read.
type one struct {
	statements []Statement
	syntax     *SyntaxError
}

// parse reads the files, several at a time.
func parse(p Parser, files []File) ([]one, error) {
	all, problems := make([]one, len(files)), make([]error, len(files))
	var wait sync.WaitGroup
	next := make(chan int)
	for range min(runtime.GOMAXPROCS(0), len(files)) {
		wait.Go(func() {
			for i := range next {
				all[i], problems[i] = read(p, files[i])
			}
		})
	}
	for i := range files {
		next <- i
	}
	close(next)
	wait.Wait()
	return all, errors.Join(problems...)
}

func read(p Parser, f File) (one, error) {
	list, err := p.Parse(f.SQL)
	if syntax, ok := errors.AsType[*SyntaxError](err); ok {
		return one{syntax: syntax}, nil
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", f.Path, err)
	}
	return one{statements: list}, err
}

func broken(f File, e SyntaxError) Reviewed {
	rule, _ := RuleOf("syntax-error")
	return Reviewed{f.Path, []Judged{{Line: e.Line, Head: "-", Findings: []Finding{{Rule: rule, Line: e.Line, Detail: e.Message}}}}}
}

func (r *reviewer) learn(statements []Statement) {
	s := r.begin(statements)
	for _, st := range statements {
		s.resolve(&st)
		for _, a := range st.Acts {
			s.remember(a)
		}
		r.schema.Replay(st, false)
	}
}

// settle makes what the files have made so far a part of the database.
func (r *reviewer) settle() {
	for _, t := range r.schema.Tables {
		t.Fresh = false
		for _, f := range t.Columns {
			f.Fresh = false
		}
	}
	for _, list := range r.schema.Routines {
		for _, f := range list {
			f.Fresh = false
		}
	}
	clear(r.schema.Sequences)
}

func (r *reviewer) file(f File, statements []Statement) []Judged {
	s := r.begin(statements)
	var all []Judged
	for i := range statements {
		st := &statements[i]
		j := Judged{Line: st.Line, Head: st.Head()}
		for _, a := range st.Acts {
			j.Ops = append(j.Ops, a.Op)
		}
		j.Findings, j.Effect = s.judge(st)
		acknowledge(&j, f.beside(st.Comments))
		j.place(f, r.options.Contract)
		all = append(all, j)
	}
	return all
}

// look applies every rule to a statement.
func (s *scene) look(st *Statement) []Finding {
	var found []Finding
	for _, rule := range rules {
		if rule.Style && !s.options.Style {
			continue
		}
		if len(rule.ops) == 0 {
			if detail, bad := rule.holds(s, st, Act{}); bad {
				found = append(found, Finding{Rule: rule, Line: st.Line, Detail: detail})
			}
			continue
		}
		for _, a := range st.Acts {
			if !rule.concerns(a) || s.absent(a) || !rule.Fresh && s.schema.fresh(a.On) {
				continue
			}
			if detail, bad := rule.holds(s, st, a); bad {
				found = append(found, Finding{Rule: rule, Line: max(a.Line, st.Line), Detail: detail, spared: rule.spares != nil && rule.spares(s, a)})
			}
		}
	}
	return found
}
