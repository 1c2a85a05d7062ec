package postgres

import "testing"

// FuzzContents holds to this: whatever pg_restore lists is read, and a line says
// one thing of one table.
func FuzzContents(f *testing.F) {
	for _, seed := range []string{
		"215; 1259 16386 TABLE public users postgres\n3345; 0 16386 TABLE DATA public users postgres\n",
		"; header\n1; 2 3 MATERIALIZED VIEW DATA a b c\n", "1; 2 99999999999 TABLE a b c\n", "1; 2 3 TABLE ATTACH a b\n", "1;\n", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, list string) {
		c, lines := contents(list), 1
		for _, r := range list {
			if r == '\n' {
				lines++
			}
		}
		if len(c.Defined)+len(c.Filled) > lines {
			t.Errorf("%q: %d tables, %d with rows, of %d lines", list, len(c.Defined), len(c.Filled), lines)
		}
	})
}
