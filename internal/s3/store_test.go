package s3_test

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/s3"
	"github.com/bluegreen-actions/bluegreen/internal/s3/s3test"
)

const folder = "shop/production/shop-7/"

// twoParts is a size that is more than one part.
const twoParts = 16<<20 + 12345

func TestABackupIsCopiedProvenAndDescribed(t *testing.T) {
	t.Parallel()
	at := store(t)
	v, m := open(t, bucket(at)), dump(t, "shop-1", twoParts)
	stored, err := v.Store(t.Context(), m)
	if err != nil {
		t.Fatal(err, release.HintOf(err))
	}
	c := stored.Copy
	if c == nil || !c.ReadBack || c.Bytes != twoParts || c.Encryption != migration.AES || !strings.HasSuffix(c.SHA256, "-2") || c.Key != folder+m.Name {
		t.Fatalf("%+v", c)
	}
	if stored.Proven() != "decoded and complete; uploaded and read back" {
		t.Errorf("proven %q", stored.Proven())
	}
	ops := at.Ops()
	slices.Sort(ops[2:5]) // the parts go together
	want := "ListMultipartUploads GetObject CreateMultipartUpload UploadPart UploadPart CompleteMultipartUpload ListMultipartUploads HeadObject GetObject PutObject"
	if got := strings.Join(ops, " "); got != want {
		t.Errorf("asked for %s\nwant      %s", got, want)
	}
	if keys := at.Objects(); !slices.Equal(keys, []string{folder + m.Name, folder + m.Name + ".json"}) {
		t.Errorf("objects %q", keys)
	}
	if have := list(t, v); !slices.Equal(have, []string{m.Name}) {
		t.Errorf("listed %q", have)
	}
}

