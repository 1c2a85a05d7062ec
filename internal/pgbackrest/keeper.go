// Package pgbackrest finds a backup of pgBackRest, in place of one of our own. It is
// a migration.Keeper.
//
// It promises that the backup is of this very cluster, by the identifier that
// PostgreSQL gives it, that pgBackRest calls the stanza ok and has met no page with a
// wrong checksum in it. It runs `pgbackrest info` and nothing else.
package pgbackrest

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// askTime bounds the question; the repository may be far away.
const askTime = time.Minute

// Keeper looks for a backup of one stanza.
type Keeper struct{ settings migration.PgBackRest }

var (
	stanzaForm = regexp.MustCompile(`^[A-Za-z0-9_.][A-Za-z0-9_.-]*$`)
	labelForm  = regexp.MustCompile(`^[0-9]{8}-[0-9]{6}F(_[0-9]{8}-[0-9]{6}[DI])?$`)
)

// New is the keeper of these settings. It runs nothing.
func New(s migration.PgBackRest) (*Keeper, error) {
	switch {
	case !stanzaForm.MatchString(s.Stanza):
		return nil, release.Reject("correct database.backup.external.pgbackrest.stanza", "pgbackrest: stanza %q: want the name of a stanza", s.Stanza)
	case s.Label != "" && !labelForm.MatchString(s.Label):
		return nil, release.Reject("correct database.backup.external.pgbackrest.label", "pgbackrest: label %q: want one such as 20261126-141600F", s.Label)
	}
	return &Keeper{s}, nil
}

// Newest finds the backup of the settings, or the newest one without an error.
func (k *Keeper) Newest(ctx context.Context, of migration.State) (migration.Snapshot, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, askTime, fmt.Errorf("pgbackrest did not answer within %v", askTime))
	defer cancel()
	out, err := process.Output(ctx, k.command())
	if err != nil {
		return migration.Snapshot{}, release.CannotTell("install pgbackrest on this runner, and let its configuration lead to the repository", "ask pgbackrest: %w", err)
	}
	return k.read(out, of.System)
}

// read finds the backup in what pgbackrest has answered.
func (k *Keeper) read(out []byte, system string) (migration.Snapshot, error) {
	var stanzas []stanza
	if err := json.Unmarshal(out, &stanzas); err != nil {
		return migration.Snapshot{}, release.CannotTell("run `pgbackrest info --output=json` by hand", "ask pgbackrest: read its answer: %w", err)
	}
	for _, s := range stanzas {
		if s.Name == k.settings.Stanza {
			return k.choose(s, system)
		}
	}
	return migration.Snapshot{}, release.Refuse("correct database.backup.external.pgbackrest.stanza", "pgbackrest has no stanza %s", k.settings.Stanza)
}

func (k *Keeper) command() process.Command {
	c := process.Command{Path: k.settings.Program, Args: []string{"info", "--output=json", "--stanza=" + k.settings.Stanza, "--log-level-file=off"}}
	if k.settings.Config != "" {
		c.Args = append(c.Args, "--config="+k.settings.Config)
	}
	return c
}

// stanza is what pgbackrest says of one; the names are its own.
type stanza struct {
	Name   string
	Status struct {
		Code    int
		Message string
	}
	Cipher string
	DB     []struct {
		ID     int
		Repo   int         `json:"repo-key"`
		System json.Number `json:"system-id"`
	}
	Backup []taken
}

// taken is one backup.
type taken struct {
	Label    string
	Type     string
	Error    *bool // a page had a wrong checksum; older versions do not say
	Database struct {
		ID   int
		Repo int `json:"repo-key"`
	}
	Info      struct{ Size int64 }
	Timestamp struct{ Start, Stop int64 }
}

func (k *Keeper) choose(s stanza, system string) (migration.Snapshot, error) {
	const hint = "run pgbackrest info, and take a new backup"
	if s.Status.Code != 0 {
		return migration.Snapshot{}, release.Refuse(hint, "the stanza %s of pgbackrest is not ok: %s", s.Name, s.Status.Message)
	}
	var found *taken
	for i, b := range s.Backup { // the oldest first
		if k.settings.Label == b.Label || k.settings.Label == "" && !b.damaged() && s.system(b) == system {
			found = &s.Backup[i]
		}
	}
	switch {
	case found == nil && k.settings.Label != "":
		return migration.Snapshot{}, release.Refuse(hint, "the stanza %s has no backup %s", s.Name, k.settings.Label)
	case found == nil:
		return migration.Snapshot{}, release.Refuse(hint, "the stanza %s has no backup of this cluster, %s, without an error", s.Name, system)
	case s.system(*found) != system:
		return migration.Snapshot{}, release.Refuse("correct database.backup.external.pgbackrest", "the backup %s is of the cluster %s: want %s", found.Label, s.system(*found), system)
	case found.damaged():
		return migration.Snapshot{}, release.Refuse(hint, "the backup %s has pages with wrong checksums", found.Label)
	}
	return migration.Snapshot{
		Kind: "pgBackRest backup", ID: found.Label, At: time.Unix(found.Timestamp.Stop, 0).UTC(), Bytes: found.Info.Size,
		Encrypted: s.Cipher != "none" && s.Cipher != "", Status: fmt.Sprintf("stanza %s is ok, %s, errors in pages: %s, cipher %s", s.Name, found.Type, found.errors(), s.Cipher),
	}, nil
}

func (b taken) damaged() bool { return b.Error != nil && *b.Error }

func (b taken) errors() string {
	if b.Error == nil {
		return "not told"
	}
	return strconv.FormatBool(*b.Error)
}

// system is the cluster that a backup is of; each repository numbers them.
func (s stanza) system(b taken) string {
	for _, db := range s.DB {
		if db.ID == b.Database.ID && db.Repo == b.Database.Repo {
			return db.System.String()
		}
	}
	return ""
}
