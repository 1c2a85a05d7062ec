package s3

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/bluegreen-actions/bluegreen/internal/amazon"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// The budget of a call. An upload as a whole has that of database.backup.timeout.
const (
	headerTime = time.Minute // until a store that has all of a request answers
	attempts   = 5
	maxBackoff = 3 * time.Second
)

// Vault is a bucket, below a prefix. It is a migration.Vault.
type Vault struct {
	settings migration.Bucket
	timeout  time.Duration // of a run, after which its upload is nobody's
	access   amazon.Access
	options  s3.Options
	api      *s3.Client
}

var (
	bucketForm = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	prefixForm = regexp.MustCompile(`^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$`)
	keyForm    = regexp.MustCompile(`^(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/)?[A-Za-z0-9-]+$`)
)

// New is the vault of these settings. It refuses those that lack something, and
// asks nobody: credentials are found when they are needed.
func New(s migration.Bucket, timeout time.Duration) (*Vault, error) {
	v := &Vault{settings: s, timeout: timeout, access: amazon.Access{
		Name: "s3", Section: "database.backup.s3", Page: "docs/backups.md",
		Region: s.Region, Role: s.Role, AccessKey: s.AccessKey, SecretKey: s.SecretKey, Session: s.Session,
	}}
	if err := v.check(); err != nil {
		return nil, release.Reject("correct the settings of database.backup.s3", "s3: %w", err)
	}
	v.options = s3.Options{
		Region:       s.Region,
		Credentials:  aws.NewCredentialsCache(aws.CredentialsProviderFunc(v.credentials)),
		HTTPClient:   &http.Client{Transport: transport()},
		UsePathStyle: s.PathStyle,
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts, o.MaxBackoff, o.RateLimiter = attempts, maxBackoff, ratelimit.None
		}),
		// We send and compare checksums of our own; others are not known to every store.
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	}
	if s.Endpoint != "" {
		v.options.BaseEndpoint = aws.String(s.Endpoint)
	}
	v.api = s3.New(v.options)
	return v, nil
}

func (v *Vault) check() error {
	s := v.settings
	switch {
	case !bucketForm.MatchString(s.Name):
		return fmt.Errorf("bucket %q: want the name of a bucket", s.Name)
	case !prefixForm.MatchString(s.Prefix) || slices.ContainsFunc(strings.Split(s.Prefix, "/"), func(part string) bool { return strings.Trim(part, ".") == "" }):
		return fmt.Errorf("prefix %q: want words of letters, digits, dots, dashes and underscores between slashes", s.Prefix)
	case s.Region == "":
		return fmt.Errorf("region is missing: want one such as eu-west-1")
	case s.Key != "" && !keyForm.MatchString(s.Key):
		return fmt.Errorf("kms-key %q: want the id or the ARN of a key, not an alias: what the store answers cannot be compared with one", s.Key)
	}
	if err := amazon.CheckEndpoint(s.Endpoint); err != nil {
		return err
	}
	return v.access.Check()
}

func transport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.ResponseHeaderTimeout = headerTime
	return t
}

func (v *Vault) credentials(ctx context.Context) (aws.Credentials, error) {
	from, err := v.access.Credentials(ctx)
	if err != nil {
		return aws.Credentials{}, err
	}
	return from.Retrieve(ctx)
}

// folder is what the keys of one database begin with. Two databases never share
// one, whatever their names are.
func (v *Vault) folder(database, system string) string {
	return path.Join(v.settings.Prefix, url.QueryEscape(database)+"-"+url.QueryEscape(system)) + "/"
}

func (v *Vault) key(m migration.Manifest) string { return v.folder(m.Database, m.System) + m.Name }

// explain says what an error of the store means.
func (v *Vault) explain(ctx context.Context, what string, err error) error {
	return v.access.Explain(ctx, what+" in bucket "+v.settings.Name, err)
}

// List returns the dumps that have a manifest, the oldest first.
func (v *Vault) List(ctx context.Context, database, system string) ([]migration.Shelved, error) {
	folder := v.folder(database, system)
	dumps, described := map[string]migration.Shelved{}, map[string]bool{}
	pages := s3.NewListObjectsV2Paginator(v.api, &s3.ListObjectsV2Input{Bucket: &v.settings.Name, Prefix: &folder})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, v.explain(ctx, "list backups", err)
		}
		for _, o := range page.Contents {
			name := strings.TrimPrefix(aws.ToString(o.Key), folder)
			described[name] = true
			if migration.IsDump(name) {
				dumps[name] = migration.Shelved{Name: name, Bytes: aws.ToInt64(o.Size), At: aws.ToTime(o.LastModified)}
			}
		}
	}
	var all []migration.Shelved
	for name, held := range dumps {
		if described[migration.ManifestOf(name)] {
			all = append(all, held)
		}
	}
	slices.SortFunc(all, func(a, b migration.Shelved) int { return strings.Compare(moment(a.Name), moment(b.Name)) })
	return all, nil
}

// moment is the part of a name that orders backups: what follows the database.
func moment(name string) string {
	owner := "-" + string(migration.Owner(name)) + ".dump"
	rest := strings.TrimSuffix(name, owner)
	return rest[strings.LastIndex(rest, "-")+1:]
}
