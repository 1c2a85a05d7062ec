// Package release is the vocabulary of a blue-green release: slots and roles,
// versions and digests, weights, secrets, the record that travels from job to
// job, and the evidence that each job adds to it.
//
// It promises that a value in hand is valid: every type that is read from
// outside refuses bad text in UnmarshalText. It imports the standard library
// only and knows nothing of GitHub, Docker, nginx or PostgreSQL.
package release
