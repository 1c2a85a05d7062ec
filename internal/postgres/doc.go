// Package postgres is the database of a migration: PostgreSQL by way of pgx,
// golang-migrate, pg_dump and pg_restore.
//
// It promises that a file is marked, run and marked again so that Settle can tell
// after any interruption what became of it; that a statement waits for a lock no
// longer than the lock timeout; that ending a context cancels the statement on the
// server; and that the password is in no argument, error or file: pg_dump gets it
// in its environment. The lease of a shift is one row, whose clock is the server's;
// it holds no lock and no session.
//
// A Stage makes scratch databases, on which it reads what a file locks, writes again
// and changes out of the file's own transaction. They have names of their own, are
// locked by their maker while it lives, and are removed at the end or by the next.
//
// It refuses a URL that is not one of a direct connection, options of
// golang-migrate in the URL, which would change what a file means, and a pg_dump
// that is older than the server. It needs PostgreSQL 12 or newer.
package postgres
