package review

import (
	"fmt"
	"strings"
)

// Document is docs/rules.md: every rule, with its examples as the tests run them.
func Document() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `# The rules of the review

Every statement of a pending migration is judged before anything changes: safe, risky or unsafe for the version
that is live meanwhile. A risky statement needs an acknowledgement in the line before it, an unsafe one needs the
rule in `+"`database.allow`"+` of the configuration as well:

`+"```sql"+`
-- bluegreen: allow drop-column nobody has read it since release 41
ALTER TABLE users DROP COLUMN nick;
`+"```"+`

A rule that says *fails* cannot be allowed: PostgreSQL would refuse the file. One that says *style* is looked for
with `+"`bluegreen lint --style`"+` only; *rehearsal* is found on the scratch database of a rehearsal. Tables that the same release makes are nobody's yet: most rules leave them alone.
The locks are those of PostgreSQL %d to %d. This page is written from the rules themselves; the tests run its examples.

| rule | level | what it finds |
| --- | --- | --- |
`, Oldest, Newest)
	for _, r := range rules {
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s |\n", r.ID, r.ID, r.kind(), r.Title)
	}
	for _, r := range rules {
		fmt.Fprintf(&b, "\n## %s\n\n%s: %s. What it does to the live version: %s.\n\nInstead: %s.\n\n", r.ID, title(r.kind()), r.Title, r.Breaks, r.Instead)
		if r.Given != "" {
			fmt.Fprintf(&b, "With\n\n```sql\n%s\n```\n\n", r.Given)
		}
		fmt.Fprintf(&b, "Found in\n\n```sql\n%s\n```\n\nNot in\n\n```sql\n%s\n```\n", r.Bad, r.Good)
	}
	return []byte(b.String())
}

func (r Rule) kind() string {
	text := r.Level.String()
	if r.Fails {
		text += ", fails"
	}
	if r.Seen {
		text += ", rehearsal"
	}
	if r.Style {
		text += ", style"
	}
	return text
}

func title(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
