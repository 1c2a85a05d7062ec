// Package sweep is the tests that kill a shift and a rollback at every outside
// effect, break what they need, and start several at once: on a real nginx and a
// real Redis, in processes of their own, under a load that never retries.
//
// It promises that each end state is looked at from outside: no traffic on a bad
// slot, no request lost, and the next process ends as an undisturbed one would.
// docs/faults.md has the table, which the tests hold.
package sweep
