// Package acceptance tests MailBlast from outside: its programs as processes,
// on a real PostgreSQL, a real Redis and a real SMTP server, whose cables the
// tests cut.
package acceptance
