// Package rds finds a snapshot of Amazon RDS or Aurora, in place of a backup of our
// own. It is a migration.Keeper.
//
// It promises nothing about what is in a snapshot: RDS says that it is available,
// of which database, from when, and whether it is encrypted. It refuses one that is
// not available, of another instance than the settings name or database.url leads
// to, or not encrypted unless that is allowed.
package rds
