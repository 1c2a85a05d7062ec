package migration

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Diagnosis is what a database said when something had gone wrong. What could not
// be read has its reason in Problems.
type Diagnosis struct {
	Answer      time.Duration // of SELECT 1; 0 when there was none
	Version     Version
	Dirty       bool
	Connections int // in use, by clients of all databases of the server
	Limit       int // that the server allows
	Counts      []Count
	Problems    []string
}

// Count is the number that a configured query returned.
type Count struct {
	Name  string
	Value int64
}

// String prints the diagnosis, one fact a line.
func (d Diagnosis) String() string {
	lines := slices.Clone(d.Problems)
	if d.Answer > 0 {
		lines = append(lines, fmt.Sprintf("database answered in %v", d.Answer.Round(time.Microsecond)),
			fmt.Sprintf("schema version %v, dirty %t", d.Version, d.Dirty),
			fmt.Sprintf("connections %d of %d", d.Connections, d.Limit))
	}
	for _, c := range d.Counts {
		lines = append(lines, fmt.Sprintf("%s %d", c.Name, c.Value))
	}
	return strings.Join(lines, "\n")
}
