// Package s3 is the vault of package migration in Amazon S3, or in a store that
// speaks as it does.
//
// It promises that what it lists was copied whole: the parts are sent with their
// SHA-256, which the store checks before it takes them; size, checksum and
// encryption of the object are read back, then the object itself, unless that is
// turned off; and the manifest is written last. A run that is killed before leaves
// an object that nothing lists, or an upload that the next run aborts. A dump is
// never in memory: each part is read from the file as it is sent.
//
// It refuses an object that is not what was sent, and an encryption other than
// the one that was asked for. It deletes nothing but uploads that were not
// completed: how long a backup is kept is the lifecycle of the bucket, which it
// reads back, so that the role of a release needs no right to delete.
package s3
