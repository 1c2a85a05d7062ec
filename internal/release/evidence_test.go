package release_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

func TestFindingsKeepTheWorse(t *testing.T) {
	t.Parallel()
	pass := func(f *release.Findings) { f.Show("1.1", true, "passed") }
	fail := func(f *release.Findings) { f.Show("1.1", false, "failed") }
	sign := func(f *release.Findings) { f.Decide("1.1", true, time.Time{}, "signed") }
	miss := func(f *release.Findings) { f.Miss("1.1", "missed") }
	exempt := func(f *release.Findings) { f.Exempt("1.1", "exempted") }
	tests := map[string]struct {
		seen []func(*release.Findings)
		want string
	}{
		"failed after passed":                    {[]func(*release.Findings){pass, fail}, "failed"},
		"failed before passed":                   {[]func(*release.Findings){fail, pass}, "failed"},
		"passed after not shown":                 {[]func(*release.Findings){miss, pass}, "passed"},
		"not shown does not undo passed":         {[]func(*release.Findings){pass, miss}, "passed"},
		"nothing to observe over not observed":   {[]func(*release.Findings){miss, exempt, miss}, "exempted"},
		"an observation over nothing to observe": {[]func(*release.Findings){exempt, pass, exempt}, "passed"},
		"a signature over an observation":        {[]func(*release.Findings){pass, sign}, "signed"},
		"a signature does not heal":              {[]func(*release.Findings){fail, sign}, "failed"},
		"the first of two alike is kept":         {[]func(*release.Findings){pass, func(f *release.Findings) { f.Show("1.1", true, "again") }}, "passed"},
		"another item has nothing to do with it": {[]func(*release.Findings){pass, func(f *release.Findings) { f.Show("1.2", false, "other") }}, "passed"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var f release.Findings
			for _, see := range tt.seen {
				see(&f)
			}
			if got := f.List()[0]; got.ID != "1.1" || got.Observed != tt.want {
				t.Errorf("got %+v, want %s", got, tt.want)
			}
		})
	}
}

func TestFindingsSayWhen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var f release.Findings
		f.Show("1.1", true, "%d of %d healthy", 3, 3)
		time.Sleep(1500 * time.Microsecond)
		f.Miss("1.2", "nobody asked")
		f.Decide("1.3", true, time.Time{}, "signed, nobody knows when")
		start := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
		want := []release.Evidence{
			{ID: "1.1", Status: release.Passed, Observed: "3 of 3 healthy", At: start},
			{ID: "1.2", Status: release.NotShown, Observed: "nobody asked", At: start.Add(time.Millisecond)},
			{ID: "1.3", Status: release.SignedOff, Observed: "signed, nobody knows when"},
		}
		if diff := cmp.Diff(want, f.List()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTheListIsACopy(t *testing.T) {
	t.Parallel()
	var f release.Findings
	f.Show("1.1", false, "down")
	f.List()[0].Status = release.Passed
	if f.List()[0].Status != release.Failed {
		t.Error("a reader changed the evidence")
	}
}

// What counts is the room that it takes on its way to the record.
func TestObservationsAreCut(t *testing.T) {
	t.Parallel()
	for _, one := range []string{"x", "ü", "<", "\x00", "\u2028", "\xff", "😀", `"`} {
		var f release.Findings
		f.Show("1.1", true, "%s", strings.Repeat(one, 10_000))
		got := f.List()[0].Observed
		text, err := json.Marshal(got)
		if n := len(text) - 2; err != nil || n > 160 || n < 145 || !strings.HasSuffix(got, one+"…") {
			t.Errorf("%q: %d bytes, ending in %q", one, n, got)
		}
	}
	var f release.Findings
	f.Show("1.1", true, "%s", strings.Repeat("x", 160))
	if got := f.List()[0].Observed; len(got) != 160 {
		t.Errorf("what fits was cut: %q", got)
	}
}

func TestEvidences(t *testing.T) {
	t.Parallel()
	const at = `"2026-10-01T12:00:00Z"`
	item := func(id, status string) string {
		return `[{"id":"` + id + `","status":"` + status + `","observed":"o","at":` + at + `}]`
	}
	tests := map[string]struct {
		text string
		want string // the ids and statuses; "!" means that the text is refused
	}{
		"nothing":                            {"", ""},
		"an empty list":                      {"[]", ""},
		"one job":                            {item("1.1", "passed"), "1.1 passed"},
		"two jobs, one after the other":      {item("1.1", "passed") + "\n" + item("1.2", "not shown"), "1.1 passed, 1.2 not shown"},
		"two jobs that saw the same":         {item("1.1", "failed") + item("1.1", "passed"), "1.1 failed"},
		"a status that is none":              {item("1.1", "ticked"), "!"},
		"no status":                          {`[{"id":"1.1","observed":"o","at":` + at + `}]`, "!"},
		"no id":                              {item("", "passed"), "!"},
		"an item that is null":               {`[null]`, "!"},
		"a field that nobody knows":          {`[{"id":"1.1","status":"passed","by":"me"}]`, "!"},
		"an item that is not in a list":      {`{"id":"1.1"}`, "!"},
		"a time that is none":                {`[{"id":"1.1","status":"passed","at":"noon"}]`, "!"},
		"a list that is cut":                 {item("1.1", "passed")[:20], "!"},
		"the word that stands for no output": {"none", ""},
		"a job without an output":            {item("1.1", "passed") + " none\nnone " + item("1.2", "failed"), "1.1 passed, 1.2 failed"},
		"another word":                       {"nonesuch", "!"},
		"a word without space before it":     {item("1.1", "passed") + "none[]", "!"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var e release.Evidences
			err := e.UnmarshalText([]byte(tt.text))
			if tt.want == "!" {
				if err == nil || !strings.HasPrefix(err.Error(), "evidence: ") {
					t.Errorf("got %v, %v, want an error about the evidence", e, err)
				}
				return
			}
			var got []string
			for _, one := range e {
				got = append(got, one.ID+" "+string(one.Status))
			}
			if err != nil || strings.Join(got, ", ") != tt.want {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestEvidencesEncodeOnOneLine(t *testing.T) {
	t.Parallel()
	if text, err := (release.Evidences)(nil).Encode(); err != nil || text != "[]" {
		t.Errorf("got %q, %v", text, err)
	}
	var f release.Findings
	f.Show("1.1", true, "two\nlines <b>& \u2028 %s", "\xff")
	text, err := release.Evidences(f.List()).Encode()
	if err != nil || strings.ContainsAny(text, "\r\n") || !json.Valid([]byte(text)) {
		t.Errorf("got %q, %v", text, err)
	}
}
