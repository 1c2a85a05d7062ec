package s3

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"golang.org/x/sync/errgroup"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// S3 takes at most 10,000 parts, of at least 5 MiB each but for the last.
const (
	leastPart = 16 << 20
	mostParts = 10_000
	atOnce    = 4
)

// part is a stretch of the file, and its SHA-256.
type part struct {
	number int32
	offset int64
	length int64
	sum    []byte
}

// cut hashes the file in parts and as a whole, and refuses one that is not what was
// verified. A part that the store takes then is of the verified dump.
func cut(file io.ReaderAt, m migration.Manifest) ([]part, error) {
	length := max(leastPart, (m.Bytes+mostParts-1)/mostParts)
	whole, all := sha256.New(), []part{}
	for offset := int64(0); offset < m.Bytes; offset += length {
		p := part{number: int32(len(all) + 1), offset: offset, length: min(length, m.Bytes-offset)}
		hash := sha256.New()
		if _, err := io.Copy(io.MultiWriter(hash, whole), io.NewSectionReader(file, p.offset, p.length)); err != nil {
			return nil, fmt.Errorf("read backup: %w", err)
		}
		p.sum = hash.Sum(nil)
		all = append(all, p)
	}
	if sum := hex.EncodeToString(whole.Sum(nil)); sum != m.SHA256 {
		return nil, release.Refuse("run the job again; if it stays so, check the disk of the backup folder", "read backup: it has SHA-256 %s now, and had %s", sum, m.SHA256)
	}
	return all, nil
}

// composite is the checksum that the store gives to an object of these parts.
func composite(parts []part) string {
	hash := sha256.New()
	for _, p := range parts {
		hash.Write(p.sum)
	}
	return fmt.Sprintf("%s-%d", encoded(hash.Sum(nil)), len(parts))
}

func encoded(sum []byte) string { return base64.StdEncoding.EncodeToString(sum) }

// upload sends the file and returns the checksum that the object has to have.
func (v *Vault) upload(ctx context.Context, key string, m migration.Manifest) (string, error) {
	file, err := os.Open(m.Path)
	if err != nil {
		return "", fmt.Errorf("read backup: %w", err)
	}
	defer file.Close()
	parts, err := cut(file, m)
	if err != nil {
		return "", err
	}
	in := &s3.CreateMultipartUploadInput{
		Bucket: &v.settings.Name, Key: &key, ContentType: aws.String("application/octet-stream"),
		ChecksumAlgorithm: types.ChecksumAlgorithmSha256, Metadata: map[string]string{"sha256": m.SHA256},
	}
	in.ServerSideEncryption, in.SSEKMSKeyId = v.encryption()
	begun, err := v.api.CreateMultipartUpload(ctx, in)
	if err != nil {
		return "", v.explain(ctx, "begin the upload", err)
	}
	return composite(parts), v.send(ctx, key, aws.ToString(begun.UploadId), file, parts)
}

func (v *Vault) send(ctx context.Context, key, id string, file io.ReaderAt, parts []part) error {
	done := make([]types.CompletedPart, len(parts))
	work, sending := errgroup.WithContext(ctx)
	work.SetLimit(atOnce)
	for i, p := range parts {
		work.Go(func() (err error) {
			done[i], err = v.part(sending, key, id, file, p)
			return err
		})
	}
	if err := work.Wait(); err != nil {
		return v.explain(ctx, "upload the backup", err)
	}
	_, err := v.api.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &v.settings.Name, Key: &key, UploadId: &id, MultipartUpload: &types.CompletedMultipartUpload{Parts: done},
	})
	if isCode(err, "NoSuchUpload") {
		return nil // an earlier try completed it and its answer was lost, or it is gone: what is read back tells
	}
	return v.explain(ctx, "complete the upload", err)
}

func (v *Vault) part(ctx context.Context, key, id string, file io.ReaderAt, p part) (types.CompletedPart, error) {
	sum := aws.String(encoded(p.sum))
	out, err := v.api.UploadPart(ctx, &s3.UploadPartInput{
		Bucket: &v.settings.Name, Key: &key, UploadId: &id, PartNumber: &p.number,
		Body: io.NewSectionReader(file, p.offset, p.length), ContentLength: &p.length, ChecksumSHA256: sum,
	})
	if err != nil {
		return types.CompletedPart{}, err
	}
	return types.CompletedPart{PartNumber: &p.number, ETag: out.ETag, ChecksumSHA256: sum}, nil
}

func isCode(err error, code string) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && api.ErrorCode() == code
}