func TestACopyThatIsThereIsProvenAgainAndNotSent(t *testing.T) {
	t.Parallel()
	at := store(t)
	v, m := open(t, bucket(at)), dump(t, "shop-1", 1000)
	if _, err := v.Store(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	at.Ops()
	again, err := v.Store(t.Context(), m)
	if err != nil || again.Copy == nil || slices.Contains(at.Ops(), "UploadPart") || again.Path != m.Path {
		t.Errorf("%+v, %v", again, err)
	}
	at.Damage(".dump")
	if again, err = v.Store(t.Context(), m); err != nil || !again.Copy.ReadBack || !slices.Contains(at.Ops(), "UploadPart") {
		t.Errorf("after damage: %v", err)
	}
}

// TestTheLevelIsKeptBesideTheCopy has a run killed before and behind the rewriting of
// the manifest, and one that has lost its own.
func TestTheLevelIsKeptBesideTheCopy(t *testing.T) {
	t.Parallel()
	at := store(t)
	v, m := open(t, bucket(at)), dump(t, "shop-1", 1000)
	stored, err := v.Store(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	stored.Level = migration.Restored
	for range 2 {
		if err := v.Promote(t.Context(), stored); err != nil {
			t.Fatal(err)
		}
	}
	for _, here := range []migration.Level{migration.Decoded, migration.Restored} {
		m.Level = here
		at.Ops()
		if again, err := v.Store(t.Context(), m); err != nil || again.Level != migration.Restored || slices.Contains(at.Ops(), "PutObject") {
			t.Errorf("with %q here: %+v, %v", here, again, err)
		}
	}
	other := dump(t, "shop-2", 1000)
	if _, err := v.Store(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	at.Ops()
	other.Level = migration.Restored // the run was killed before it wrote that into the bucket
	for _, writes := range []bool{true, false} {
		if again, err := v.Store(t.Context(), other); err != nil || again.Level != migration.Restored || slices.Contains(at.Ops(), "PutObject") != writes {
			t.Errorf("%+v, %v, want that it writes: %t", again, err, writes)
		}
	}
}

// TestNothingHalfMadeIsCalledABackup breaks every operation for good.
func TestNothingHalfMadeIsCalledABackup(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault  s3test.Fault
		change func(*migration.Bucket)
		want   string
		hint   string
	}{
		"it may not list uploads":         {fault: s3test.Fault{Op: "ListMultipartUploads", Status: 403, Code: "AccessDenied"}, want: "list unfinished uploads in bucket backups: the IAM role may not do it", hint: "docs/backups.md lists all"},
		"it may not begin":                {fault: s3test.Fault{Op: "CreateMultipartUpload", Status: 403, Code: "AccessDenied"}, want: "begin the upload in bucket backups: the IAM role may not do it"},
		"a part is refused":               {fault: s3test.Fault{Op: "UploadPart", Status: 403, Code: "AccessDenied"}, want: "upload the backup in bucket backups"},
		"a part is cut":                   {fault: s3test.Fault{Op: "UploadPart", Cut: true}, want: "upload the backup in bucket backups"},
		"a part changes on its way":       {fault: s3test.Fault{Op: "UploadPart", Flip: true}, want: "XAmzContentSHA256Mismatch"},
		"the upload is not completed":     {fault: s3test.Fault{Op: "CompleteMultipartUpload", Status: 500, Code: "InternalError"}, want: "complete the upload in bucket backups: "},
		"it may not look":                 {fault: s3test.Fault{Op: "HeadObject", Status: 403, Code: "Forbidden"}, want: "look at the uploaded backup in bucket backups"},
		"the object has another size":     {fault: s3test.Fault{Op: "HeadObject", Answer: http.Header{"Content-Length": {"7"}}}, want: "the object has 7 bytes, the dump 1000"},
		"the object has another checksum": {fault: s3test.Fault{Op: "HeadObject", Answer: http.Header{"X-Amz-Checksum-Sha256": {"AAAA-1"}}}, want: "the object has checksum AAAA-1"},
		"the object is of another dump":   {fault: s3test.Fault{Op: "HeadObject", Answer: http.Header{"X-Amz-Meta-Sha256": {"beef"}}}, want: `uploaded for a dump with SHA-256 "beef"`},
		"the object is not encrypted":     {fault: s3test.Fault{Op: "HeadObject", Answer: http.Header{"X-Amz-Server-Side-Encryption": {}}}, want: "its encryption is none: want AES256", hint: "database.backup.s3.encryption"},
		"no checksum is told, and it is not read back": {
			fault:  s3test.Fault{Op: "HeadObject", Answer: http.Header{"X-Amz-Checksum-Sha256": {}}},
			change: func(b *migration.Bucket) { b.ReadBack = false }, want: "the store tells no checksum", hint: "read-back",
		},
		"another key has encrypted it": {
			fault: s3test.Fault{Op: "HeadObject", Answer: http.Header{"X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id": {"arn:aws:kms:eu-west-1:123456789012:key/other"}}},
			change: func(b *migration.Bucket) {
				b.Encryption, b.Key = migration.KMS, "1234abcd-12ab-34cd-56ef-1234567890ab"
			}, want: "want 1234abcd", hint: "kms-key",
		},
		"it may not decrypt":             {fault: s3test.Fault{Op: "GetObject", Key: ".dump", Status: 403, Code: "AccessDenied"}, want: "read the backup back in bucket backups: the IAM role may not do it"},
		"the object reads otherwise":     {fault: s3test.Fault{Op: "GetObject", Key: ".dump", Flip: true}, want: "read back copy " + folder},
		"reading is cut":                 {fault: s3test.Fault{Op: "GetObject", Key: ".dump", Cut: true}, want: "read the backup back in bucket backups"},
		"the manifest is refused":        {fault: s3test.Fault{Op: "PutObject", Status: 403, Code: "AccessDenied"}, want: "write the manifest of the backup in bucket backups"},
		"the key is not known":           {change: func(b *migration.Bucket) { b.AccessKey = "AKIDOTHER" }, want: "AWS does not take the credentials"},
		"the bucket is not there":        {change: func(b *migration.Bucket) { b.Name = "elsewhere" }, want: "NoSuchBucket"},
		"nothing is there to connect to": {change: func(b *migration.Bucket) { b.Endpoint = "http://127.0.0.1:1" }, want: "connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := store(t)
			s := bucket(at)
			if c.change != nil {
				c.change(&s)
			}
			v, m := open(t, s), dump(t, "shop-1", 1000)
			c.fault.Times = -1
			at.Fail(c.fault)
			_, err := v.Store(t.Context(), m)
			says(t, name, err, c.want)
			if !strings.Contains(release.HintOf(err), c.hint) {
				t.Errorf("hint %q, want %q", release.HintOf(err), c.hint)
			}
			at.Heal()
			whole := open(t, bucket(at))
			if have := list(t, whole); len(have) != 0 {
				t.Errorf("listed %q", have)
			}
			if c.fault.Op != "ListMultipartUploads" && len(at.Uploads()) != 0 {
				t.Errorf("unfinished uploads %q", at.Uploads())
			}
			if _, err := whole.Store(t.Context(), m); err != nil || len(list(t, whole)) != 1 || len(at.Uploads()) != 0 {
				t.Errorf("and again: %v", err)
			}
		})
	}
}

// TestWhatBreaksOnceIsTriedAgain cuts a connection, and loses an answer, at each
// operation.
func TestWhatBreaksOnceIsTriedAgain(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"ListMultipartUploads", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload", "HeadObject", "GetObject", "PutObject"} {
		for how, fault := range map[string]s3test.Fault{
			"cut": {Cut: true}, "lost": {Lose: true}, "busy": {Status: http.StatusServiceUnavailable, Code: "SlowDown"},
		} {
			t.Run(op+" "+how, func(t *testing.T) {
				t.Parallel()
				at := store(t)
				fault.Op, fault.Times = op, 1
				at.Fail(fault)
				v, m := open(t, bucket(at)), dump(t, "shop-1", 1000)
				if _, err := v.Store(t.Context(), m); err != nil {
					t.Fatal(err)
				}
				if len(list(t, v)) != 1 || len(at.Uploads()) != 0 {
					t.Errorf("listed %q, unfinished %q", list(t, v), at.Uploads())
				}
			})
		}
	}
}

