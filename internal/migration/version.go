package migration

import "strconv"

// Version is the number in front of a migration's file name, from 0 to the
// largest bigint, or None.
type Version int64

// None is the version of a database to which nothing was applied. golang-migrate
// writes it in the same way.
const None Version = -1

// String prints the number, or "none".
func (v Version) String() string {
	if v == None {
		return "none"
	}
	return strconv.FormatInt(int64(v), 10)
}

// recorded is the version as the record has it, which knows no None.
func (v Version) recorded() uint { return uint(max(v, 0)) }
