package preflight_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/preflight"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

const commit release.Commit = "0123456789abcdef0123456789abcdef01234567"

func plan(first bool) preflight.Plan {
	return preflight.Plan{Repository: "acme/mailblast", Run: 77, Version: "v1.2.0", Commit: commit, First: first}
}

func TestTheCandidate(t *testing.T) {
	blue, green := release.Split(release.Blue, 100), release.Split(release.Green, 100)
	split := release.Split(release.Green, 10)
	tests := []struct {
		sentence  string
		traffic   preflight.Traffic
		first     bool
		candidate release.Slot
		good      release.Slot
		want      string
		exit      int
	}{
		{"blue is live: green", preflight.Traffic{Weights: blue, Serving: true}, false, release.Green, release.Blue, "", 0},
		{"green is live: blue", preflight.Traffic{Weights: green, Serving: true}, false, release.Blue, release.Green, "", 0},
		{"another release wrote something down: the weights decide", preflight.Traffic{Weights: green, Serving: true, Owner: "acme-mailblast-76", Good: release.Blue}, false, release.Blue, release.Green, "", 0},
		{"nothing is live: refused", preflight.Traffic{}, false, "", "", "no slot is live", 1},
		{"nothing is live, and it is the first: blue", preflight.Traffic{}, true, release.Blue, "", "", 0},
		{"the balancer points at an empty slot: refused", preflight.Traffic{Weights: blue}, false, "", "", "no slot is live", 1},
		{"the balancer points at an empty slot, and it is the first: away from it", preflight.Traffic{Weights: blue}, true, release.Green, "", "", 0},
		{"a first release where something else answers: refused", preflight.Traffic{Weights: blue, Stranger: "web"}, true, "", "", "its web answers, but no container of the slot runs", 1},
		{"a release where something else answers: refused", preflight.Traffic{Weights: blue, Stranger: "web"}, false, "", "", "its web answers", 1},
		{"a first release where one is live: bad input", preflight.Traffic{Weights: blue, Serving: true}, true, "", "", "blue is live, so this is not the first release", 2},
		{"the first release runs again, live already", preflight.Traffic{Weights: green, Serving: true, Owner: "acme-mailblast-77"}, true, release.Green, "", "", 0},
		{"split by another release: refused", preflight.Traffic{Weights: split, Serving: true, Owner: "acme-mailblast-76", Good: release.Blue}, false, "", "", "split, blue 90% green 10%: it is release acme-mailblast-76", 1},
		{"split by nobody: refused", preflight.Traffic{Weights: split, Serving: true}, false, "", "", "nobody wrote down", 1},
		{"split by anybody, even in a first release: refused", preflight.Traffic{Weights: split, Serving: true}, true, "", "", "the traffic is split", 1},
		{"weights that add up to nothing known: refused", preflight.Traffic{Weights: release.Weights{Blue: 50}, Serving: true}, false, "", "", "the traffic is split", 1},
		{"split by this release: as before", preflight.Traffic{Weights: split, Serving: true, Owner: "acme-mailblast-77", Good: release.Blue}, false, release.Green, release.Blue, "", 0},
		{"this release is live already: as before", preflight.Traffic{Weights: green, Serving: true, Owner: "acme-mailblast-77", Good: release.Blue}, false, release.Green, release.Blue, "", 0},
		{"this release was rolled back: as before", preflight.Traffic{Weights: blue, Serving: true, Owner: "acme-mailblast-77", Good: release.Blue}, false, release.Green, release.Blue, "", 0},
	}
	for _, test := range tests {
		t.Run(test.sentence, func(t *testing.T) {
			t.Parallel()
			record, err := plan(test.first).Record(test.traffic, time.Now())
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error %v, want %q", err, test.want)
			}
			if release.ExitStatus(err) != test.exit || err != nil && release.HintOf(err) == "" {
				t.Errorf("exit status %d with hint %q, want %d", release.ExitStatus(err), release.HintOf(err), test.exit)
			}
			if record.Candidate != test.candidate || record.Good != test.good {
				t.Errorf("candidate %q, good %q; want %q, %q", record.Candidate, record.Good, test.candidate, test.good)
			}
			if err == nil && (record.ID != "acme-mailblast-77" || record.First != (test.good == "") || record.Version != "v1.2.0" || record.Commit != commit || record.Started.IsZero()) {
				t.Errorf("record %+v", record)
			}
		})
	}
}

func TestARecordNeedsItsFacts(t *testing.T) {
	tests := map[string]func(*preflight.Plan){
		"a repository": func(p *preflight.Plan) { p.Repository = "" },
		"a run":        func(p *preflight.Plan) { p.Run = 0 },
		"a version":    func(p *preflight.Plan) { p.Version = "" },
		"a commit":     func(p *preflight.Plan) { p.Commit = "" },
	}
	for sentence, change := range tests {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			p := plan(false)
			change(&p)
			_, err := p.Record(preflight.Traffic{Weights: release.Split(release.Blue, 100), Serving: true}, time.Now())
			if release.ExitStatus(err) != 2 || release.HintOf(err) == "" {
				t.Errorf("error %v with exit status %d", err, release.ExitStatus(err))
			}
		})
	}
}
