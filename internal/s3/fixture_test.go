package s3_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/s3"
	"github.com/bluegreen-actions/bluegreen/internal/s3/s3test"
)

func store(t testing.TB) *s3test.Server {
	t.Helper()
	s, err := s3test.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func bucket(at *s3test.Server) migration.Bucket {
	return migration.Bucket{
		Name: s3test.Bucket, Prefix: "shop/production", Encryption: migration.AES, ReadBack: true, PathStyle: true,
		Account: migration.Account{Region: s3test.Region, Endpoint: at.Endpoint, AccessKey: s3test.Key, SecretKey: s3test.Secret},
	}
}

func open(t testing.TB, s migration.Bucket) *s3.Vault {
	t.Helper()
	v, err := s3.New(s, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	v.Hasten()
	return v
}

// dump is a verified backup of so many bytes.
func dump(t testing.TB, id release.ID, size int) migration.Manifest {
	t.Helper()
	body := make([]byte, size)
	random := rand.NewChaCha8([32]byte{1})
	_, _ = random.Read(body) // never fails
	m := manifest(id, body)
	m.Path = filepath.Join(t.TempDir(), m.Name)
	if err := os.WriteFile(m.Path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return m
}

func manifest(id release.ID, body []byte) migration.Manifest {
	sum := sha256.Sum256(body)
	return migration.Manifest{
		Name: fmt.Sprintf("shop-20261126T1416%02d.000Z-%s.dump", len(id)%60, id), SHA256: hex.EncodeToString(sum[:]), Bytes: int64(len(body)),
		Level: migration.Decoded, Release: id, Database: "shop", System: "7", Tables: []string{"users"}, TakenAt: time.Now().UTC(),
	}
}

func list(t testing.TB, v *s3.Vault) []string {
	t.Helper()
	held, err := v.List(t.Context(), "shop", "7")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, h := range held {
		names = append(names, h.Name)
	}
	return names
}

func says(t testing.TB, what string, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: %v, want %q", what, err, want)
	}
	if err != nil && strings.Contains(err.Error(), s3test.Secret) {
		t.Errorf("%s: the secret is in %v", what, err)
	}
}
