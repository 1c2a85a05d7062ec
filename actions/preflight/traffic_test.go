package preflight

import (
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// A run of all jobs again looks at what the release itself has moved, which is no
// failure of it.
func TestWhoHadTheTraffic(t *testing.T) {
	t.Parallel()
	own, other := &traffic.Note{Release: "acme-app-7"}, &traffic.Note{Release: "acme-app-6"}
	for name, c := range map[string]struct {
		good   release.Slot
		share  traffic.Share
		shift  *traffic.Note
		status release.Status
		want   string
	}{
		"the live slot":                       {release.Blue, traffic.Share{Blue: 1000}, other, release.Passed, "1000 clients got blue 1000 green 0"},
		"somebody got the idle slot":          {release.Blue, traffic.Share{Blue: 999, Green: 1}, other, release.Failed, "and blue is live"},
		"nobody has shifted before":           {release.Blue, traffic.Share{Green: 1000}, nil, release.Failed, "and blue is live"},
		"this release, in an earlier attempt": {release.Blue, traffic.Share{Green: 1000}, own, release.NotShown, "after an earlier attempt has moved the traffic"},
		"it was taken back since":             {release.Blue, traffic.Share{Blue: 1000}, own, release.Passed, "and blue is live"},
		"too few were asked":                  {release.Blue, traffic.Share{Blue: 200}, other, release.NotShown, "as shift.observe has it: want 1000"},
		"nothing was live":                    {"", traffic.Share{}, nil, release.NotApplicable, "before the first release"},
		"nothing was live before it was":      {"", traffic.Share{Green: 1000}, own, release.NotApplicable, "before the first release"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := look{job: &action.Job{Findings: new(release.Findings)}}
			l.job.Release = release.Record{ID: "acme-app-7", Candidate: release.Green, Good: c.good, First: c.good == ""}
			l.showLive(c.share, l.owns(traffic.Page{Shift: c.shift}))
			all := l.job.Findings.List()
			if len(all) != 2 {
				t.Fatalf("%+v", all)
			}
			for _, e := range all {
				if e.Status != c.status || !strings.Contains(e.Observed, c.want) {
					t.Errorf("%+v: want %s, %q", e, c.status, c.want)
				}
			}
		})
	}
}
