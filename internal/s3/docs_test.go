package s3_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/s3"
	"github.com/bluegreen-actions/bluegreen/internal/s3/s3test"
)

// examples are the blocks of a language in docs/backups.md.
func examples(t *testing.T, language string) []string {
	t.Helper()
	text, err := os.ReadFile("../../docs/backups.md")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, m := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		all = append(all, m[1])
	}
	if len(all) == 0 {
		t.Fatalf("docs/backups.md has no %s", language)
	}
	return all
}

func TestTheConfigurationsOfTheDocumentationAreTaken(t *testing.T) {
	t.Parallel()
	used := 0
	for _, text := range examples(t, "yaml") {
		var file struct {
			Database struct{ Backup migration.Backups }
		}
		decoder := yaml.NewDecoder(strings.NewReader(text))
		decoder.KnownFields(true)
		if err := decoder.Decode(&file); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if b := file.Database.Backup; b.S3.Used() {
			used++
			if err := b.S3.Check(); err != nil {
				t.Error(err)
			}
			if _, err := s3.New(b.S3, time.Hour); err != nil {
				t.Error(err)
			}
		}
	}
	if used != 1 {
		t.Errorf("%d examples of a bucket", used)
	}
}

// permission is what IAM calls the right to an operation.
var permission = map[string]string{
	"ListObjectsV2": "s3:ListBucket", "ListMultipartUploads": "s3:ListBucketMultipartUploads", "AbortMultipartUpload": "s3:AbortMultipartUpload",
	"CreateMultipartUpload": "s3:PutObject", "UploadPart": "s3:PutObject", "CompleteMultipartUpload": "s3:PutObject", "PutObject": "s3:PutObject",
	"HeadObject": "s3:GetObject", "GetObject": "s3:GetObject", "GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
	"GetBucketEncryption": "s3:GetEncryptionConfiguration", "GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
}

// TestThePolicyOfTheDocumentationIsWhatIsAskedFor does all that a release does, with
// an upload that fails.
func TestThePolicyOfTheDocumentationIsWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	var policy struct{ Statement []struct{ Action []string } }
	if err := json.Unmarshal([]byte(examples(t, "json")[0]), &policy); err != nil {
		t.Fatal(err)
	}
	var allowed []string
	for _, statement := range policy.Statement {
		for _, action := range statement.Action {
			if strings.HasPrefix(action, "s3:") {
				allowed = append(allowed, action)
			}
		}
	}
	at := store(t)
	v, m := open(t, bucket(at)), dump(t, "shop-1", 1000)
	at.Fail(s3test.Fault{Op: "UploadPart", Times: 1, Status: 403, Code: "AccessDenied"})
	if _, err := v.Store(t.Context(), m); err == nil {
		t.Fatal("it was stored")
	}
	if _, err := v.Store(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	v.Keeping(t.Context(), m)
	list(t, v)
	var asked []string
	for _, op := range at.Ops() {
		if !slices.Contains(asked, permission[op]) {
			asked = append(asked, permission[op])
		}
	}
	slices.Sort(asked)
	slices.Sort(allowed)
	if !slices.Equal(asked, allowed) {
		t.Errorf("asked for %q, the policy allows %q", asked, allowed)
	}
}