func TestAFileThatHasChangedIsNotSent(t *testing.T) {
	t.Parallel()
	at := store(t)
	v, m := open(t, bucket(at)), dump(t, "shop-1", 1000)
	if err := os.WriteFile(m.Path, make([]byte, 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := v.Store(t.Context(), m)
	says(t, "changed", err, "read backup: it has SHA-256 ")
	if slices.Contains(at.Ops(), "CreateMultipartUpload") {
		t.Error("an upload was begun")
	}
}

func TestOnlyWhatNobodyUploadsIsAborted(t *testing.T) {
	t.Parallel()
	at := store(t)
	leave := func(m migration.Manifest) {
		at.Fail(s3test.Fault{Op: "CompleteMultipartUpload", Times: -1, Status: 403, Code: "AccessDenied"})
		at.Fail(s3test.Fault{Op: "AbortMultipartUpload", Times: -1, Status: 403, Code: "AccessDenied"})
		if _, err := open(t, bucket(at)).Store(t.Context(), m); err == nil {
			t.Fatal("it was completed")
		}
		at.Heal()
	}
	other := dump(t, "shop-1-1", 1000)
	other.Database = "shop_2"
	leave(other)
	leave(dump(t, "other-shop-1", 1000))
	leave(dump(t, "shop-1", 1000))
	if n := len(at.Uploads()); n != 3 {
		t.Fatalf("%d uploads", n)
	}
	if _, err := open(t, bucket(at)).Store(t.Context(), dump(t, "shop-1", 1000)); err != nil {
		t.Fatal(err)
	}
	if n := len(at.Uploads()); n != 2 {
		t.Errorf("%d uploads are left: want that of a release that may still be on, and that of another database", n)
	}
	late, err := s3.New(bucket(at), time.Nanosecond)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := late.Store(t.Context(), dump(t, "shop-3", 1000)); err != nil || len(at.Uploads()) != 1 {
		t.Errorf("%v, %d uploads are left: want that of another database", err, len(at.Uploads()))
	}
}

func TestTwoDatabasesNeverShareAFolder(t *testing.T) {
	t.Parallel()
	at := store(t)
	v := open(t, bucket(at))
	for _, database := range []string{"a/b", "a_b", "a b", "../a", "a-7", "ä"} {
		m := dump(t, "shop-1", 10)
		m.Database = database
		if _, err := v.Store(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		held, err := v.List(t.Context(), database, "7")
		if err != nil || len(held) != 1 {
			t.Errorf("%s: %v, %v", database, held, err)
		}
	}
	if keys := at.Objects(); len(keys) != 12 {
		t.Errorf("objects %q", keys)
	}
}

func TestSettingsThatCannotWork(t *testing.T) {
	t.Parallel()
	at := store(t)
	for want, change := range map[string]func(*migration.Bucket){
		`bucket "Backups": want`:          func(b *migration.Bucket) { b.Name = "Backups" },
		`prefix "/x": want`:               func(b *migration.Bucket) { b.Prefix = "/x" },
		`prefix "a/../b": want`:           func(b *migration.Bucket) { b.Prefix = "a/../b" },
		"region is missing":               func(b *migration.Bucket) { b.Region = "" },
		`kms-key "alias/shop": want`:      func(b *migration.Bucket) { b.Encryption, b.Key = migration.KMS, "alias/shop" },
		`endpoint "http://minio:9000": w`: func(b *migration.Bucket) { b.Endpoint = "http://minio:9000" },
		`role "shop": want an ARN`:        func(b *migration.Bucket) { b.Role, b.AccessKey, b.SecretKey = "shop", "", "" },
		"access-key and role: want one":   func(b *migration.Bucket) { b.Role = "arn:aws:iam::123456789012:role/release" },
	} {
		s := bucket(at)
		change(&s)
		_, err := s3.New(s, time.Hour)
		says(t, want, err, want)
		if release.ExitStatus(err) != 2 {
			t.Errorf("%s: exit %d", want, release.ExitStatus(err))
		}
	}
}
