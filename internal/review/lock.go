package review

import "slices"

// Mode is a lock mode of a table, the stronger the higher. Source: PostgreSQL's
// lockdefs.h, whose numbers these are.
type Mode int

// The modes.
const (
	AccessShare Mode = iota + 1
	RowShare
	RowExclusive
	ShareUpdateExclusive
	Share
	ShareRowExclusive
	Exclusive
	AccessExclusive
)

var modeNames = []string{"no lock", "ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE"}

// MarshalText is the name, for reports.
func (m Mode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// String is the name that PostgreSQL's documentation has.
func (m Mode) String() string { return modeNames[m] }

// Strong tells whether the lock keeps the application from writing.
func (m Mode) Strong() bool { return m >= Share }

// Lock is a lock on one table.
type Lock struct {
	On   Name
	Mode Mode
}

// Effect is what a statement does to tables that were there before: what it locks,
// and the work that it does while it holds the locks.
type Effect struct {
	Locks    []Lock
	Rewrites []Name
	Scans    []Name
	Builds   []Name // indexes of these tables
}

// Slow tells whether there is work that grows with a table.
func (e Effect) Slow() bool { return len(e.Rewrites)+len(e.Scans)+len(e.Builds) > 0 }

// Strongest is the strongest lock, on the first table that has it.
func (e Effect) Strongest() Lock {
	var top Lock
	for _, l := range e.Locks {
		if l.Mode > top.Mode {
			top = l
		}
	}
	return top
}

// has tells whether the statement itself locks as much.
func (e Effect) has(l Lock) bool {
	return slices.ContainsFunc(e.Locks, func(own Lock) bool { return own.On == l.On && own.Mode >= l.Mode })
}

func (e *Effect) lock(on Name, mode Mode) {
	if on.Name == "" {
		return
	}
	for i := range e.Locks {
		if e.Locks[i].On == on {
			e.Locks[i].Mode = max(e.Locks[i].Mode, mode)
			return
		}
	}
	e.Locks = append(e.Locks, Lock{on, mode})
}

// Join adds another effect, with the stronger lock on each table.
func (e *Effect) Join(other Effect) {
	for _, l := range other.Locks {
		e.lock(l.On, l.Mode)
	}
	e.Rewrites = append(e.Rewrites, other.Rewrites...)
	e.Scans = append(e.Scans, other.Scans...)
	e.Builds = append(e.Builds, other.Builds...)
}
