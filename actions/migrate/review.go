package migrate

import (
	"context"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/review"
	"github.com/bluegreen-actions/bluegreen/internal/summary"
)

// reviewer judges the pending files with the catalog of the database.
type reviewer struct {
	job      *action.Job
	settings migration.Settings
	result   *review.Review // nil until there was something to review
	waits    bool           // a rehearsal follows, which may settle a guess
}

func (r *reviewer) review(ctx context.Context, p migration.Pending, c migration.Contract) error {
	if len(p.Files)+len(p.Fills)+len(c.Files) == 0 {
		review.Review{}.Evidence(nil, r.job.Findings)
		return nil
	}
	result, err := connect.Judge(ctx, r.settings, p, c)
	if err != nil {
		return err
	}
	r.result = &result
	if r.waits && len(p.Files) > 0 {
		return result.Sure(r.settings.Allow)
	}
	result.Evidence(r.settings.Allow, r.job.Findings)
	return result.Refusal(r.settings.Allow)
}

// breaks are the rules by which a file is more than an expansion, for those who
// find it in the database without knowing it.
func (r *reviewer) breaks(m migration.Migration) []string {
	if r.result == nil {
		return nil
	}
	return r.result.Breaks(connect.Shown(m.Up.Path))
}

// report shows what was found, below the verdict of the page.
func (r *reviewer) report() {
	if r.result == nil {
		return
	}
	result, policy := *r.result, r.settings.Allow
	result.Evidence(policy, r.job.Findings)
	r.job.Page.Say("Review: %s.", result.Sum(policy))
	r.job.Page.Table(review.Header, result.Rows(policy))
	for _, a := range connect.Annotations(result, policy) {
		r.job.Annotate(a)
	}
	for _, p := range result.Acknowledged() {
		r.job.Log.Info("finding acknowledged", "rule", p.Rule.ID, "at", p.Place(), "reason", p.Reason)
	}
	text, err := result.SARIF(policy)
	if err == nil && !r.job.DryRun {
		err = r.job.ReportText("review.sarif", string(text))
	}
	if err != nil {
		r.job.Page.Verdict(summary.Warn, "migrate: the SARIF file was not written: %v", err)
	}
}
