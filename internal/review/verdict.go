package review

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Open are the findings that keep the files from being applied, under a policy that
// names the unsafe rules which an acknowledgement is enough for.
func (r Review) Open(policy []string) []Placed {
	var all []Placed
	for _, p := range r.Findings() {
		if p.Open(policy) {
			all = append(all, p)
		}
	}
	return all
}

// Placed is a finding and its file.
type Placed struct {
	Path string
	Finding
}

// Place is path and line.
func (p Placed) Place() string { return fmt.Sprintf("%s:%d", p.Path, p.Line) }

// Findings are all findings, in the order of files and lines.
func (r Review) Findings() []Placed {
	var all []Placed
	for _, f := range r.Files {
		for _, j := range f.Statements {
			for _, one := range j.Findings {
				all = append(all, Placed{f.Path, one})
			}
		}
	}
	return all
}

// Open tells whether the finding keeps its file from being applied.
func (f Finding) Open(policy []string) bool {
	switch {
	case f.Rule.Level < Risky, f.Settled, f.Waited != "":
		return false
	case f.Rule.Fails, f.Reason == "":
		return true
	}
	return f.Rule.Level == Unsafe && !slices.Contains(policy, f.Rule.ID)
}

// Remedy says what to do about an open finding.
func (f Finding) Remedy() string {
	switch {
	case f.Rule.Fails:
		return f.Rule.Instead
	case f.Belongs != "" && f.Reason == "":
		return fmt.Sprintf("move it to a file of %s, which waits until no version that uses it is live; or write before it: -- bluegreen: allow %s and why", f.Belongs, f.Rule.ID)
	case f.Reason != "":
		return fmt.Sprintf("%s; or add %s to database.allow, since the rule is unsafe", f.Rule.Instead, f.Rule.ID)
	}
	return fmt.Sprintf("%s; or write before it: -- bluegreen: allow %s and why", f.Rule.Instead, f.Rule.ID)
}

// Refusal is nil when nothing is open.
func (r Review) Refusal(policy []string) error {
	open := r.Open(policy)
	if len(open) == 0 {
		return nil
	}
	var problems []error
	for _, p := range open {
		problems = append(problems, fmt.Errorf("%s:%d: %v: %s: %s [%s]", p.Path, p.Line, p.Rule.Level, p.Text(), p.Rule.Breaks, p.Rule.ID))
	}
	hint := open[0].Remedy()
	if len(open) > 1 {
		hint = "change the files, or acknowledge each finding in the line before its statement: -- bluegreen: allow RULE and why; unsafe rules are needed in database.allow as well; docs/rules.md has the safe way for each"
	}
	return release.Refuse(hint, "review migrations: %w", errors.Join(problems...))
}

// Policy refuses ids of rules that there are not, and of those that no policy can
// allow.
func Policy(ids []string) error {
	var problems []error
	for _, id := range ids {
		rule, ok := RuleOf(id)
		switch {
		case !ok:
			problems = append(problems, fmt.Errorf("allow: there is no rule %q", id))
		case rule.Fails:
			problems = append(problems, fmt.Errorf("allow: %s cannot be allowed: the file would end in an error", id))
		case rule.Level != Unsafe:
			problems = append(problems, fmt.Errorf("allow: %s is %v: an acknowledgement in the file is enough", id, rule.Level))
		}
	}
	return errors.Join(problems...)
}

// Count is how many statements have each verdict.
func (r Review) Count() (all, safe, risky, unsafe int) {
	for _, f := range r.Files {
		for _, j := range f.Statements {
			if j.Whole {
				continue
			}
			all++
			switch j.Level().Verdict() {
			case Safe:
				safe++
			case Risky:
				risky++
			default:
				unsafe++
			}
		}
	}
	return all, safe, risky, unsafe
}

// Level is that of the worst finding in a file.
func (r Review) Level(path string) Level {
	top := Safe
	for _, p := range r.Findings() {
		if p.Path == path {
			top = max(top, p.Rule.Level)
		}
	}
	return top
}

// files is how many files there are.
func (r Review) files() int {
	paths := map[string]bool{}
	for _, f := range r.Files {
		paths[f.Path] = true
	}
	return len(paths)
}

// Acknowledged are the findings with a reason.
func (r Review) Acknowledged() []Placed {
	return slices.DeleteFunc(r.Findings(), func(p Placed) bool { return p.Reason == "" || p.Settled })
}

// String is what a statement does to tables in use, in words.
func (e Effect) String() string {
	var parts []string
	for _, l := range e.Locks {
		parts = append(parts, fmt.Sprintf("%v on %v", l.Mode, l.On))
	}
	for _, work := range []struct {
		verb string
		on   []Name
	}{{"rewrites", e.Rewrites}, {"scans", e.Scans}, {"builds indexes of", e.Builds}} {
		for _, n := range compact(work.on) {
			parts = append(parts, work.verb+" "+n.String())
		}
	}
	return strings.Join(parts, ", ")
}

func compact(names []Name) []Name {
	sorted := slices.SortedFunc(slices.Values(names), compareNames)
	return slices.Compact(sorted)
}

// Version is the major version of a server's version, such as 15 of 15.18. A server
// that is newer than the review knows is taken for the newest, an older one is
// refused.
func Version(server string) (int, error) {
	end := strings.IndexFunc(server+".", func(r rune) bool { return r < '0' || r > '9' })
	n, err := strconv.Atoi(server[:end])
	if err != nil || n < Oldest {
		return 0, release.Reject(fmt.Sprintf("use PostgreSQL %d or newer", Oldest), "PostgreSQL %q: the review knows the locks of versions %d to %d", server, Oldest, Newest)
	}
	return min(n, Newest), nil
}
