// Package review judges the statements of migration files before anything runs
// them: safe, risky or unsafe while the live version goes on using the database.
// For each it says what it locks and how strongly, what it rewrites or scans, what
// it breaks in the live version, and the safe way to the same end.
//
// It promises to judge every statement. What it cannot read, such as dynamic SQL,
// and what it does not know, such as the type of a column when no database was
// asked, it takes for the worse and says so. A table that the files themselves have
// made is nobody's yet, and may be treated roughly.
//
// A finding is acknowledged in the file, with the rule and a reason, in the line
// before the statement; an unsafe one needs the rule in database.allow as well:
//
//	-- bluegreen: allow drop-column nobody has read it since release 41
//
// What it says of locks, rewrites, index builds and scans is compared with what
// PostgreSQL 15 shows: for over a hundred of the cases by a test, with what the files and
// what the catalog tell of the tables, and for migrations of real projects by
// internal/corpus, whose numbers stand there. The examples of squawk's documentation are
// a test as well: we agree with 43 of 58, and it says why not with the others. The
// versions other than 15 are from PostgreSQL's source and documentation.
//
// A function that a statement calls is judged with it, by its code in the files or in the
// catalog. PostgreSQL's own that change nothing of others are known by name; any other
// without code that can be read, and SQL that is put together at run time, is said.
//
// What stays out of sight: what triggers, rules, views, operators and casts call, and rows
// that a foreign key deletes in tables further on. A scan that is said may be spared where
// the server finds the rows by an index: that is its choice, by the sizes that it knows.
//
// The rules are data: an id, a level, an explanation and an example of either kind,
// which the tests hold them to. docs/rules.md is written from them.
package review
