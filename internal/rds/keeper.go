package rds

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/bluegreen-actions/bluegreen/internal/amazon"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// callTime bounds one question, with all its tries.
const callTime = 30 * time.Second

// Keeper looks for a snapshot of one instance or cluster.
type Keeper struct {
	settings migration.RDS
	leads    []string // where database.url leads to, as host:port
	access   amazon.Access
	api      *rds.Client
}

// nameForm is that of instances, clusters and snapshots; those of automated
// snapshots begin with rds: and those of AWS Backup with awsbackup:.
var nameForm = regexp.MustCompile(`^([a-z]+:)?[A-Za-z][A-Za-z0-9-]{0,254}$`)

// New is the keeper of these settings, for a database at these addresses, each
// host:port. It asks nobody.
func New(s migration.RDS, database []string) (*Keeper, error) {
	k := &Keeper{settings: s, leads: database, access: amazon.Access{
		Name: "rds", Section: "database.backup.external.rds", Page: "docs/backups.md",
		Region: s.Region, Role: s.Role, AccessKey: s.AccessKey, SecretKey: s.SecretKey, Session: s.Session,
	}}
	if err := k.check(); err != nil {
		return nil, release.Reject("correct the settings of database.backup.external.rds", "rds: %w", err)
	}
	options := rds.Options{
		Region:      s.Region,
		Credentials: aws.NewCredentialsCache(aws.CredentialsProviderFunc(k.credentials)),
		HTTPClient:  &http.Client{Timeout: callTime / 3},
		Retryer:     retry.NewStandard(func(o *retry.StandardOptions) { o.MaxBackoff, o.RateLimiter = time.Second, ratelimit.None }),
	}
	if s.Endpoint != "" {
		options.BaseEndpoint = aws.String(s.Endpoint)
	}
	k.api = rds.New(options)
	return k, nil
}

func (k *Keeper) check() error {
	s := k.settings
	if s.Region == "" {
		return fmt.Errorf("region is missing: want one such as eu-west-1")
	}
	for key, name := range map[string]string{"instance": s.Instance, "cluster": s.Cluster, "snapshot": s.Snapshot} {
		if name != "" && !nameForm.MatchString(name) {
			return fmt.Errorf("%s %q: want an identifier, not an ARN or a host name", key, name)
		}
	}
	return cmp.Or(amazon.CheckEndpoint(s.Endpoint), k.access.Check())
}

func (k *Keeper) credentials(ctx context.Context) (aws.Credentials, error) {
	from, err := k.access.Credentials(ctx)
	if err != nil {
		return aws.Credentials{}, err
	}
	return from.Retrieve(ctx)
}

// snapshot is what both kinds of snapshots have.
type snapshot struct {
	id, of, status, engine string
	at                     time.Time
	gigabytes              int32
	encrypted              bool
	copied                 bool // of a snapshot whose age is not told
}

// Newest finds the snapshot of the settings, or the newest that is available, once it
// is known that database.url leads to the instance or cluster that it is of.
func (k *Keeper) Newest(ctx context.Context, _ migration.State) (migration.Snapshot, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, callTime, fmt.Errorf("AWS did not answer within %v", callTime))
	defer cancel()
	at, err := k.endpoint(ctx)
	if err != nil {
		return migration.Snapshot{}, k.access.Explain(ctx, "read the endpoint of "+k.of(), err)
	}
	if err := k.leadsTo(at); err != nil {
		return migration.Snapshot{}, err
	}
	list, err := k.list(ctx)
	if err != nil {
		return migration.Snapshot{}, k.access.Explain(ctx, "list the snapshots of "+k.of(), err)
	}
	found, err := k.choose(list)
	if err != nil {
		return migration.Snapshot{}, err
	}
	return migration.Snapshot{
		Kind: "RDS snapshot", ID: found.id, At: found.at, Encrypted: found.encrypted,
		Status: fmt.Sprintf("%s of %s, %s, a volume of %d GiB, encrypted %t", found.status, found.of, found.engine, found.gigabytes, found.encrypted),
	}, nil
}

// of is the instance or the cluster.
func (k *Keeper) of() string { return cmp.Or(k.settings.Instance, k.settings.Cluster) }

func (k *Keeper) choose(list []snapshot) (snapshot, error) {
	s := k.settings
	const hint = "make a snapshot and wait until it is available, or correct database.backup.external.rds"
	list = slices.DeleteFunc(list, func(one snapshot) bool {
		return one.of != k.of() || s.Snapshot == "" && (one.status != "available" || one.copied) || s.Snapshot != "" && one.id != s.Snapshot
	})
	if len(list) == 0 && s.Snapshot != "" {
		return snapshot{}, release.Refuse(hint, "there is no snapshot %s of %s", s.Snapshot, k.of())
	}
	if len(list) == 0 {
		return snapshot{}, release.Refuse(hint, "there is no snapshot of %s that is available", k.of())
	}
	found := slices.MaxFunc(list, func(a, b snapshot) int { return a.at.Compare(b.at) })
	switch {
	case found.status != "available":
		return found, release.Refuse(hint, "the snapshot %s is %s: want available", found.id, found.status)
	case found.copied:
		return found, release.Refuse("name the snapshot that it was copied from", "the snapshot %s is a copy, whose age is that of the copy only", found.id)
	case found.at.IsZero():
		return found, release.CannotTell(hint, "RDS does not say when the snapshot %s was made", found.id)
	case !found.encrypted && !s.Unencrypted:
		return found, release.Refuse("encrypt the database, or set database.backup.external.rds.allow-unencrypted", "the snapshot %s is not encrypted", found.id)
	}
	return found, nil
}
