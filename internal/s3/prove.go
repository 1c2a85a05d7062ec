package s3

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

const againHint = "run the job again; if it stays so, look at what stands between this runner and the object store"

// prove compares what the store says of the object with what was sent, and then
// reads it.
func (v *Vault) prove(ctx context.Context, key, sum string, m migration.Manifest) (migration.Copy, error) {
	head, err := v.api.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &v.settings.Name, Key: &key, ChecksumMode: types.ChecksumModeEnabled})
	if err != nil {
		return migration.Copy{}, v.explain(ctx, "look at the uploaded backup", err)
	}
	c := migration.Copy{Key: key, SHA256: aws.ToString(head.ChecksumSHA256), Bytes: aws.ToInt64(head.ContentLength), Encryption: had(head)}
	switch {
	case c.Bytes != m.Bytes:
		return c, release.Refuse(againHint, "verify copy %s: the object has %d bytes, the dump %d", key, c.Bytes, m.Bytes)
	case c.SHA256 != sum && c.SHA256 != "":
		return c, release.Refuse(againHint, "verify copy %s: the object has checksum %s, its parts %s", key, c.SHA256, sum)
	case head.Metadata["sha256"] != m.SHA256:
		return c, release.Refuse(againHint, "verify copy %s: the object was uploaded for a dump with SHA-256 %q, not %s", key, head.Metadata["sha256"], m.SHA256)
	case c.SHA256 == "" && !v.settings.ReadBack:
		return c, release.CannotTell("set database.backup.s3.read-back", "verify copy %s: the store tells no checksum", key)
	}
	if err := v.encrypted(c, aws.ToString(head.SSEKMSKeyId)); err != nil {
		return c, err
	}
	if v.settings.ReadBack {
		c.ReadBack, err = true, v.readBack(ctx, key, m)
	}
	return c, err
}

// had is the encryption that the store tells of an object.
func had(head *s3.HeadObjectOutput) migration.Encryption {
	if head.ServerSideEncryption == "" {
		return migration.Plain
	}
	return migration.Encryption(head.ServerSideEncryption)
}

// encrypted refuses another encryption than was asked for. A bucket may encrypt
// what was not asked for.
func (v *Vault) encrypted(c migration.Copy, key string) error {
	s := v.settings
	if s.Encryption != migration.Plain && c.Encryption != s.Encryption {
		return release.Refuse("let the policy of the bucket allow the encryption, or set database.backup.s3.encryption",
			"verify copy %s: its encryption is %s: want %s", c.Key, c.Encryption, s.Encryption)
	}
	if s.Key != "" && key != s.Key && !strings.HasSuffix(key, ":key/"+s.Key) {
		return release.Refuse("correct database.backup.s3.kms-key", "verify copy %s: it is encrypted with the key %q: want %s", c.Key, key, s.Key)
	}
	return nil
}

// readBack reads the object whole, which also shows that what can write it can
// decrypt it. A connection that breaks is tried again.
func (v *Vault) readBack(ctx context.Context, key string, m migration.Manifest) error {
	var sum string
	var size int64
	var err error
	for range attempts {
		if sum, size, err = v.hash(ctx, key); err == nil || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		return v.explain(ctx, "read the backup back", err)
	}
	if sum != m.SHA256 {
		return release.Refuse(againHint, "read back copy %s: it has %d bytes with SHA-256 %s, the dump %d with %s", key, size, sum, m.Bytes, m.SHA256)
	}
	return nil
}

func (v *Vault) hash(ctx context.Context, key string) (string, int64, error) {
	out, err := v.api.GetObject(ctx, &s3.GetObjectInput{Bucket: &v.settings.Name, Key: &key})
	if err != nil {
		return "", 0, err
	}
	defer out.Body.Close()
	hash := sha256.New()
	n, err := io.Copy(hash, out.Body)
	if err != nil {
		return "", n, fmt.Errorf("after %d bytes: %w", n, err)
	}
	return hex.EncodeToString(hash.Sum(nil)), n, nil
}
