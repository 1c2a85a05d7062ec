package connect

import (
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/preflight"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

// Probes shows what was looked at, what stops first.
func Probes(page *summary.Page, r preflight.Report) {
	marks := map[release.Status]string{release.Passed: string(summary.Good), release.Failed: string(summary.Bad), release.NotShown: "▫️"}
	var rows [][]string
	for _, one := range r.StopsFirst() {
		rows = append(rows, []string{marks[one.Status], one.Name, one.Observed, one.Took.Round(time.Millisecond).String(), one.Remedy})
	}
	page.Table([]string{"", "probe", "seen", "took", "remedy"}, rows)
}
