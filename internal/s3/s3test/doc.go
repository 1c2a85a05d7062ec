// Package s3test is an object store for tests that answers as Amazon S3 does:
// gofakes3, in memory, behind a door that checks what gofakes3 does not. The door
// refuses a key that it does not know, a body that is not what its checksums say,
// parts that are too small, and operations that nobody has asked it for before; it
// keeps checksums and encryption of objects, answers for the bucket's lifecycle,
// encryption and public access block, and fails as it is told to.
package s3test
