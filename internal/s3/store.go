package s3

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
)

// Store copies a dump into the bucket, proves the copy, and then writes the
// manifest beside it, which makes it a backup. It does nothing but prove the copy
// again where that is done already.
func (v *Vault) Store(ctx context.Context, m migration.Manifest) (migration.Manifest, error) {
	if err := v.sweep(ctx, m); err != nil {
		return m, err
	}
	key := v.key(m)
	if stored, level, ok := v.stored(ctx, key, m); ok {
		if level == stored.Level {
			return stored, nil
		}
		return stored, v.describe(ctx, key, stored) // a run was killed in between
	}
	sum, err := v.upload(ctx, key, m)
	if err := errors.Join(err, v.clear(ctx, m)); err != nil {
		return m, err
	}
	c, err := v.prove(ctx, key, sum, m)
	if err != nil {
		return m, err
	}
	m.Copy = &c
	return m, v.describe(ctx, key, m)
}

// Promote writes the manifest again. A PUT is seen whole or not at all.
func (v *Vault) Promote(ctx context.Context, m migration.Manifest) error {
	return v.describe(ctx, v.key(m), m)
}

// stored tells whether this very dump is in the bucket, and with a manifest of which
// level. When in doubt it is not, and is uploaded again. What was proven stays so.
func (v *Vault) stored(ctx context.Context, key string, m migration.Manifest) (migration.Manifest, migration.Level, bool) {
	out, err := v.api.GetObject(ctx, &s3.GetObjectInput{Bucket: &v.settings.Name, Key: aws.String(migration.ManifestOf(key))})
	if err != nil {
		return m, "", false
	}
	defer out.Body.Close()
	there, ok := described(out.Body)
	if !ok || there.SHA256 != m.SHA256 {
		return m, "", false
	}
	c, err := v.prove(ctx, key, there.Copy.SHA256, m)
	m.Copy = &c
	if there.Level == migration.Restored {
		m.Level = there.Level
	}
	return m, there.Level, err == nil
}

// described reads the manifest of a copy.
func described(text io.Reader) (migration.Manifest, bool) {
	const most = 16 << 20
	var m migration.Manifest
	err := json.NewDecoder(io.LimitReader(text, most)).Decode(&m)
	return m, err == nil && m.Copy != nil
}

// describe writes the manifest.
func (v *Vault) describe(ctx context.Context, key string, m migration.Manifest) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	text = append(text, '\n')
	sum := sha256.Sum256(text)
	in := &s3.PutObjectInput{
		Bucket: &v.settings.Name, Key: aws.String(migration.ManifestOf(key)), Body: bytes.NewReader(text),
		ContentType: aws.String("application/json"), ChecksumSHA256: aws.String(base64.StdEncoding.EncodeToString(sum[:])),
	}
	in.ServerSideEncryption, in.SSEKMSKeyId = v.encryption()
	if _, err = v.api.PutObject(ctx, in); err != nil {
		return v.explain(ctx, "write the manifest of the backup", err)
	}
	return nil
}

// encryption is what the store is asked for.
func (v *Vault) encryption() (types.ServerSideEncryption, *string) {
	switch s := v.settings; {
	case s.Encryption == migration.KMS && s.Key != "":
		return types.ServerSideEncryptionAwsKms, &s.Key
	case s.Encryption == migration.KMS:
		return types.ServerSideEncryptionAwsKms, nil
	case s.Encryption == migration.Plain:
		return "", nil
	}
	return types.ServerSideEncryptionAes256, nil
}

// sweep aborts what killed runs have left of uploads: those of this release, which
// has the database to itself, and those that are older than any run may be. A clone
// of the server has the same identifier, so that others may be somebody's.
func (v *Vault) sweep(ctx context.Context, m migration.Manifest) error {
	folder := v.folder(m.Database, m.System)
	pages := s3.NewListMultipartUploadsPaginator(v.api, &s3.ListMultipartUploadsInput{Bucket: &v.settings.Name, Prefix: &folder})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return v.explain(ctx, "list unfinished uploads", err)
		}
		for _, u := range page.Uploads {
			if migration.Owner(aws.ToString(u.Key)) != m.Release && time.Since(aws.ToTime(u.Initiated)) < v.timeout {
				continue
			}
			if err := v.abort(ctx, aws.ToString(u.Key), aws.ToString(u.UploadId)); err != nil {
				return err
			}
		}
	}
	return nil
}

// clear sweeps after an upload, also when ctx has ended: one that was begun twice,
// since an answer was lost, leaves something too.
func (v *Vault) clear(ctx context.Context, m migration.Manifest) error {
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), headerTime, fmt.Errorf("the store did not answer within %v", headerTime))
	defer cancel()
	return v.sweep(ctx, m)
}

func (v *Vault) abort(ctx context.Context, key, id string) error {
	_, err := v.api.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &v.settings.Name, Key: &key, UploadId: &id})
	if isCode(err, "NoSuchUpload") {
		return nil
	}
	return v.explain(ctx, "abort the upload of "+key, err)
}
