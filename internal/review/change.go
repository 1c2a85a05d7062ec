package review

import "slices"

// change is what a change of a column's type costs.
type change int

const (
	metadata change = iota // the catalog only
	reindex                // the column's indexes are built again
	rewrite                // the whole table is written again
	unknown                // the old type is not known
	zoned                  // nothing where the session's time zone is UTC, else rewrite
	same
)

// costOf says what a change from one type to another costs. Source: ATColumnChangeRequiresRewrite
// and the support functions of varchar, numeric, time and bit in PostgreSQL 12 to 17; each case
// was seen on a server.
func costOf(from, to Type, using bool) change {
	switch {
	case from.Name.Name == "":
		return unknown
	case using && from.Name != to.Name:
		return rewrite
	case from.Array != to.Array:
		return rewrite
	case from.Name == to.Name:
		return sameName(from, to)
	}
	pair := [2]string{from.Name.Name, to.Name.Name}
	switch pair {
	case [2]string{"varchar", "text"}, [2]string{"cidr", "inet"}:
		return metadata
	case [2]string{"text", "varchar"}:
		if len(to.Mods) == 0 {
			return metadata
		}
	case [2]string{"timestamp", "timestamptz"}, [2]string{"timestamptz", "timestamp"}:
		return zoned
	case [2]string{"text", "citext"}, [2]string{"varchar", "citext"}, [2]string{"citext", "text"}, [2]string{"citext", "varchar"}:
		if len(to.Mods) == 0 {
			return reindex
		}
	}
	return rewrite
}

// sameName compares the sizes of two types of one name.
func sameName(from, to Type) change {
	switch {
	case slices.Equal(from.Mods, to.Mods):
		return same
	case len(to.Mods) == 0:
		return unbounded(to)
	case from.Array || len(from.Mods) == 0 && !slices.Contains(timed, from.Name.Name):
		return rewrite
	}
	switch from.Name.Name {
	case "varchar", "varbit":
		return when(to.Mods[0] >= from.Mods[0], metadata)
	case "numeric":
		return when(to.Mods[0] >= from.Mods[0] && scale(to) == scale(from), metadata)
	case "timestamp", "timestamptz", "time", "timetz":
		return when(precision(to) >= precision(from), metadata)
	}
	return rewrite
}

var timed = []string{"timestamp", "timestamptz", "time", "timetz"}

func unbounded(to Type) change {
	return when(slices.Contains(append([]string{"varchar", "varbit", "numeric", "interval"}, timed...), to.Name.Name), metadata)
}

func when(holds bool, c change) change {
	if holds {
		return c
	}
	return rewrite
}

func scale(t Type) int {
	if len(t.Mods) > 1 {
		return t.Mods[1]
	}
	return 0
}

func precision(t Type) int {
	if len(t.Mods) > 0 {
		return t.Mods[0]
	}
	return 6
}
