package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	domain "github.com/bluegreen-actions/bluegreen/internal/release"
)

// change is what a release has done to the rows and the shape of the database, as its
// own artifacts say.
type change struct {
	rows, batches, most, left int    // of its backfill, while the version before was live
	swept                     int    // rows that this one had left behind it, once it was idle
	held, ran                 int    // contract files
	why                       string // they waited, or ran
}

// The words of the evidence that have the figures.
const (
	filledWords = "%d rows in %d transactions of at most %d rows, each with its checkpoint; rows left: %d"
	sweptWords  = "backfills: 1; swept before: 0; rows changed once the old slot was idle: %d;"
)

// readChange reads what migrate has put out, and what the checklist says of finalize.
func readChange(artifacts string) (change, error) {
	var migrate struct{ Held, Release, Evidence string }
	var list struct {
		Items []struct{ ID, Observed string }
	}
	var record domain.Record
	var shown domain.Evidences
	err := errors.Join(readArtifact(artifacts, "migrate.outputs.json", &migrate), readArtifact(artifacts, "checklist.json", &list))
	if err == nil {
		err = errors.Join(record.UnmarshalText([]byte(migrate.Release)), shown.UnmarshalText([]byte(migrate.Evidence)))
	}
	var c change
	if err == nil {
		_, err = fmt.Sscan(migrate.Held, &c.held)
	}
	if err != nil {
		return c, fmt.Errorf("read what became of the database: %w", err)
	}
	if record.Schema != nil {
		c.ran = len(record.Schema.Contracted)
	}
	for _, e := range shown {
		switch e.ID {
		case "3.1.1b":
			_, _ = fmt.Sscanf(e.Observed, filledWords, &c.rows, &c.batches, &c.most, &c.left) // other words, without a backfill
		case "3.1.3c":
			c.why = e.Observed
		}
	}
	for _, item := range list.Items {
		if item.ID == "3.1.3b" {
			_, _ = fmt.Sscanf(item.Observed, sweptWords, &c.swept)
		}
	}
	return c, nil
}

// readArtifact decodes the file of that name that a job of the run has left.
func readArtifact(artifacts, name string, into any) error {
	paths, err := filepath.Glob(filepath.Join(artifacts, "*", name))
	if err != nil || len(paths) == 0 {
		return errors.Join(fmt.Errorf("no job has left %s", name), err)
	}
	text, err := os.ReadFile(paths[0])
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// fewest is how many batches show that a backfill is not one UPDATE.
const fewest = 5

// judge compares it with the plot.
func (c change) judge(r release) error {
	switch {
	case c.rows < r.fills || r.fills > 0 && c.batches < fewest:
		return fmt.Errorf("%s filled %d rows in %d batches: want at least %d in %d", r.version, c.rows, c.batches, r.fills, fewest)
	case r.fills > 0 && c.swept == 0:
		return fmt.Errorf("%s swept no row, though the version before had written behind the backfill", r.version)
	case c.held != r.holds || c.ran != r.contracts:
		return fmt.Errorf("%s held %d contract files and ran %d: want %d and %d: %s", r.version, c.held, c.ran, r.holds, r.contracts, c.why)
	}
	return nil
}

// lines say it, each behind the version.
func (c change) lines() (all []string) {
	if c.batches > 0 {
		all = append(all, fmt.Sprintf("filled %d rows in %d batches of at most %d, while the version before was live; %d were left", c.rows, c.batches, c.most, c.left),
			fmt.Sprintf("swept %d rows that the version before had left behind it, once that was idle", c.swept))
	}
	if c.held > 0 {
		all = append(all, fmt.Sprintf("held %d contract files: %s", c.held, c.why))
	}
	if c.ran > 0 {
		all = append(all, fmt.Sprintf("applied %d contract files: %s", c.ran, c.why))
	}
	return all
}
