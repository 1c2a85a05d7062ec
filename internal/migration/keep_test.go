package migration_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// vault keeps manifests in memory, and says of the bucket what it is told to.
type vault struct {
	t       *testing.T
	held    []migration.Shelved
	keeping migration.Keeping
	list    error
	store   error
	calls   int
	levels  []migration.Level // that were promoted to
}

func (v *vault) List(context.Context, string, string) ([]migration.Shelved, error) {
	return v.held, v.list
}

func (v *vault) Store(_ context.Context, m migration.Manifest) (migration.Manifest, error) {
	v.calls++
	if v.store != nil {
		return m, v.store
	}
	if text, err := os.ReadFile(m.Path); err != nil || int64(len(text)) != m.Bytes {
		v.t.Errorf("%s: %d bytes, %v", m.Path, len(text), err)
	}
	m.Copy = &migration.Copy{Key: m.Name, SHA256: "x-1", Bytes: m.Bytes, Encryption: migration.AES, ReadBack: true}
	v.held = append(v.held, migration.Shelved{Name: m.Name, Bytes: m.Bytes, At: m.TakenAt})
	return m, nil
}

func (v *vault) Promote(_ context.Context, m migration.Manifest) error {
	v.levels = append(v.levels, m.Level)
	return v.store
}

func (v *vault) Keeping(context.Context, migration.Manifest) migration.Keeping { return v.keeping }

// copied is a run with a vault.
func copied(t *testing.T, s migration.Settings, v *vault, dump *dumper) (migration.Report, map[string]release.Evidence, error) {
	t.Helper()
	v.t = t
	s.Backup.Policy = migration.Always
	seen := new(release.Findings)
	report, err := migration.Run(t.Context(), s, migration.Systems{Database: newDatabase(t, migration.None), Dumper: dump, Vault: v}, "shop-1", seen)
	return report, found(seen), err
}

func TestTheCopyAndItsBucketAreEvidence(t *testing.T) {
	denied := errors.New("the IAM role may not do it")
	for name, c := range map[string]struct {
		keeping migration.Keeping
		keepFor time.Duration
		v3, v4  release.Status
	}{
		"closed, and kept for ever":   {migration.Keeping{Closed: true}, 720 * time.Hour, release.Passed, release.Passed},
		"kept as long as it has to":   {migration.Keeping{Closed: true, Days: 30}, 720 * time.Hour, release.Passed, release.Passed},
		"removed too early, and open": {migration.Keeping{Days: 29}, 720 * time.Hour, release.Failed, release.Failed},
		"nobody says for how long":    {migration.Keeping{Closed: true, Days: 30}, 0, release.Passed, release.NotShown},
		"nothing can be read":         {migration.Keeping{DaysErr: denied, ClosedErr: denied, EncryptedErr: denied}, 720 * time.Hour, release.NotShown, release.NotShown},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings(t, nil)
			s.Backup.KeepFor = c.keepFor
			report, seen, err := copied(t, s, &vault{keeping: c.keeping}, goodDumper())
			if err != nil || report.Backup.Copy == nil || len(report.Stored) != 1 || len(report.Kept) != 1 {
				t.Fatalf("%+v, %v", report, err)
			}
			for id, want := range map[string]release.Status{"A.5.s1": release.Passed, "A.5.s3": release.Passed, "A.5.v3": c.v3, "A.5.v4": c.v4} {
				if seen[id].Status != want {
					t.Errorf("%s: %+v, want %s", id, seen[id], want)
				}
			}
			if h := report.Backup.Handle(); h.Level != "decoded and complete; uploaded and read back" {
				t.Errorf("handle %+v", h)
			}
			for _, line := range c.keeping.Lines() {
				if line == "" || strings.Contains(line, "%!") {
					t.Errorf("line %q", line)
				}
			}
		})
	}
}

