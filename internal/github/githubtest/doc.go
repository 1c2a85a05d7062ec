// Package githubtest is a stand-in for GitHub's REST API, on a loopback
// address, for tests and for the demo.
//
// It promises to answer what the suite asks as GitHub does: the same paths,
// statuses, headers, pages and error bodies, from a State that can be filled
// before and changed while it runs. It never approves anything by itself.
//
// It refuses to be taken for a GitHub that knows everything: a path that it
// does not have is answered with 501 and kept in Surprises, so that a test
// fails on it instead of passing by chance.
package githubtest
