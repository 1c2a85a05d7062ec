package migration

import (
	"fmt"
	"strings"
)

// Mismatch says in Markdown how the schema differs from the one that the good slot
// was released with, and what to do about it. The state is what the database says
// now, nil when it could not be asked.
func (d Decision) Mismatch(now *State) string {
	schema := d.Schema
	var text strings.Builder
	fmt.Fprintf(&text, "# The schema after the rollback\n\n%s.\n\n", d.Reason)
	switch {
	case now == nil:
		fmt.Fprintf(&text, "The database could not be asked for its version; this release left it at %d.\n", schema.After)
	case now.Dirty:
		fmt.Fprintf(&text, "**The database is dirty at version %v**: a migration was killed. Run `bluegreen migrate` again, which settles it.\n", now.Version)
	case now.Version.recorded() != schema.After && !d.Gone:
		fmt.Fprintf(&text, "**The database is at version %v**, although this release left it at %d: somebody else has changed it since.\n", now.Version, schema.After)
	default:
		fmt.Fprintf(&text, "The database is at version %v, clean.\n", now.Version)
	}
	if len(d.Verdicts) == 0 || d.Gone {
		text.WriteString("\nThe good slot runs on the schema that it was released with.\n")
		return text.String()
	}
	fmt.Fprintf(&text, "\nThe good slot was released with version %d, and now runs with what these migrations have added:\n\n", schema.Before)
	for _, v := range d.Verdicts {
		fmt.Fprintf(&text, "- `%s`\n", strings.ReplaceAll(v.Reason, "`", "'"))
	}
	text.WriteString("\nWhat the next release needs to change about them goes forward, as a new migration: the files that were applied stay as they are.\n")
	return text.String()
}
