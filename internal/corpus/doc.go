// Package corpus holds the review of migrations against a server, on the migrations
// of real projects. It applies the files of each project in their order to a database
// of its own whose tables it fills with rows, and looks, in the transaction of each
// file, at the strong locks, rewrites, index builds and full scans of the tables that
// were there before. What it saw and the review did not say is a miss; what the
// review said and it did not see is a false alarm.
//
// A file that does not run with the rows runs without them; then, and in a table that
// could not be filled, scans are not compared. A file that cannot run in a transaction
// is applied and not compared. One that does not run at all is named, with the reason.
//
// Seen on PostgreSQL 15 with the catalog known, for the 1053 files that could be compared
// of 1058 of Coder, Chainlink, Kratos, Hydra, openQA, Authelia and OpenFGA; before are the
// 965 that ran when the review was held against them for the first time:
//
//	           right  missed  false alarms  before: missed  false alarms
//	locks       1305       0             0              31            24
//	rewrites      81       0             0               0             0
//	builds       223       0             3               8             6
//	scans        570       0            50              45            20
//
// Of 333 files that were not looked at before, down migrations of Coder and Authelia, and
// those of Temporal and Taproot Assets, no lock, rewrite or build was missed.
//
// The false builds are of an index that the file drops again, and of a table that it
// empties; the false scans are of tables whose rows the server found by an index, or did
// not have to look for, which it decides by their sizes.
//
// A corpus is a folder with a folder for each project, which has files of
// golang-migrate: <number>_<name>.up.sql. None is committed here. The command is
//
//	go run ./internal/corpus/cmd/corpus FOLDER
package corpus
