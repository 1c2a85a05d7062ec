package migration

import "github.com/bluegreen-actions/bluegreen/internal/release"

// ofBackup are the items that a backup shows.
var ofBackup = []string{"A.5.s1", "A.5.s2", "A.5.s3", "A.5.v1", "A.5.v3", "A.5.v4"}

func (r *run) backupEvidence(seen *release.Findings) {
	switch {
	case r.report.External != nil:
		r.externalEvidence(seen, *r.report.External)
	case r.report.Backup != nil:
		b := r.report.Backup
		seen.Show("A.5.s1", true, "%s of release %s%s: pg_dump %s of server %s ended with status 0", b.Name, b.Release, r.report.reused(), b.Tool, b.Server)
		seen.Show("A.5.s2", true, "read back whole: %s, SHA-256 %s, %d bytes", b.Level, b.SHA256, b.Bytes)
		r.tableEvidence(seen, len(b.Tables))
		r.restoreEvidence(seen, *b)
		r.copyEvidence(seen, b.Copy)
	case r.report.NoBackup != "":
		r.miss(seen, r.report.NoBackup, ofBackup...)
	default:
		r.miss(seen, "the run ended before a backup was taken and verified", ofBackup...)
	}
}

// restoreEvidence goes by what is written of the backup, since an attempt that has
// nothing left to rehearse does not restore it again. One that has tried, and did not
// come to compare it, leaves that open.
func (r *run) restoreEvidence(seen *release.Findings, b Manifest) {
	h := r.report.Rehearsal
	switch {
	case b.Level != Restored:
	case h != nil && h.Tables > 0:
		seen.Show("A.5.v2", true, "restored in a scratch database: %d tables have as many rows as the snapshot of the backup had", h.Tables)
	case h != nil && h.Data:
		seen.Miss("A.5.v2", "restored and compared by an earlier attempt; this one ended before it was compared")
	default:
		seen.Show("A.5.v2", true, "restored in a scratch database by an earlier attempt: %d tables had as many rows as the snapshot of the backup had", len(b.Rows))
	}
}

// reused says when the backup is not one of this run.
func (r Report) reused() string {
	if r.Reused {
		return ", by an earlier attempt"
	}
	return ""
}

func (r *run) tableEvidence(seen *release.Findings, tables int) {
	if tables == 0 {
		seen.Miss("A.5.v1", "the database has no table yet")
		return
	}
	seen.Show("A.5.v1", true, "each of the %d tables of the snapshot is in the backup, with its rows", tables)
}

// copyEvidence shows what the object store has said of the copy and of its bucket.
func (r *run) copyEvidence(seen *release.Findings, c *Copy) {
	k := r.report.Keeping
	if c == nil || k == nil {
		seen.Miss("A.5.s3", "the backup was not copied to an object store")
		seen.Miss("A.5.v3", "whether the backup folder is on another host, encrypted and closed was not read")
		seen.Miss("A.5.v4", "a retention of the folder was applied; no bucket's lifecycle was read back")
		return
	}
	seen.Show("A.5.s3", true, "%v: the object has %d bytes and the checksum %s, as the dump has", *c, c.Bytes, c.SHA256)
	if k.ClosedErr != nil {
		seen.Miss("A.5.v3", "the object is encrypted with %s; the public access block of the bucket could not be read", c.Encryption)
	} else {
		seen.Show("A.5.v3", k.Closed && c.Encryption != Plain, "in an object store, not on the host of the database; public access is blocked: %t, encryption of the object: %s", k.Closed, c.Encryption)
	}
	least := r.settings.Backup.KeepFor
	switch {
	case k.DaysErr != nil:
		seen.Miss("A.5.v4", "the lifecycle of the bucket could not be read")
	case least == 0:
		seen.Miss("A.5.v4", "%s; database.backup.keep-for does not say how long it has to be kept", k.ends())
	default:
		seen.Show("A.5.v4", k.suffices(least), "%s; it has to be kept for %v", k.ends(), least)
	}
}

// externalEvidence shows no more than who keeps the backup says of it.
func (r *run) externalEvidence(seen *release.Findings, s Snapshot) {
	seen.Show("A.5.s1", true, "%v; it was made without this tool and is younger than %v", s, r.settings.Backup.External.MaxAge)
	seen.Show("A.5.v1", true, "%s %s is of the whole server", s.Kind, s.ID)
	r.miss(seen, "the backup was made without this tool: "+string(SnapshotLevel), "A.5.s2", "A.5.s3", "A.5.v4")
	seen.Miss("A.5.v3", "%s %s: encrypted %t; who may read it was not looked at", s.Kind, s.ID, s.Encrypted)
}
