// Package openloop puts load on an HTTP server and tells what became of every
// single request.
//
// The loop is open: requests leave on a fixed schedule, whatever the server
// does, and latency counts from the moment at which a request was meant to
// leave, so a server that stalls cannot hide it. Requests are numbered, in the
// header X-Request-Number, so that a server can count them too.
//
// The client is its own and never retries, which net/http does by itself: a
// request that got no complete answer is lost, and its Outcome says how. Only a
// kept connection that was closed before anything was sent on it is replaced,
// since no request was in it.
//
// It refuses what would make a count doubtful: a schedule is never held up. A
// request for which there is no room among those under way is not sent, and
// counted as that.
package openloop
