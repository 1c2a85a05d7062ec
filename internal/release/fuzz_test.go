package release_test

import (
	"encoding"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// FuzzRecord holds to this: what was read can be written, and reads the same.
func FuzzRecord(f *testing.F) {
	for _, job := range jobs {
		text, err := job.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add(`{"shifted":{"weight":"10%"}}{"shifted":null}`)
	f.Add(`{"id":"a","ID":"b"}`)
	f.Fuzz(func(t *testing.T, text string) {
		var r, again release.Record
		if r.UnmarshalText([]byte(text)) != nil {
			return
		}
		out, err := r.Encode()
		if err != nil && len(text) <= release.MaxRecord/8 {
			t.Fatal(err)
		}
		if err != nil {
			return
		}
		if err := again.UnmarshalText([]byte(out)); err != nil {
			t.Fatalf("%s: %v", out, err)
		}
		if second, err := again.Encode(); err != nil || second != out {
			t.Errorf("%s became %s, %v", out, second, err)
		}
	})
}

// FuzzEvidences holds to this: every item that was read has an id and a known
// status, no id is there twice, and what is written reads the same.
func FuzzEvidences(f *testing.F) {
	f.Add(`[{"id":"1.1","status":"passed","observed":"o","at":"2026-10-01T12:00:00Z"}]`)
	f.Add(`[{"id":"1.1","status":"failed"},{"id":"1.1","status":"passed"}][]`)
	f.Fuzz(func(t *testing.T, text string) {
		var e, again release.Evidences
		if e.UnmarshalText([]byte(text)) != nil {
			return
		}
		seen := map[string]bool{}
		for _, one := range e {
			if status := one.Status; one.ID == "" || seen[one.ID] || status.UnmarshalText([]byte(one.Status)) != nil {
				t.Errorf("%q was taken as %+v", text, one)
			}
			seen[one.ID] = true
		}
		out, err := e.Encode()
		if err == nil {
			err = again.UnmarshalText([]byte(out))
		}
		if err != nil || !cmp.Equal([]release.Evidence(e), []release.Evidence(again)) {
			t.Errorf("%v became %s and %v, %v", e, out, again, err)
		}
	})
}

func FuzzSize(f *testing.F) {
	fuzzNumber(f, func() number { return new(release.Size) }, "1", "1.5kB", "250 MB", "2GB", "1e3B", "-0", "0x1p4B", "9999999999GB")
}

func FuzzWeight(f *testing.F) {
	fuzzNumber(f, func() number { return new(release.Weight) }, "0", "100", "10%", "+5", "007", "1_0", " 5 %")
}

type number interface {
	encoding.TextUnmarshaler
	fmt.Stringer
}

// fuzzNumber holds a number to this: it is in its range, and what it prints is
// text that it takes, and prints again.
func fuzzNumber(f *testing.F, fresh func() number, seeds ...string) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, again := fresh(), fresh()
		if n.UnmarshalText([]byte(text)) != nil {
			return
		}
		if w, ok := n.(*release.Weight); ok && (*w < 0 || *w > 100) {
			t.Errorf("%q is %d", text, *w)
		}
		if s, ok := n.(*release.Size); ok && *s < 0 {
			t.Errorf("%q is %d", text, *s)
		}
		if err := again.UnmarshalText([]byte(n.String())); err != nil || again.String() != n.String() {
			t.Errorf("%q prints %s and then %s, %v", text, n, again, err)
		}
	})
}
