package preflight

import (
	"context"
	"fmt"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/gate"
	"github.com/bluegreen-actions/bluegreen/internal/preflight"
	"github.com/bluegreen-actions/bluegreen/internal/prometheus"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// metrics measures every rule on the live slot: what is wrong with a query or a
// metric there would stop the first step.
func (l look) metrics(ctx context.Context) (string, error) {
	connect.Unseen(l.job)
	source, err := connect.Metrics(l.job)
	if err != nil {
		return "", err
	}
	if server, ok := source.(*prometheus.Server); ok {
		if _, err := server.Healthy(ctx); err != nil {
			return "", err
		}
	}
	up, err := l.targets(ctx, source)
	if err != nil {
		return "", err
	}
	if l.job.Release.Good == "" {
		return "", preflight.Absent("it answers, %s; the rules cannot be measured before something is live", up)
	}
	if err := l.scraped(ctx, source, 2); err != nil {
		return "", err
	}
	faults, optional, err := gate.Preflight(ctx, l.job.Config.Gates, source, connect.Pace(l.job), l.job.Release.Good)
	if err != nil {
		return "", err
	}
	seen := fmt.Sprintf("%s: %s, and every rule can be measured on the live slot", connect.Source(l.job), up)
	for _, r := range optional {
		seen += fmt.Sprintf(", but %s: %s", r.Rule, r.Reason)
	}
	return seen, unmeasurable(faults)
}

// alerting shows the alerts of the plan by the rules that Prometheus has loaded. A
// release does not wait for one that is missing.
func (l look) alerting(ctx context.Context) (string, error) {
	if l.job.Config.Prometheus.URL == "" {
		return "", preflight.Absent("there is no Prometheus server that would alert")
	}
	server, err := prometheus.New(l.job.Config.Prometheus)
	if err != nil {
		return "", err
	}
	rules, err := server.AlertRules(ctx)
	if err != nil {
		return "", preflight.Absent("%v", err)
	}
	if missing := preflight.ShowAlerts(rules, l.job.Config.Record.Excused(), l.job.Findings); len(missing) > 0 {
		return "", preflight.Absent("%d alert rules are loaded, and none that counts for %s", len(rules), strings.Join(missing, ", "))
	}
	return fmt.Sprintf("%d alert rules are loaded, with all that the plan has", len(rules)), nil
}

// traffic says whether the gates will have the requests that they need. Too
// little stops nothing.
func (l look) traffic(ctx context.Context) (string, error) {
	source, err := connect.Metrics(l.job)
	if err != nil {
		return "", preflight.Absent("no metrics: %v", err)
	}
	if l.job.Release.Good == "" {
		return "", preflight.Absent("nothing is live, so there is no traffic")
	}
	perSecond, short, err := l.forecast(ctx, source)
	switch {
	case err != nil:
		return "", preflight.Absent("%v", err)
	case len(short) == 0:
		return fmt.Sprintf("%.3g requests a second: every rule has its samples within its step", perSecond), nil
	}
	text := fmt.Sprintf("%.3g requests a second: %s", perSecond, strings.Join(short, "; "))
	l.job.Log.Warn("the gates will have too little traffic", "traffic", text)
	return "", preflight.Absent("%s", text)
}

// forecast counts over a few scrapes.
func (l look) forecast(ctx context.Context, source gate.Source) (float64, []string, error) {
	if err := l.scraped(ctx, source, 3); err != nil {
		return 0, nil, err
	}
	return gate.Forecast(ctx, l.job.Config.Gates, source, connect.Pace(l.job), l.job.Release.Good, connect.Bakes(l.job))
}

// targets refuses a slot that the source does not know: its first step would
// have nothing to go by.
func (l look) targets(ctx context.Context, source gate.Source) (string, error) {
	if l.job.Config.Gates.Target == "" {
		return "no target is configured", nil
	}
	var texts []string
	for _, s := range release.Slots {
		result, err := source.Query(ctx, strings.ReplaceAll(l.job.Config.Gates.Target, "{{slot}}", string(s)))
		if err != nil {
			return "", err
		}
		if len(result.Series) == 0 {
			return "", fmt.Errorf("no target for the %s slot", s)
		}
		up := 0
		for _, series := range result.Series {
			if series.Value == 1 {
				up++
			}
		}
		texts = append(texts, fmt.Sprintf("%s has %d of %d targets up", s, up, len(result.Series)))
	}
	return strings.Join(texts, ", "), nil
}
