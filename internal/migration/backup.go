package migration

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Dumper takes backups and reads them.
type Dumper interface {
	// Dump writes a backup of the whole database to w. What it returns was read
	// in the snapshot of the backup.
	Dump(ctx context.Context, w io.Writer) (Dumped, error)
	// Contents reads the whole backup back and returns what its table of contents
	// has. A backup that cannot be decoded to its end is an error.
	Contents(ctx context.Context, path string) (Contents, error)
}

// Dumped says what a backup is of.
type Dumped struct {
	Server string // version
	Tool   string // version
	Schema Version
	Tables []Table
	Rows   map[string]Rows // by the name of the table
	At     time.Time
}

// Rows are those of a table, as one snapshot has them.
type Rows struct {
	Count int64  `json:"count"`
	Hash  string `json:"hash,omitempty"` // of all rows, whatever their order; for the tables of database.backup.hash
}

// Table is a table of the database.
type Table struct {
	OID   uint32
	Name  string // with its schema
	Data  bool   // it has rows of its own: it is no partitioned table and no view
	Pages int32  // as the last analyze has seen them
}

// Contents is the tables in a backup, by their OIDs.
type Contents struct {
	Defined map[uint32]bool
	Filled  map[uint32]bool
}

// missing names the tables that the backup should have and has not.
func (c Contents) missing(tables []Table) []string {
	var names []string
	for _, t := range tables {
		switch {
		case !c.Defined[t.OID]:
			names = append(names, t.Name)
		case t.Data && !c.Filled[t.OID]:
			names = append(names, "rows of "+t.Name)
		}
	}
	return names
}

// take takes and verifies a backup, and names it only then.
func take(ctx context.Context, s Backups, from Dumper, state State, id release.ID, last *Shelved) (Manifest, error) {
	shelf := shelf{s.Directory}
	d, err := shelf.draft()
	if err != nil {
		return Manifest{}, err
	}
	defer d.discard()
	dumped, err := from.Dump(ctx, d)
	if err = errors.Join(d.err, err); err == nil {
		err = d.file.Sync()
	}
	if err != nil {
		return Manifest{}, dumpFailed(because(ctx, err))
	}
	if err := verify(ctx, from, d, dumped.Tables); err != nil {
		return Manifest{}, because(ctx, err)
	}
	if err := plausible(d.size, s.MinimumRatio, last); err != nil {
		return Manifest{}, err
	}
	m := manifest(d, dumped, state, id)
	m.Path = shelf.path(m.Name)
	return m, shelf.place(d, m)
}

// because puts the reason for which ctx ended in front of the error that followed.
func because(ctx context.Context, err error) error {
	cause := context.Cause(ctx)
	if cause == nil || errors.Is(err, cause) {
		return err
	}
	return fmt.Errorf("%w: %w", cause, err)
}

// verify reads the file back from the disk, whole and twice: as bytes, and as a
// backup. Listing its contents would not do: the list of a file that is cut in
// half is complete.
func verify(ctx context.Context, from Dumper, d *draft, tables []Table) error {
	const hint = "run the job again; if it stays so, check the disk of the backup folder"
	sum, size, err := checksum(d.file.Name())
	if err != nil {
		return fmt.Errorf("verify backup: %w", err)
	}
	if sum != d.sum() || size != d.size {
		return release.Refuse(hint, "verify backup: the disk has %d bytes with SHA-256 %s, pg_dump wrote %d with %s", size, sum, d.size, d.sum())
	}
	contents, err := from.Contents(ctx, d.file.Name())
	if err != nil {
		return release.Refuse(hint, "verify backup: %w", err)
	}
	if missing := contents.missing(tables); len(missing) > 0 {
		return release.Refuse("give the user of the database the right to read every table", "verify backup: it lacks %s", strings.Join(missing, ", "))
	}
	return nil
}

// plausible compares the size with that of the last backup of the database.
func plausible(size int64, ratio float64, last *Shelved) error {
	if last == nil || float64(size) >= ratio*float64(last.Bytes) {
		return nil
	}
	return release.Refuse("find out where the rows went; if they were removed on purpose, set database.backup.minimum-ratio lower for one release",
		"verify backup: %v is less than %.0f %% of the last one, %s with %v", release.Size(size), 100*ratio, last.Name, release.Size(last.Bytes))
}

func dumpFailed(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG) {
		return release.Refuse("make room in the backup folder, or lower database.backup.keep", "back up database: %w", err)
	}
	return fmt.Errorf("back up database: %w", err)
}

// unfit matches what must not be in a file name.
var unfit = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

func manifest(d *draft, of Dumped, state State, id release.ID) Manifest {
	const moment = "20060102T150405.000Z"
	base := strings.TrimLeft(unfit.ReplaceAllString(state.Database, "_"), ".")
	m := Manifest{
		Name:   fmt.Sprintf("%s-%s-%s%s", base, of.At.UTC().Format(moment), id, dumpSuffix),
		SHA256: d.sum(), Bytes: d.size, Level: Decoded, Release: id,
		Database: state.Database, System: state.System, Server: of.Server, Tool: of.Tool,
		Schema: of.Schema, Tables: []string{}, Rows: of.Rows, TakenAt: of.At.UTC(),
	}
	for _, t := range of.Tables {
		m.Tables = append(m.Tables, t.Name)
	}
	return m
}

// reuseFor is how old the backup of an earlier attempt may be. The application writes
// meanwhile: an attempt that is run again at once need not read the database twice,
// one of the next day must.
const reuseFor = time.Hour

// of is the proven backup that an earlier attempt of the release has taken before its
// files, which a further one, with nothing left to apply, still has to go back to; nil
// when there is none.
func (s shelf) of(state State, id release.ID) (*Manifest, error) {
	list, err := s.list(state.Database, state.System)
	for _, m := range list { // the oldest first
		if m.Release != id || !m.Level.proven() {
			continue
		}
		m.Path = s.path(m.Name)
		if sum, size, err := checksum(m.Path); err == nil && sum == m.SHA256 && size == m.Bytes {
			return &m, nil
		}
	}
	return nil, err
}

// reusable returns the backup that this release has taken already, if that was not
// long ago, nothing was applied since, of the contract files neither, and the file is
// still what it was.
func (s shelf) reusable(state, contract State, id release.ID) (Manifest, bool, error) {
	list, err := s.list(state.Database, state.System)
	if err != nil || len(list) == 0 {
		return Manifest{}, false, err
	}
	last := list[len(list)-1]
	if last.Release != id || !last.Level.proven() || last.outdated(state, contract) || time.Since(last.TakenAt) > reuseFor {
		return Manifest{}, false, nil
	}
	last.Path = s.path(last.Name)
	sum, size, err := checksum(last.Path)
	return last, sum == last.SHA256 && size == last.Bytes, err
}
