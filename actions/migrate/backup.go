package migrate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

// backup shows what there is to go back to, and what is proven of it.
func backup(page *summary.Page, r migration.Report) {
	switch b, s := r.Backup, r.External; {
	case b != nil:
		page.Table([]string{"backup", "size", "proven", "sha256"}, [][]string{{b.Name, release.Size(b.Bytes).String(), b.Proven(), b.SHA256}})
		if r.Reused {
			page.Say("Reused: an earlier attempt of this release took it at %s, before its files.", b.TakenAt.UTC().Format(time.RFC3339))
		}
		page.Say("%s", counted(*b))
		lastResort(page, b.TakenAt)
		kept(page, r, b.TakenAt)
	case s != nil:
		page.Table([]string{"backup", "size", "proven", "kept"}, [][]string{{s.Kind + " " + s.ID, size(s.Bytes), string(migration.SnapshotLevel), s.Status}})
		lastResort(page, s.At)
	case r.NoBackup != "":
		page.Say("Backup: %s.", r.NoBackup)
	}
}

func lastResort(page *summary.Page, at time.Time) {
	page.Say("Restoring it loses what is written after %s: it is the last resort, and no rollback.", at.UTC().Format(time.RFC3339))
}

func size(bytes int64) string {
	if bytes == 0 {
		return "not told"
	}
	return release.Size(bytes).String()
}

// counted says how many rows the snapshot had, and of which tables they are hashed.
func counted(m migration.Manifest) string {
	var rows int64
	var hashed []string
	for _, name := range slices.Sorted(maps.Keys(m.Rows)) {
		rows += m.Rows[name].Count
		if m.Rows[name].Hash != "" {
			hashed = append(hashed, name)
		}
	}
	text := fmt.Sprintf("Counted in the snapshot: %d rows in %d tables.", rows, len(m.Rows))
	if len(hashed) > 0 {
		text += " Hashed: " + strings.Join(hashed, ", ") + "."
	}
	return text
}

// kept lists the backups that there are, the newest first.
func kept(page *summary.Page, r migration.Report, now time.Time) {
	const most = 20
	var rows [][]string
	add := func(where string, list []migration.Shelved) {
		for _, h := range slices.Backward(list) {
			rows = append(rows, []string{h.Name, where, age(now.Sub(h.At)), release.Size(h.Bytes).String()})
		}
	}
	add("folder", r.Kept)
	add("bucket", r.Stored)
	if len(rows) > 1 {
		slices.SortStableFunc(rows, func(a, b []string) int { return cmp.Compare(b[0], a[0]) })
		page.Table([]string{"kept", "where", "age", "size"}, rows[:min(len(rows), most)])
	}
	if len(rows) > most {
		page.Say("%d older ones are not shown.", len(rows)-most)
	}
	if len(r.Removed) > 0 {
		page.Say("Removed from the folder, beyond `database.backup.keep`: %s.", strings.Join(r.Removed, ", "))
	}
	if r.Keeping != nil {
		for _, line := range r.Keeping.Lines() {
			page.Say("%s", line)
		}
	}
}

// age is a time span as people say it.
func age(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "new"
	case d < 48*time.Hour:
		return d.Round(time.Minute).String()
	}
	return fmt.Sprintf("%d days", int(d.Hours())/24)
}
