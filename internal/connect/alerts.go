package connect

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// alertsTime bounds the questions about alerts, well within the time of those that
// are a reason to go back.
const alertsTime = 5 * time.Second

// alerts says which alerts of Prometheus have fired since the release had traffic, and
// did not before. They may be about anything, so they are no reason to go back.
func (q *Questions) alerts(ctx context.Context, since time.Duration) traffic.Proof {
	proof := traffic.Proof{What: "the alerts of Prometheus", Status: release.NotShown, Evidence: []string{"D.3.m5"}}
	if q.server == nil {
		proof.Saw = "there is no Prometheus server that would alert"
		return proof
	}
	ctx, cancel := context.WithTimeoutCause(ctx, alertsTime, fmt.Errorf("the questions about alerts took longer than %v", alertsTime))
	defer cancel()
	rules, err := q.server.AlertRules(ctx)
	switch {
	case err != nil:
		proof.Saw = err.Error()
		return proof
	case len(rules) == 0:
		proof.Saw = "no alert rule is loaded, so nothing could fire"
		return proof
	}
	since = max(since, time.Minute).Round(time.Second)
	firing := `ALERTS{alertstate="firing"}`
	query := fmt.Sprintf(`count by (alertname) (max_over_time(%s[%ds]) unless on (alertname) %s offset %ds)`, firing, int(since.Seconds()), firing, int(since.Seconds()))
	result, err := q.server.Query(ctx, query)
	if err != nil {
		proof.Saw = err.Error()
		return proof
	}
	var names []string
	for _, s := range result.Series {
		names = append(names, s.Labels["alertname"])
	}
	slices.Sort(names)
	proof.Status, proof.Saw = release.Passed, fmt.Sprintf("none of %d alert rules has begun to fire in %v, since the release had traffic", len(rules), since)
	if len(names) > 0 {
		// Somebody has to look whose fault it is, so it is said, and decides nothing.
		proof.Status, proof.Saw, proof.Evidence = release.Failed, "fired since the release had traffic: "+strings.Join(names, ", "), nil
	}
	return proof
}