// TestWhatTheRehearsalHasProvenIsWrittenBesideTheCopy has a second attempt find the level.
func TestWhatTheRehearsalHasProvenIsWrittenBesideTheCopy(t *testing.T) {
	t.Parallel()
	s, v, dump := settings(t, map[string]string{"1_a.up.sql": "CREATE TABLE a ()"}), &vault{t: t}, goodDumper()
	s.Rehearsal = migration.Rehearsals{Image: "postgres:15", Data: migration.Backup, MaxSize: 1e9, Jobs: 1, Timeout: time.Hour}
	dump.rows = map[string]migration.Rows{"public.users": {Count: 3}}
	db := newDatabase(t, migration.None)
	db.try = func(migration.Step, int) error { return errors.New("not this time") }
	for attempt := range 2 {
		seen := new(release.Findings)
		r, err := migration.Run(t.Context(), s, migration.Systems{Database: db, Dumper: dump, Vault: v, Stage: &theatre{}}, "shop-1", seen)
		if err == nil || r.Backup.Level != migration.Restored || r.Reused != (attempt == 1) || len(v.levels) != attempt+1 || v.levels[attempt] != migration.Restored {
			t.Fatalf("attempt %d: %+v, %q, %v", attempt, r.Backup, v.levels, err)
		}
		if text := found(seen)["A.5.s1"].Observed; strings.Contains(text, "by an earlier attempt") != r.Reused {
			t.Errorf("attempt %d: %s", attempt, text)
		}
		if text, err := os.ReadFile(r.Backup.Path + ".json"); err != nil || !strings.Contains(string(text), "restored and compared") || strings.Contains(string(text), "copy") {
			t.Errorf("%s, %v", text, err)
		}
	}
}

func TestAVaultThatIsOutOfReachIsKnownBeforeTheDump(t *testing.T) {
	dump := goodDumper()
	report, seen, err := copied(t, settings(t, nil), &vault{list: errors.New("connection refused")}, dump)
	if err == nil || dump.calls != 0 || report.Backup != nil || seen["A.5.s3"].Status != release.NotShown {
		t.Errorf("%v, %d dumps", err, dump.calls)
	}
}

func TestABackupThatIsNotCopiedIsCopiedByTheNextAttempt(t *testing.T) {
	s, dump, v := settings(t, nil), goodDumper(), &vault{store: errors.New("the connection broke")}
	report, seen, err := copied(t, s, v, dump)
	if err == nil || !strings.Contains(err.Error(), "store backup: the connection broke") || report.Backup != nil || seen["A.5.s1"].Status != release.NotShown {
		t.Fatalf("%+v, %v", report, err)
	}
	v.store = nil
	report, _, err = copied(t, s, v, dump)
	if err != nil || !report.Reused || dump.calls != 1 || v.calls != 2 || report.Backup.Copy == nil {
		t.Errorf("%+v, %d dumps, %v", report, dump.calls, err)
	}
}

func TestTheLastBackupInTheVaultIsComparedWith(t *testing.T) {
	v := &vault{held: []migration.Shelved{{Name: "older", Bytes: 1, At: time.Now().Add(-2 * time.Hour)}, {Name: "last", Bytes: 1000, At: time.Now().Add(-time.Hour)}}}
	_, _, err := copied(t, settings(t, nil), v, goodDumper())
	if err == nil || !strings.Contains(err.Error(), "is less than 50 % of the last one, last with 1.0kB") || v.calls != 0 {
		t.Errorf("%v", err)
	}
}

func TestNothingStaysInAFolderThatIsNobodys(t *testing.T) {
	for name, v := range map[string]*vault{"it is copied": {}, "it is not": {store: errors.New("no")}} {
		s := settings(t, nil)
		s.Backup.Passing = true
		report, _, err := copied(t, s, v, goodDumper())
		if list := names(t, s.Backup.Directory); len(list) != 0 || len(report.Kept) != 0 || (err != nil) != (v.store != nil) {
			t.Errorf("%s: the folder has %q, %v", name, list, err)
		}
	}
}

func TestABackupThatIsYoungIsNotRemoved(t *testing.T) {
	s := settings(t, nil)
	s.Backup.Keep, s.Backup.KeepFor = 1, time.Hour
	var last migration.Report
	for _, id := range []release.ID{"shop-1", "shop-2", "shop-3"} {
		var err error
		if last, err = back(t, s, goodDumper(), id); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Millisecond) // names have milliseconds
	}
	if len(last.Kept) != 3 || len(last.Removed) != 0 {
		t.Errorf("kept %v, removed %q", last.Kept, last.Removed)
	}
	s.Backup.KeepFor = time.Nanosecond
	if last, err := back(t, s, goodDumper(), "shop-4"); err != nil || len(last.Kept) != 1 || len(last.Removed) != 3 {
		t.Errorf("kept %v, removed %q, %v", last.Kept, last.Removed, err)
	}
}

// keeper says of a backup what it is told to.
type keeper struct {
	found migration.Snapshot
	err   error
}

func (k keeper) Newest(_ context.Context, of migration.State) (migration.Snapshot, error) {
	if of.System != "7" {
		return k.found, errors.New("it was not told which system")
	}
	return k.found, k.err
}

