package sweep_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// page is where the end states are kept.
const page = "../../docs/faults.md"

// ends is the rows of the table that the tests have seen.
type ends struct {
	mu   sync.Mutex
	rows []string
}

var table ends

// row fails unless the table has this end state.
func (r *rig) row(t *testing.T, fault, end string, left release.Weight) {
	t.Helper()
	row := fmt.Sprintf("| %s | %s | %v |", fault, end, release.Split(release.Green, left))
	r.note("%s", row)
	table.mu.Lock()
	table.rows = append(table.rows, row)
	table.mu.Unlock()
	if !slices.Contains(written(), row) {
		t.Errorf("%s lacks the row\n%s", page, row)
	}
}

// written is the rows of the table.
func written() (rows []string) {
	text, _ := os.ReadFile(page)
	_, rest, _ := strings.Cut(string(text), "| --- | --- | --- |\n")
	for line := range strings.Lines(rest) {
		if strings.HasPrefix(line, "| ") {
			rows = append(rows, strings.TrimSpace(line))
		}
	}
	return rows
}

// check is the exit status of all tests: the table has no row that none has seen.
func (e *ends) check(status int) int {
	if status != 0 || flag.Lookup("test.run").Value.String() != "" || flag.Lookup("test.list").Value.String() != "" {
		return status
	}
	for _, row := range written() {
		if !slices.Contains(e.rows, row) {
			fmt.Fprintf(os.Stderr, "%s has a row that no test has seen:\n%s\n", page, row)
			status = 1
		}
	}
	return status
}
