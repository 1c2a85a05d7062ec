// Package github reads what GitHub knows of a repository: its environments, the
// approvals of a run, where a commit comes from, its checks and deployments.
//
// It promises that it changes nothing but deployments, and environments where it
// is asked to set them up; that every call has a deadline, that reading
// is tried again after an outage or a short limit, and that the token goes to
// the API's own host and nowhere else. What GitHub does not answer is an error
// that could not tell, never an empty list.
//
// It refuses a token over plain HTTP, but for a loopback address.
package github