func TestABackupThatIsMadeElsewhere(t *testing.T) {
	now := time.Now()
	for name, c := range map[string]struct {
		keeper keeper
		want   string // the error; empty for none
		status int
	}{
		"it is good":         {keeper{found: migration.Snapshot{Kind: "RDS snapshot", ID: "today", At: now.Add(-time.Hour)}}, "", 0},
		"it is too old":      {keeper{found: migration.Snapshot{Kind: "RDS snapshot", ID: "today", At: now.Add(-25 * time.Hour)}}, "find backup: RDS snapshot today is 25h0m", 1},
		"it is not over yet": {keeper{found: migration.Snapshot{Kind: "RDS snapshot", ID: "today", At: now.Add(time.Hour)}}, "which is in the future", 3},
		"there is none":      {keeper{err: release.Refuse("make one", "there is no snapshot")}, "find backup: there is no snapshot", 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings(t, nil)
			s.Backup.Policy, s.Backup.Directory, s.Backup.External.MaxAge = migration.Always, "", 24*time.Hour
			seen, dump := new(release.Findings), goodDumper()
			report, err := migration.Run(t.Context(), s, migration.Systems{Database: newDatabase(t, migration.None), Dumper: dump, Keeper: c.keeper}, "shop-1", seen)
			if dump.calls != 0 || release.ExitStatus(err) != c.status || (report.External != nil) != (c.want == "") {
				t.Fatalf("%+v, %d dumps, %v", report, dump.calls, err)
			}
			if c.want != "" {
				if !strings.Contains(err.Error(), c.want) || found(seen)["A.5.s1"].Status != release.NotShown {
					t.Errorf("%v, %+v", err, found(seen)["A.5.s1"])
				}
				return
			}
			all := found(seen)
			if all["A.5.s1"].Status != release.Passed || all["A.5.s2"].Status != release.NotShown || all["A.5.s3"].Status != release.NotShown {
				t.Errorf("%+v", all)
			}
			if h := report.External.Handle(); h.Name != "today" || !strings.HasPrefix(h.Level, "RDS snapshot: verified by id and age") {
				t.Errorf("%+v", h)
			}
		})
	}
}

func TestBackupsThatCannotBeMeant(t *testing.T) {
	rds := migration.External{MaxAge: time.Hour, RDS: migration.RDS{Instance: "shop"}}
	for want, change := range map[string]func(*migration.Backups){
		"external: want it without directory and s3": func(b *migration.Backups) { b.External = rds },
		"keep-for -1s: want 0s to":                   func(b *migration.Backups) { b.KeepFor = -time.Second },
		"hash: want a count-timeout above 0":         func(b *migration.Backups) { b.Hash = []string{"users"} },
		"count-timeout 2h0m0s: want 0s to 1h0m0s":    func(b *migration.Backups) { b.CountTimeout = 2 * time.Hour },
		"kms-key: want it with encryption aws:kms":   func(b *migration.Backups) { b.S3 = migration.Bucket{Name: "b", Key: "k", Encryption: migration.AES} },
		"bucket is missing": func(b *migration.Backups) {
			b.S3 = migration.Bucket{Account: migration.Account{Endpoint: "https://s3"}}
		},
		"rds and pgbackrest: want one of them": func(b *migration.Backups) {
			b.External = rds
			b.External.PgBackRest.Stanza = "shop"
		},
		"rds: want an instance or a cluster":        func(b *migration.Backups) { b.External = rds; b.External.RDS.Cluster = "shop" },
		"max-age 0s: want 1m0s":                     func(b *migration.Backups) { b.External = rds; b.External.MaxAge = 0 },
		"rds.snapshot: want the instance":           func(b *migration.Backups) { b.External.RDS.Snapshot = "x" },
		"pgbackrest.label: want the stanza that it": func(b *migration.Backups) { b.External.PgBackRest.Label = "x" },
	} {
		b := settings(t, nil).Backup
		change(&b)
		if err := errors.Join(b.Check(), b.S3.Check(), b.External.Check()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	var e migration.Encryption
	if err := e.UnmarshalText([]byte("aes")); err == nil || e.UnmarshalText([]byte("aws:kms")) != nil {
		t.Errorf("%v", err)
	}
}

func TestTheReleaseIsInTheNameOfABackup(t *testing.T) {
	for name, want := range map[string]release.ID{
		"shop-20261126T141600.000Z-owner-shop-7.dump":   "owner-shop-7",
		"a/b/my-shop-20261126T141600.123Z-7.dump":       "7",
		"shop-20261126T141600.000Z-owner-shop-7.dump.x": "", "notes.dump": "", "": "",
	} {
		if have := migration.Owner(name); have != want {
			t.Errorf("%s: %q, want %q", name, have, want)
		}
	}
}
