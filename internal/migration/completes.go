package migration

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// contractForm is the directive of a contract file, in a comment before its first
// statement.
var contractForm = regexp.MustCompile(`(?m)^\s*--\s*bluegreen:\s*contract\s+after=([0-9]{1,18})\s*$`)

// completes is the version of the migration whose work the file ends.
func (m Migration) completes() (Version, error) {
	v, err := Completes(m.Up.Script)
	if err != nil {
		err = &FileProblem{m.Up.Path, err}
	}
	return v, err
}

// Completes is that of the file's text.
func Completes(s Script) (Version, error) {
	text := s.Text
	if len(s.Statements) > 0 {
		text = text[:s.Statements[0].start]
	}
	found := contractForm.FindStringSubmatch(text)
	if found == nil {
		return None, errors.New("it does not say which migration it completes: begin it with -- bluegreen: contract after=<version>")
	}
	v, err := strconv.ParseInt(found[1], 10, 64)
	return Version(v), err
}

// complete refuses files that do not say what they complete, or that complete what
// neither the folder nor the database has, and backfills: what a contraction needs has
// to be filled before it.
func complete(files []Migration, main Pending) error {
	var problems []error
	for _, m := range files {
		after, err := m.completes()
		if err == nil && !main.knows(after) {
			err = fmt.Errorf("%s: it completes version %v, which neither the migrations nor the database have", m.Up.Path, after)
		}
		if fills := m.Fills(); err == nil && len(fills) > 0 {
			err = fmt.Errorf("%s: it has a backfill, which nothing would run: put it into a file of %s", m.Up.Path, main.All.Folder)
		}
		problems = append(problems, err)
	}
	if err := errors.Join(problems...); err != nil {
		return release.Refuse("correct these files; nothing was changed", "contract migrations: %w", err)
	}
	return nil
}

func (p Pending) knows(v Version) bool {
	_, applied := p.State.Journal[v]
	_, there := p.All.Of(v)
	return applied || there || v == p.State.Version
}
