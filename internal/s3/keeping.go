package s3

import (
	"context"
	"errors"
	"math"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
)

// Keeping reads the lifecycle, the encryption and the public access block of the
// bucket. Not every role may, and not every store has them.
func (v *Vault) Keeping(ctx context.Context, m migration.Manifest) migration.Keeping {
	var k migration.Keeping
	k.Days, k.DaysErr = v.days(ctx, m)
	k.Encrypted, k.EncryptedErr = v.byDefault(ctx)
	k.Closed, k.ClosedErr = v.closed(ctx)
	return k
}

// days is how soon a rule removes the dump; 0 for never.
func (v *Vault) days(ctx context.Context, m migration.Manifest) (int, error) {
	out, err := v.api.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: &v.settings.Name})
	if isCode(err, "NoSuchLifecycleConfiguration") {
		return 0, nil
	}
	if err != nil {
		return 0, v.explain(ctx, "read the lifecycle", err)
	}
	days := 0
	for _, rule := range out.Rules {
		if n := lasts(rule.Expiration); n > 0 && rule.Status == types.ExpirationStatusEnabled && concerns(rule, v.key(m), m.Bytes) && (days == 0 || n < days) {
			days = n
		}
	}
	return days, nil
}

// lasts is in how many days a rule removes what is uploaded now; 0 for never.
func lasts(e *types.LifecycleExpiration) int {
	switch {
	case e == nil:
		return 0
	case e.Date != nil:
		return max(1, int(math.Ceil(time.Until(*e.Date).Hours()/24)))
	}
	return int(aws.ToInt32(e.Days))
}

// concerns tells whether a rule is about an object without tags.
func concerns(rule types.LifecycleRule, key string, size int64) bool {
	f := rule.Filter
	if f == nil {
		return strings.HasPrefix(key, aws.ToString(rule.Prefix)) //lint:ignore SA1019 rules of old have it
	}
	and := types.LifecycleRuleAndOperator{Prefix: f.Prefix, ObjectSizeGreaterThan: f.ObjectSizeGreaterThan, ObjectSizeLessThan: f.ObjectSizeLessThan}
	if f.And != nil {
		and = *f.And
	}
	return f.Tag == nil && len(and.Tags) == 0 && strings.HasPrefix(key, aws.ToString(and.Prefix)) &&
		(and.ObjectSizeGreaterThan == nil || size > *and.ObjectSizeGreaterThan) && (and.ObjectSizeLessThan == nil || size < *and.ObjectSizeLessThan)
}

func (v *Vault) byDefault(ctx context.Context) (migration.Encryption, error) {
	out, err := v.api.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &v.settings.Name})
	if isCode(err, "ServerSideEncryptionConfigurationNotFoundError") {
		return migration.Plain, nil
	}
	if err != nil {
		return "", v.explain(ctx, "read the encryption", err)
	}
	if c := out.ServerSideEncryptionConfiguration; c != nil {
		for _, rule := range c.Rules {
			if d := rule.ApplyServerSideEncryptionByDefault; d != nil {
				return migration.Encryption(d.SSEAlgorithm), nil
			}
		}
	}
	return migration.Plain, nil
}

// errOfAccount is of a bucket that has no block of its own: its account may.
var errOfAccount = errors.New("the bucket has no public access block of its own, and that of the account is not read")

func (v *Vault) closed(ctx context.Context) (bool, error) {
	out, err := v.api.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &v.settings.Name})
	if isCode(err, "NoSuchPublicAccessBlockConfiguration") {
		return false, errOfAccount
	}
	if err != nil {
		return false, v.explain(ctx, "read the public access block", err)
	}
	c := out.PublicAccessBlockConfiguration
	return c != nil && aws.ToBool(c.BlockPublicAcls) && aws.ToBool(c.BlockPublicPolicy) && aws.ToBool(c.IgnorePublicAcls) && aws.ToBool(c.RestrictPublicBuckets), nil
}
