package slot

import "testing"

// FuzzClassify holds to this: every line of a container has a level, only one that
// is an error has a kind, and the kind does not change by being looked at twice.
func FuzzClassify(f *testing.F) {
	for _, seed := range []string{
		`{"level":"ERROR","msg":"mail 41 bounced"}`, `{"level":60,"msg":null}`, `{"level":{"a":[]}}`, `level=error msg="user 7"`,
		"panic: runtime error", "ERROR \xff\x00", "::error::x", "{", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		found, kind := classify(line)
		if again, same := classify(line); again != found || same != kind {
			t.Errorf("%q is %v %q, then %v %q", line, found, kind, again, same)
		}
		if found == harmless && kind != "" {
			t.Errorf("%q is harmless and of the kind %q", line, kind)
		}
	})
}

// FuzzCounts holds to this: a label that somebody else wrote gives no count
// without a number.
func FuzzCounts(f *testing.F) {
	for _, seed := range []string{"web=2 worker=1", "web", "=1", "web=-1", "web=99999999999999999999", "a=b=1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, label string) {
		if counts := parseCounts(label); len(counts) > len(label)/2 {
			t.Errorf("%q has %d counts", label, len(counts))
		}
	})
}
