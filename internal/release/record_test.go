package release_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

var noon = time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)

func digest(digit string) release.Digest {
	return release.Digest("sha256:" + strings.Repeat(digit, 64))
}

// jobs is what the jobs of a release add, in their order.
var jobs = []release.Record{
	{ID: "shop-4711", Version: "v1.2.0", Commit: release.Commit(strings.Repeat("a", 40)), Candidate: release.Green, Good: release.Blue, Started: noon},
	{Images: map[string]release.Digest{"web": digest("1"), "worker": digest("2")}},
	{Schema: &release.Schema{Before: 6, After: 8, Applied: []uint{7, 8}}, Backup: &release.Backup{Name: "b-4711", SHA256: strings.Repeat("c", 64), Bytes: 4096, Level: "restored"}},
	{ID: "shop-4711"},
	{Smoked: map[string]release.Digest{"web": digest("1"), "worker": digest("2")}},
	{Shifted: &release.Shifted{Weight: 100, At: noon.Add(time.Hour)}},
}

func TestTheOutputsOfAllJobsMakeOneRecord(t *testing.T) {
	t.Parallel()
	var stream strings.Builder
	for i, job := range jobs {
		text, err := job.Encode()
		if err != nil || strings.ContainsAny(text, "\r\n") {
			t.Fatalf("job %d: %q, %v", i, text, err)
		}
		fmt.Fprintf(&stream, " %s\n\n", text)
	}
	want := jobs[0]
	want.Images, want.Schema, want.Backup = jobs[1].Images, jobs[2].Schema, jobs[2].Backup
	want.Smoked, want.Shifted = jobs[4].Smoked, jobs[5].Shifted
	var got release.Record
	if err := got.UnmarshalText([]byte(stream.String())); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestALaterJobIsBelieved(t *testing.T) {
	t.Parallel()
	const stream = `{"images":{"web":"sha256:%[1]s"},"started":"2026-10-01T12:00:00Z","shifted":{"weight":100,"at":"2026-10-01T12:00:00Z"},"first":true}
		{"images":{"web":"sha256:%[2]s"},"started":"2026-10-02T12:00:00Z","shifted":{"weight":0,"rolledBack":true,"reason":"5xx","at":"2026-10-01T12:05:00Z"}}`
	var got release.Record
	text := fmt.Sprintf(stream, strings.Repeat("1", 64), strings.Repeat("2", 64))
	if err := got.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	want := release.Record{
		Images: map[string]release.Digest{"web": digest("2")}, Started: noon, First: true,
		Shifted: &release.Shifted{RolledBack: true, Reason: "5xx", At: noon.Add(5 * time.Minute)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRecordsThatAreRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ text, want string }{
		"a field that nobody knows": {`{"live":"blue"}`, "unknown field"},
		"two releases":              {`{"id":"shop-1"}{"id":"shop-2"}`, `disagree about the id: "shop-1" and "shop-2"`},
		"two versions":              {`{"version":"v1"}{"version":"v2"}`, "disagree about the version"},
		"two commits":               {`{"commit":"` + hex64[:40] + `"}{"commit":"` + hex64 + `"}`, "disagree about the commit"},
		"two candidates":            {`{"candidate":"blue"}{"candidate":"green"}`, "disagree about the candidate"},
		"two ways back":             {`{"good":"blue"}{"good":"green"}`, "disagree about the good"},
		"disagreement between the first and the third": {`{"good":"blue"}{}{"good":"green"}`, "disagree about the good"},
		"a digest that is none":                        {`{"images":{"web":"latest"}}`, "want sha256:"},
		"a slot that is none":                          {`{"candidate":"red"}`, "want blue or green"},
		"an empty slot":                                {`{"good":""}`, "want blue or green"},
		"a weight that is none":                        {`{"shifted":{"weight":120,"at":"2026-10-01T12:00:00Z"}}`, "from 0 to 100"},
		"a schema before the first":                    {`{"schema":{"before":-1,"after":2}}`, "schema.before"},
		"a list of records":                            {`[{"id":"shop-1"}]`, "release: "},
		"a record that is cut":                         {`{"id":"shop-1"`, "unexpected EOF"},
		"text after the record":                        {`{"id":"shop-1"} nonesuch`, "release: "},
		"a record without end":                         {strings.Repeat(`{"id":"shop-1"}`, 10_000), "want at most 131072"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := release.Record{ID: "before"}
			err := r.UnmarshalText([]byte(tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
			if diff := cmp.Diff(release.Record{ID: "before"}, r); diff != "" {
				t.Errorf("a refused text changed the record: %s", diff)
			}
		})
	}
}

func TestTwoDisagreementsAreBothReported(t *testing.T) {
	t.Parallel()
	var r release.Record
	err := r.UnmarshalText([]byte(`{"id":"a","good":"blue"}{"id":"b","good":"green"}`))
	if err == nil || !strings.Contains(err.Error(), "the id") || !strings.Contains(err.Error(), "the good") {
		t.Errorf("got %v", err)
	}
}

func TestNothingIsAnEmptyRecord(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", " \n", "{}", "null", "{}\n{}"} {
		var r release.Record
		if err := r.UnmarshalText([]byte(text)); err != nil || !cmp.Equal(r, release.Record{}) {
			t.Errorf("%q: got %+v, %v", text, r, err)
		}
	}
	if text, err := (release.Record{}).Encode(); err != nil || text != "{}" {
		t.Errorf("got %q, %v", text, err)
	}
}

// A job whose output could not be written must not keep the way back from its
// input.
func TestAJobWithoutARecordIsPassedOver(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{"id":"shop-1"} none`, `none {"id":"shop-1"}`, "none\n" + `{"id":"shop-1"}none none`} {
		var r release.Record
		if err := r.UnmarshalText([]byte(text)); err != nil || r.ID != "shop-1" {
			t.Errorf("%q: got %+v, %v", text, r, err)
		}
	}
}

// In a later attempt a job that has failed before stays in the list with its old
// output, after the outputs of the jobs that ran.
func TestTheLaterMoveOfTheTrafficIsBelieved(t *testing.T) {
	t.Parallel()
	const (
		back = `{"shifted":{"weight":0,"rolledBack":true,"reason":"5xx","at":"2026-10-01T12:00:00Z"}}`
		live = `{"shifted":{"weight":100,"at":"2026-10-01T13:00:00Z"}}`
	)
	for _, text := range []string{back + live, live + back} {
		var r release.Record
		if err := r.UnmarshalText([]byte(text)); err != nil || r.Shifted.Weight != 100 || r.Shifted.RolledBack {
			t.Errorf("%s: got %+v, %v", text, r.Shifted, err)
		}
	}
}

func TestARecordHasALargestSize(t *testing.T) {
	t.Parallel()
	r := release.Record{Images: map[string]release.Digest{}}
	for i := range 100 {
		r.Images[fmt.Sprintf("image-%03d", i)] = digest("a")
	}
	if _, err := r.Encode(); err != nil {
		t.Errorf("a hundred images: %v", err)
	}
	for i := range 1000 {
		r.Images[fmt.Sprintf("image-%03d", i)] = digest("a")
	}
	if text, err := r.Encode(); err == nil || text != "" || !strings.Contains(err.Error(), "want at most 32768") {
		t.Errorf("a thousand images: %d bytes, %v", len(text), err)
	}
}
