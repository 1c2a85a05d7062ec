// Package migration brings the schema of a database to the version that a
// release needs, before any traffic moves: it reads the folder of migration
// files, takes and verifies a backup, rehearses what is pending on a scratch
// database where there is one, applies it one file at a time, and verifies what
// came of it. It also says whether there is a way back.
//
// It promises that a run can be killed at any instant and repeated: every file
// is either applied or not, and the journal beside golang-migrate's own table
// knows which. It waits for locks in short tries, so that the application never
// queues behind it for longer than the lock timeout, and when it gives up it
// names who stood in the way.
//
// It refuses files that golang-migrate would skip in silence, files that came too
// late, statements that cannot share a file, a database that is dirty for a
// reason it cannot explain, and a migration without a verified backup. It never
// undoes a migration by itself.
package migration
