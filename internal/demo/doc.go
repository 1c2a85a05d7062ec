// Package demo releases MailBlast through the real workflow file, on real
// services, under constant load, and counts what was lost on the way.
//
// Everything it starts lives in one folder and on loopback addresses; stopping
// it stops and removes exactly that. It refuses to call a run good when a
// request or a job is missing, when a bad release stays, or when a good one
// does not arrive.
package demo
