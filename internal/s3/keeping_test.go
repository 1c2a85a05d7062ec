package s3_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/s3/s3test"
)

const (
	kms    = `<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`
	closed = `<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>`
)

func lifecycle(rules ...string) string {
	return "<LifecycleConfiguration><Rule>" + strings.Join(rules, "</Rule><Rule>") + "</Rule></LifecycleConfiguration>"
}

func TestTheBucketIsReadBack(t *testing.T) {
	t.Parallel()
	const on = `<Status>Enabled</Status>`
	in := func(days time.Duration) string {
		return time.Now().Add(days * 24 * time.Hour).UTC().Format(time.RFC3339)
	}
	for name, c := range map[string]struct {
		lifecycle string
		days      int
	}{
		"none":                       {"", 0},
		"a rule for all":             {lifecycle(on + `<Filter/><Expiration><Days>30</Days></Expiration>`), 30},
		"the earliest counts":        {lifecycle(on+`<Filter/><Expiration><Days>30</Days></Expiration>`, on+`<Filter><Prefix>shop/</Prefix></Filter><Expiration><Days>7</Days></Expiration>`), 7},
		"of old":                     {lifecycle(on + `<Prefix>shop/production/</Prefix><Expiration><Days>9</Days></Expiration>`), 9},
		"for another prefix":         {lifecycle(on + `<Filter><Prefix>logs/</Prefix></Filter><Expiration><Days>1</Days></Expiration>`), 0},
		"turned off":                 {lifecycle(`<Status>Disabled</Status><Filter/><Expiration><Days>1</Days></Expiration>`), 0},
		"for what has a tag":         {lifecycle(on + `<Filter><Tag><Key>a</Key><Value>b</Value></Tag></Filter><Expiration><Days>1</Days></Expiration>`), 0},
		"for a prefix and a tag":     {lifecycle(on + `<Filter><And><Prefix>shop/</Prefix><Tag><Key>a</Key><Value>b</Value></Tag></And></Filter><Expiration><Days>1</Days></Expiration>`), 0},
		"for a prefix and a size":    {lifecycle(on + `<Filter><And><Prefix>shop/</Prefix><ObjectSizeGreaterThan>999</ObjectSizeGreaterThan></And></Filter><Expiration><Days>3</Days></Expiration>`), 3},
		"for what is larger":         {lifecycle(on + `<Filter><ObjectSizeGreaterThan>1000</ObjectSizeGreaterThan></Filter><Expiration><Days>1</Days></Expiration>`), 0},
		"for what is smaller":        {lifecycle(on + `<Filter><ObjectSizeLessThan>1000</ObjectSizeLessThan></Filter><Expiration><Days>1</Days></Expiration>`), 0},
		"at a date":                  {lifecycle(on + `<Filter/><Expiration><Date>` + in(10) + `</Date></Expiration>`), 10},
		"at a date that is over":     {lifecycle(on + `<Filter/><Expiration><Date>` + in(-10) + `</Date></Expiration>`), 1},
		"of unfinished uploads only": {lifecycle(on + `<Filter/><AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload>`), 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := store(t)
			at.Tell(s3test.About{Lifecycle: c.lifecycle, Encryption: kms, Access: closed})
			k := open(t, bucket(at)).Keeping(t.Context(), manifest("shop-1", make([]byte, 1000)))
			if k.DaysErr != nil || k.Days != c.days || k.Encrypted != migration.KMS || !k.Closed || k.EncryptedErr != nil || k.ClosedErr != nil {
				t.Errorf("%+v, want %d days", k, c.days)
			}
		})
	}
}

func TestWhatCannotBeReadOfTheBucketIsSaid(t *testing.T) {
	t.Parallel()
	at := store(t)
	m := manifest("shop-1", nil)
	k := open(t, bucket(at)).Keeping(t.Context(), m)
	if k.Days != 0 || k.DaysErr != nil || k.Encrypted != migration.Plain || k.EncryptedErr != nil || k.ClosedErr == nil {
		t.Errorf("a bucket with nothing: %+v", k)
	}
	at.Tell(s3test.About{Lifecycle: s3test.Denied, Encryption: s3test.Denied, Access: s3test.Denied})
	k = open(t, bucket(at)).Keeping(t.Context(), m)
	says(t, "lifecycle", k.DaysErr, "read the lifecycle in bucket backups: the IAM role may not do it")
	says(t, "encryption", k.EncryptedErr, "read the encryption in bucket backups")
	says(t, "access", k.ClosedErr, "read the public access block in bucket backups")
	at.Tell(s3test.About{Access: strings.Replace(closed, "<BlockPublicPolicy>true", "<BlockPublicPolicy>false", 1)})
	if k = open(t, bucket(at)).Keeping(t.Context(), m); k.Closed || k.ClosedErr != nil {
		t.Errorf("a bucket that a policy may open: %+v", k)
	}
}
