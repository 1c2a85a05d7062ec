package migration

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Vault keeps copies of backups away from the machines of the release.
type Vault interface {
	// List returns the backups of a database that are complete, the oldest first.
	List(ctx context.Context, database, system string) ([]Shelved, error)
	// Store copies the file at m.Path and then m itself, and returns m with what
	// is proven of the copy. After an error there is nothing that List returns. It
	// can be repeated, and first clears away what a killed run has left.
	Store(ctx context.Context, m Manifest) (Manifest, error)
	// Promote writes the manifest of a stored backup again, with the level that is
	// proven since. It can be repeated.
	Promote(ctx context.Context, m Manifest) error
	// Keeping reads how the vault keeps a backup.
	Keeping(ctx context.Context, m Manifest) Keeping
}

// Shelved is a backup that is kept somewhere.
type Shelved struct {
	Name  string
	Bytes int64
	At    time.Time
}

// Copy is a backup in a vault, as it was read back.
type Copy struct {
	Key        string     `json:"key"`
	SHA256     string     `json:"sha256"` // as the store has computed it: of the hashes of the parts, and their number
	Bytes      int64      `json:"bytes"`
	Encryption Encryption `json:"encryption"`
	ReadBack   bool       `json:"readBack"` // the whole object was read and has the SHA-256 of the dump
}

// String says what is proven of the copy.
func (c Copy) String() string {
	if c.ReadBack {
		return "uploaded and read back"
	}
	return "uploaded"
}

// Keeping is how a vault keeps a backup. What could not be read has the error.
type Keeping struct {
	Days         int // until it is removed without anybody's doing; 0 for never
	Closed       bool
	Encrypted    Encryption // what the bucket does with objects by itself
	DaysErr      error
	ClosedErr    error
	EncryptedErr error
}

// ends says when a backup is removed.
func (k Keeping) ends() string {
	if k.Days == 0 {
		return "no lifecycle rule of the bucket removes it"
	}
	return fmt.Sprintf("the lifecycle of the bucket removes it after %d days", k.Days)
}

// suffices tells whether a backup is there for as long as it has to be.
func (k Keeping) suffices(least time.Duration) bool {
	return k.Days == 0 || time.Duration(k.Days)*24*time.Hour >= least
}

// Lines says in sentences what was read and what was not.
func (k Keeping) Lines() []string {
	line := func(err error, what, text string) string {
		if err != nil {
			return fmt.Sprintf("The %s of the bucket could not be read: %v", what, err)
		}
		return text
	}
	return []string{
		line(k.DaysErr, "lifecycle", "Retention: "+k.ends()+"."),
		line(k.EncryptedErr, "encryption", fmt.Sprintf("Default encryption of the bucket: %s.", k.Encrypted)),
		line(k.ClosedErr, "public access block", map[bool]string{true: "The bucket blocks public access.", false: "The bucket does not block all public access."}[k.Closed]),
	}
}

var ownerForm = regexp.MustCompile(`[0-9]{8}T[0-9]{6}\.[0-9]{3}Z-(.+)\.dump$`)

// Owner is the release that a backup of this name was taken for, "" when it has no
// name of ours.
func Owner(name string) release.ID {
	if m := ownerForm.FindStringSubmatch(name); m != nil {
		return release.ID(m[1])
	}
	return ""
}

// IsDump tells whether name is that of a dump, and not of its manifest.
func IsDump(name string) bool { return strings.HasSuffix(name, dumpSuffix) }

// ManifestOf is the name of the manifest beside a dump.
func ManifestOf(name string) string { return name + manifestSuffix }
