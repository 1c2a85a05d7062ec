package migration

import (
	"errors"
	"fmt"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Backups is the section `database.backup`.
type Backups struct {
	Directory    string        `yaml:"directory" help:"Folder for the backups, on a disk that outlives the job; with s3 it may be left out, and nothing stays on this machine."`
	Keep         int           `yaml:"keep" default:"7" help:"How many backups of this database stay in the folder."`
	KeepFor      time.Duration `yaml:"keep-for" default:"0s" help:"How long a backup is kept at least, such as 720h, in the folder however many there are; the lifecycle of the bucket is compared with it."`
	Policy       Policy        `yaml:"policy" default:"when-pending" help:"always, or when-pending: only when there is something to apply."`
	MinimumRatio float64       `yaml:"minimum-ratio" default:"0.5" help:"Smallest size relative to the last backup, 0 to 1."`
	Timeout      time.Duration `yaml:"timeout" default:"1h" help:"How long taking, verifying and uploading a backup may take."`
	CountTimeout time.Duration `yaml:"count-timeout" default:"1m" help:"How long the rows of the tables may be counted beside pg_dump, the small tables first, so that a restored backup can be compared; 0 counts none."`
	Hash         []string      `yaml:"hash" help:"Tables whose rows are hashed as well, such as users or billing.invoices."`
	Tools        string        `yaml:"tools" help:"Folder of pg_dump and pg_restore; empty looks in PATH and where Debian and Ubuntu put them."`
	S3           Bucket        `yaml:"s3" help:"An object store that each backup is copied to."`
	External     External      `yaml:"external" help:"A backup that is made without this tool, which then takes none."`

	// Passing says that the folder is nobody's: what is in it goes when the run
	// ends.
	Passing bool `yaml:"-"`
}

// Bucket is the section `database.backup.s3`.
type Bucket struct {
	Name       string     `yaml:"bucket" help:"Name of the bucket; empty for none."`
	Prefix     string     `yaml:"prefix" default:"bluegreen" help:"What the keys begin with."`
	Encryption Encryption `yaml:"encryption" default:"AES256" help:"Encryption at the store, which is asked for and read back: AES256, aws:kms, or none."`
	Key        string     `yaml:"kms-key" help:"Id or ARN of the key, for aws:kms; empty for that of the bucket."`
	ReadBack   bool       `yaml:"read-back" default:"true" help:"Read each uploaded backup back whole, and compare its SHA-256."`
	PathStyle  bool       `yaml:"path-style" default:"false" help:"The bucket is part of the path and not of the host name, as MinIO has it."`
	Account    `yaml:",inline"`
}

// Account is with what AWS is asked, or what speaks as it does.
type Account struct {
	Region    string         `yaml:"region" help:"The region, such as eu-west-1."`
	Endpoint  string         `yaml:"endpoint" help:"Another address of the API: https, or http on a loopback address."`
	Role      string         `yaml:"role" help:"ARN of an IAM role to take with GitHub's OIDC token, which the job needs the permission id-token: write for; without it, the default chain of the AWS SDK."`
	AccessKey string         `yaml:"access-key" help:"An access key, such as ${BACKUP_ACCESS_KEY}; keys in the environment of the job are found without it."`
	SecretKey release.Secret `yaml:"secret-key" help:"Its secret."`
	Session   release.Secret `yaml:"session-token" help:"Its session token, for a temporary key."`
}

// External is the section `database.backup.external`.
type External struct {
	MaxAge     time.Duration `yaml:"max-age" default:"24h" help:"How old the backup may be."`
	RDS        RDS           `yaml:"rds" help:"A snapshot of Amazon RDS or Aurora."`
	PgBackRest PgBackRest    `yaml:"pgbackrest" help:"A backup of pgBackRest."`
}

// RDS is a snapshot of Amazon RDS or Aurora.
type RDS struct {
	Instance    string `yaml:"instance" help:"Identifier of the RDS instance."`
	Cluster     string `yaml:"cluster" help:"Identifier of the Aurora cluster, in place of an instance."`
	Snapshot    string `yaml:"snapshot" help:"Identifier of the snapshot; empty for the newest one that is available."`
	Alias       string `yaml:"alias" help:"The host of database.url, where that is another name of the instance or cluster, such as a CNAME; by default it has to be its endpoint."`
	Unencrypted bool   `yaml:"allow-unencrypted" default:"false" help:"Take a snapshot that is not encrypted."`
	Account     `yaml:",inline"`
}

// PgBackRest is a backup of pgBackRest.
type PgBackRest struct {
	Stanza  string `yaml:"stanza" help:"Name of the stanza."`
	Label   string `yaml:"label" help:"Label of the backup; empty for the newest one without an error."`
	Program string `yaml:"program" default:"pgbackrest" help:"The program, which has to reach the repository from here."`
	Config  string `yaml:"config" help:"Its configuration file; empty for its own default."`
}

// Used says whether backups are copied there.
func (b Bucket) Used() bool { return b.Name != "" }

// Used says whether a backup of RDS is looked for.
func (r RDS) Used() bool { return r.Instance != "" || r.Cluster != "" }

// Used says whether a backup of pgBackRest is looked for.
func (p PgBackRest) Used() bool { return p.Stanza != "" }

// Used says whether the backup is made without this tool.
func (e External) Used() bool { return e.RDS.Used() || e.PgBackRest.Used() }

// Policy says when a backup is taken.
type Policy string

// The policies.
const (
	Always      Policy = "always"
	WhenPending Policy = "when-pending" // without pending migrations none is taken, and the report says so
)

// UnmarshalText refuses every other word: there is no policy without backups.
func (p *Policy) UnmarshalText(text []byte) error {
	switch v := Policy(text); v {
	case Always, WhenPending:
		*p = v
		return nil
	}
	return fmt.Errorf("policy %q: want always or when-pending", text)
}

// Encryption is how an object store keeps a backup.
type Encryption string

// The encryptions.
const (
	Plain Encryption = "none" // for stores that have none of their own
	AES   Encryption = "AES256"
	KMS   Encryption = "aws:kms"
)

// UnmarshalText refuses every other word.
func (e *Encryption) UnmarshalText(text []byte) error {
	switch v := Encryption(text); v {
	case Plain, AES, KMS:
		*e = v
		return nil
	}
	return fmt.Errorf("encryption %q: want AES256, aws:kms or none", text)
}

// Check refuses values that would keep or accept nothing.
func (b Backups) Check() error {
	return errors.Join(
		want(b.Keep >= 1, "keep %d: want at least 1", b.Keep),
		between("keep-for", b.KeepFor, 0, 10*365*24*time.Hour),
		want(b.MinimumRatio >= 0 && b.MinimumRatio <= 1, "minimum-ratio %v: want 0 to 1", b.MinimumRatio),
		between("timeout", b.Timeout, time.Second, 7*24*time.Hour),
		between("count-timeout", b.CountTimeout, 0, b.Timeout),
		want(len(b.Hash) == 0 || b.CountTimeout > 0, "hash: want a count-timeout above 0 with it"),
		want(!b.External.Used() || !b.S3.Used() && b.Directory == "", "external: want it without directory and s3, since no backup is taken then"),
	)
}

// Check refuses what no store could keep.
func (b Bucket) Check() error {
	return errors.Join(
		want(b.Key == "" || b.Encryption == KMS, "kms-key: want it with encryption aws:kms only"),
		want(b.Used() || b.Key == "" && b.Endpoint == "" && b.Role == "", "bucket is missing"),
	)
}

// Check refuses two backups in place of one.
func (e External) Check() error {
	return errors.Join(
		between("max-age", e.MaxAge, time.Minute, 365*24*time.Hour),
		want(!e.RDS.Used() || !e.PgBackRest.Used(), "rds and pgbackrest: want one of them"),
		want(e.RDS.Instance == "" || e.RDS.Cluster == "", "rds: want an instance or a cluster, not both"),
		want(e.RDS.Used() || e.RDS.Snapshot == "", "rds.snapshot: want the instance or the cluster that it is of"),
		want(e.PgBackRest.Used() || e.PgBackRest.Label == "", "pgbackrest.label: want the stanza that it is of"),
	)
}

// Placed refuses settings by which there would be no backup: neither a folder for it,
// nor a keeper of one that is made without this tool.
func (b Backups) Placed(by Keeper) error {
	if b.Directory != "" || by != nil {
		return nil
	}
	return release.Reject("set it to a folder on a disk that outlives the job, or use database.backup.s3 or database.backup.external", "database.backup.directory is missing")
}

// Foresee says what would be backed up before so many files.
func (b Backups) Foresee(files int) string {
	switch {
	case b.Policy == WhenPending && files == 0:
		return "none: nothing is to be applied"
	case b.External.Used():
		return fmt.Sprintf("none is taken: the one that is made without this tool is looked for first, and may be %v old", b.External.MaxAge)
	}
	return fmt.Sprintf("one is taken and verified first; %d are kept", b.Keep)
}
