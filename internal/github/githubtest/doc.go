// Package githubtest is a stand-in for GitHub's REST API, on a loopback
// address, for tests and for the demo.
//
// It promises to answer what the suite asks as GitHub does: the same paths,
// statuses, headers, pages and error bodies, from a State that can be filled
// before and changed while it runs. It never approves anything by itself.
//
// Every request and every answer of its own is held against the description
// that GitHub publishes: an answer has all that GitHub always says, and no key
// that GitHub does not name. A permission that the token lacks is refused as
// GitHub does, with the header that names it.
//
// It refuses to be taken for a GitHub that knows everything: what GitHub would
// not take or not say, and a path that the stand-in does not have, are kept in
// Surprises, so that a test fails on them instead of passing by chance.
package githubtest
