package demo

import (
	"fmt"
	"net/http"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/openloop"
)

// Tally is what the load saw of the whole demo.
type Tally struct {
	Sent, Answered     int
	Lost               int            // no whole answer, or a server error of a version that was meant to be good
	BadAnswers         int            // server errors that the bad version gave before it was taken back
	ByOutcome          map[string]int // every outcome, counted
	Jobs, JobsDone     int            // messages that were accepted, and of these that were delivered
	JobsLost, Repeated int
	P50, P99, Worst    time.Duration
}

// count compares what was accepted with what was delivered. A server error by
// the version that is meant to be bad is a fact about that version, not a loss
// on the way; everything else without a whole answer is lost, and so is a request
// that the application should not have refused.
func count(report openloop.Report, received map[string]int, campaign, bad string) Tally {
	t := Tally{
		Sent: report.Sent(), ByOutcome: map[string]int{},
		P50: report.Latency(50), P99: report.Latency(99), Worst: report.Latency(100),
	}
	for _, s := range report.Samples {
		t.ByOutcome[string(s.Outcome)]++
		switch {
		case s.Outcome == openloop.ServerError && s.Header[versionHeader] == bad:
			t.BadAnswers++
		case s.Outcome == openloop.Answered && s.Status >= http.StatusBadRequest:
			t.Lost++
			t.ByOutcome[fmt.Sprintf("status %d", s.Status)]++
		case s.Outcome == openloop.Answered:
			t.Answered++
		case s.Lost():
			t.Lost++
		}
		if s.Path == sendPath(campaign) && s.Method == http.MethodPost && s.Status/100 == 2 {
			t.job(received[recipient(s.Number)])
		}
	}
	return t
}

func (t *Tally) job(times int) {
	t.Jobs++
	switch {
	case times == 0:
		t.JobsLost++
	case times > 1:
		t.Repeated++
		t.JobsDone++
	default:
		t.JobsDone++
	}
}

// lastAnswer is how long after the decision the last request was started that
// the bad version still answered; negative when all were started before it.
func lastAnswer(report openloop.Report, bad string, decided time.Time) (time.Duration, bool) {
	last, found := report.Last(func(s openloop.Sample) bool { return s.Header[versionHeader] == bad })
	return last.Started.Sub(decided), found
}
