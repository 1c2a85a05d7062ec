package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	domain "github.com/bluegreen-actions/bluegreen/internal/release"
)

// change is what a release has done to the rows and the shape of the database, by the
// outputs that its jobs have left as artifacts.
type change struct {
	migrate struct {
		Filled, Batches, Left int `json:",string"` // rows, while the version before was live
		Contracted, Held      int `json:",string"` // files
		Evidence              string
	}
	finalize struct {
		Filled int `json:",string"` // rows that the version before had left, once it was idle
	}
}

// readChange reads the outputs. A release that was taken back does not come to finalize.
func readChange(artifacts string, back bool) (c change, err error) {
	if err = readOutputs(artifacts, "migrate", &c.migrate); err == nil && !back {
		err = readOutputs(artifacts, "finalize", &c.finalize)
	}
	return c, err
}

func readOutputs(artifacts, phase string, into any) error {
	paths, err := filepath.Glob(filepath.Join(artifacts, "*", phase+".outputs.json"))
	if err != nil || len(paths) == 0 {
		return errors.Join(fmt.Errorf("%s has left no outputs", phase), err)
	}
	text, err := os.ReadFile(paths[0])
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		return fmt.Errorf("read the outputs of %s: %w", phase, err)
	}
	return nil
}

// fewest is how many batches show that a backfill is not one UPDATE.
const fewest = 5

// judge compares it with the plot.
func (c change) judge(r release) error {
	switch m := c.migrate; {
	case m.Filled < r.fills || r.fills > 0 && m.Batches < fewest:
		return fmt.Errorf("%s filled %d rows in %d batches: want at least %d in %d", r.version, m.Filled, m.Batches, r.fills, fewest)
	case r.fills > 0 && c.finalize.Filled == 0:
		return fmt.Errorf("%s found no row that the version before had left behind the backfill", r.version)
	case m.Held != r.holds || m.Contracted != r.contracts:
		return fmt.Errorf("%s held %d contract files and applied %d: want %d and %d", r.version, m.Held, m.Contracted, r.holds, r.contracts)
	}
	return nil
}

// lines say it.
func (c change) lines() (all []string) {
	m := c.migrate
	if m.Batches > 0 {
		all = append(all, fmt.Sprintf("%d rows filled in %d batches while the version before was live, %d left", m.Filled, m.Batches, m.Left),
			fmt.Sprintf("%d rows swept that the version before had left, once it was idle", c.finalize.Filled))
	}
	if m.Held > 0 {
		all = append(all, fmt.Sprintf("%d contract files held: %s", m.Held, c.why()))
	}
	if m.Contracted > 0 {
		all = append(all, fmt.Sprintf("%d contract files applied: %s", m.Contracted, c.why()))
	}
	return all
}

// why is what migrate has shown of the contract files.
func (c change) why() string {
	var all domain.Evidences
	if err := all.UnmarshalText([]byte(c.migrate.Evidence)); err != nil {
		return err.Error()
	}
	for _, e := range all {
		if e.ID == "3.1.3c" {
			return e.Observed
		}
	}
	return "nothing was shown of them"
}
