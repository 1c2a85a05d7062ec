// Package amazon is what the adapters of AWS have in common: where credentials
// come from, which endpoints may be given, and what the errors mean.
//
// It promises that a key, its secret and a token of GitHub are in no error, and
// that requests that are signed go over TLS or stay on this machine.
package amazon
