package config

import (
	"cmp"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// LoadLenient is Load for the way back, which a mistake elsewhere must not hold
// up: only what is wrong in the needed sections is an error. Every other problem
// is returned beside the configuration, and its section counts as not written.
func LoadLenient(variable func(string) (string, bool), sections, needed []string, sources ...Source) (File, Problems, error) {
	var file File
	passed, err := loadLenient(&file, variable, sections, needed, sources)
	return file, passed, err
}

func loadLenient(into any, variable func(string) (string, bool), sections, needed []string, sources []Source) (Problems, error) {
	v := reflect.ValueOf(into).Elem()
	var cut Problems
	whole := slices.Clone(sources)
	for i := range whole {
		cut = append(cut, whole[i].salvage()...)
	}
	t, problems := plant(v.Type(), whole)
	d := &decoder{tree: t, lookup: variable, sections: sections, needed: needed, problems: append(problems, cut...)}
	d.structure(t.root, v, "")
	var errs, passed Problems
	for _, p := range d.problems {
		if d.dispensable(p.section()) {
			passed = append(passed, p)
		} else {
			errs = append(errs, p)
		}
	}
	passed.sort(sources)
	return passed, refusal(errs, sources)
}

func refusal(problems Problems, sources []Source) error {
	if len(problems) == 0 {
		return nil
	}
	problems.sort(sources)
	return release.Reject("correct the configuration; `bluegreen check` verifies it without running anything", "%w", problems)
}

// dispensable reports whether a section may be left out.
func (d *decoder) dispensable(section string) bool {
	return d.needed != nil && section != "" && !slices.Contains(d.needed, section)
}

// section is the part of the configuration that a problem is in.
func (p Problem) section() string {
	name, _, _ := strings.Cut(p.Key, ".")
	name, _, _ = strings.Cut(name, "[")
	return name
}

var heading = regexp.MustCompile(`^["']?([A-Za-z][A-Za-z0-9_-]*)["']?:`)

// salvage blanks the sections of a file that cannot be read, so that the others
// can be, and keep their lines. A file that can be read is left alone, and so is
// one whose fault is not in a section.
func (s *Source) salvage() Problems {
	from := s.origin()
	if s.Key != "" {
		return nil
	}
	if _, problem := from.read(nil); problem == nil {
		return nil
	}
	var problems Problems
	for begin := 0; begin < len(from.lines); {
		end := begin + 1
		for end < len(from.lines) && !heading.MatchString(from.lines[end]) {
			end++
		}
		if p := from.section(begin, end); p != nil {
			problems = append(problems, *p)
			clear(from.lines[begin:end])
		}
		begin = end
	}
	s.Text = strings.Join(from.lines, "\n")
	return problems
}

// section is what is wrong with some lines that begin with a heading.
func (o *origin) section(begin, end int) *Problem {
	name := heading.FindStringSubmatch(o.lines[begin])
	if name == nil {
		return nil
	}
	part := Source{Name: o.source.Name, Text: strings.Join(o.lines[begin:end], "\n")}
	_, problem := part.origin().read(nil)
	if problem == nil {
		return nil
	}
	return o.problem(begin+cmp.Or(problem.Line, 1), problem.Column, name[1], problem.Text)
}

func (s *Source) origin() *origin {
	return &origin{source: s, lines: strings.Split(breaks.Replace(strings.TrimPrefix(s.Text, "\ufeff")), "\n")}
}
