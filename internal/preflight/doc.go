// Package preflight looks at everything that a release needs, before anything
// changes: it runs probes, all at once, and decides which slot the release goes
// to.
//
// It promises that every failure is reported, not the first one only; that a
// probe which does not answer in time has failed; and that what could not be
// looked at is not shown, and never passes. It changes nothing.
//
// It refuses traffic that is split by another release, a first release where a
// slot is live, and a release without a live slot that does not say that it is
// the first.
package preflight
