// Package smoke asks the candidate hard questions before it gets any traffic:
// HTTP checks with status, headers, body, JSON values and a limit of time.
//
// It promises that every configured check is run and counted, that a check
// without an answer fails, and that no redirect leads it to another slot. It
// refuses to pass with nothing to check. What an answer says is shown, but
// quoted, cut and without the values of the request's headers, since it comes
// from outside.
package smoke
