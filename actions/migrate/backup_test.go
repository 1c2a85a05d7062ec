package migrate_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/s3/s3test"
)

const (
	closed  = `<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>`
	monthly = `<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter/><Expiration><Days>30</Days></Expiration></Rule></LifecycleConfiguration>`
)

// inBucket are the arguments that keep backups in a bucket.
func inBucket(t *testing.T) (*s3test.Server, []string) {
	t.Helper()
	at, err := s3test.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(at.Close)
	return at, []string{"--database-backup-s3-bucket", s3test.Bucket, "--database-backup-s3-region", s3test.Region, "--database-backup-s3-endpoint", at.Endpoint,
		"--database-backup-s3-path-style", "true", "--database-backup-s3-access-key", s3test.Key, "--database-backup-s3-secret-key", s3test.Secret,
		"--database-backup-keep-for", "720h", "--database-backup-policy", "always"}
}

func TestABackupIsKeptInABucket(t *testing.T) {
	t.Parallel()
	at, args := inBucket(t)
	at.Tell(s3test.About{Access: closed, Lifecycle: monthly})
	s := at1(t)
	s.run(args...).want(0, "backup taken: ", "decoded and complete; uploaded and read back", "Counted in the snapshot: ", "it is the last resort, and no rollback",
		"the lifecycle of the bucket removes it after 30 days", "The bucket blocks public access.", `"A.5.s3","status":"passed"`, `"A.5.v3","status":"passed"`, `"A.5.v4","status":"passed"`)
	if keys := at.Objects(); len(keys) != 2 || !strings.HasSuffix(keys[0], ".dump") || !strings.HasSuffix(keys[1], ".dump.json") {
		t.Errorf("objects %q", keys)
	}
	if out := strings.ReplaceAll(s.out, "::add-mask::"+s3test.Secret, ""); strings.Contains(out, s3test.Secret) {
		t.Errorf("the secret is in %s", out)
	}
	s.run(append(args, "--database-backup-keep-for", "1440h")...).want(0, "bucket", `"A.5.v4","status":"failed"`)
	at.Fail(s3test.Fault{Op: "CreateMultipartUpload", Times: -1, Status: 403, Code: "AccessDenied"})
	s.write("2_b.up.sql", "CREATE TABLE b (id bigint PRIMARY KEY);")
	s.record = `{"id":"owner-shop-8","version":"v2","candidate":"green"}`
	s.run(args...).want(3, "store backup: begin the upload in bucket backups: the IAM role may not do it", "docs/backups.md lists all")
	if n := s.has(`SELECT count(*) FROM pg_class WHERE relname = 'b'`); n != 0 {
		t.Error("a file was applied without a backup")
	}
}

func TestABackupPassesThisMachineOnly(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	_, args := inBucket(t)
	s := at1(t)
	s.variables["INPUT_DATABASE-BACKUP-DIRECTORY"] = ""
	s.run(args...).want(0, "uploaded and read back", `"A.5.v3","status":"not shown"`)
	entries, err := os.ReadDir(filepath.Join(cache, "bluegreen", "backups"))
	if err != nil || len(entries) != 0 {
		t.Errorf("%v are left, %v", entries, err)
	}
}

// at1 is a step with one migration.
func at1(t *testing.T) *step {
	t.Helper()
	s := at(t)
	s.write("1_a.up.sql", "CREATE TABLE a (id bigint PRIMARY KEY);")
	return s
}

func TestABackupThatWasMadeElsewhere(t *testing.T) {
	t.Parallel()
	s := at1(t)
	s.variables["INPUT_DATABASE-BACKUP-DIRECTORY"] = ""
	system := s.text(`SELECT system_identifier::text FROM pg_control_system()`)
	answer := `[{"name":"shop","status":{"code":0,"message":"ok"},"cipher":"none","db":[{"id":1,"repo-key":1,"system-id":` + system + `}],
		"backup":[{"label":"20261126-010000F","type":"full","error":false,"database":{"id":1,"repo-key":1},"info":{"size":9000},"timestamp":{"start":1,"stop":STOP}}]}]`
	program := filepath.Join(s.dir, "pgbackrest")
	script := "#!/bin/sh\ncat <<END\n" + strings.Replace(answer, "STOP", "$(date +%s -d \"-$AGE\")", 1) + "\nEND\n"
	tell := func(age string) { lab.Script(t, program, strings.Replace(script, "$AGE", age, 1)) }
	args := []string{"--database-backup-external-pgbackrest-stanza", "shop", "--database-backup-external-pgbackrest-program", program}
	tell("2 days")
	s.run(args...).want(1, "find backup: pgBackRest backup 20261126-010000F is 48h0m", "want at most 24h0m0s", "database.backup.external.max-age")
	tell("1 hour")
	s.run(args...).want(0, "backup done: pgBackRest backup 20261126-010000F", "verified by id and age", `"A.5.s1","status":"passed"`, `"A.5.s2","status":"not shown"`, "migrate: 1 files applied")
}
