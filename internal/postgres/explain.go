package postgres

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/golang-migrate/migrate/v4/database"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
)

// explain says what PostgreSQL said, and where, without the whole file that
// golang-migrate puts into its errors, and without rows.
func explain(err error, blockers []migration.Blocker) error {
	pg := serverError(err)
	if pg == nil {
		return err
	}
	text := discreet(pg)
	if line := lineOf(err); line > 0 && pg.Position > 0 {
		text = fmt.Sprintf("line %d: %s", line, text)
	}
	short := &explained{strings.TrimSpace(text), pg.Code}
	if atLock(err) {
		return &migration.LockError{Blockers: blockers, Err: short}
	}
	return short
}

// value is what PostgreSQL quotes at the end of, or in, a message.
var value = regexp.MustCompile(`(?s)".*"`)

// discreet is the message of PostgreSQL with its detail. Errors may be read by anybody
// who may read the log, and rows not: so the details of classes 22, 23 and 44, which
// quote rows, give way to the names of what was violated, and the values that messages
// about them quote are left out. https://www.postgresql.org/docs/current/errcodes-appendix.html
func discreet(pg *pgconn.PgError) string {
	text, more := pg.Message, pg.Detail
	switch class := pg.Code[:min(2, len(pg.Code))]; class {
	case "22":
		text, more = value.ReplaceAllString(text, "(a value)"), ""
	case "23", "44":
		more = violated(pg)
	}
	if more != "" {
		text += ", " + more
	}
	return text
}

// violated says what a constraint is of, as far as PostgreSQL knows.
func violated(pg *pgconn.PgError) string {
	var list []string
	for _, one := range [][2]string{{"table", pg.TableName}, {"column", pg.ColumnName}, {"constraint", pg.ConstraintName}} {
		if one[1] != "" {
			list = append(list, one[0]+" "+one[1])
		}
	}
	return strings.Join(list, ", ")
}

// explained is an error of the server in the words for people.
type explained struct{ text, code string }

func (e *explained) Error() string { return fmt.Sprintf("%s (SQLSTATE %s)", e.text, e.code) }

// Is says what the error means where that does not depend on the file.
func (e *explained) Is(target error) bool {
	return target == migration.ErrThere && e.code == "42P07" // duplicate_table
}

// lineOf is the line of the file that golang-migrate found in the error, or 0.
func lineOf(err error) uint {
	if wrapped, ok := errors.AsType[database.Error](err); ok {
		return wrapped.Line
	}
	return 0
}
