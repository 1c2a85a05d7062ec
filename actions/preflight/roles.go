package preflight

import (
	"encoding/json"
	"strings"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/connect"
	"github.com/bluegreen-actions/bluegreen/internal/signoff"
)

// asked lists the roles by moment. A first release has no steps to wait in.
func asked(job *action.Job) outputs {
	during := []string{}
	if roles, err := connect.Approvers(job); err == nil && roles != nil && !job.Release.First {
		during = roles // an error has been a probe's
	}
	s := job.Config.SignOff
	return outputs{
		Migrate: list(s.Before(signoff.Migrate)), Shift: list(s.Before(signoff.Shift)),
		During: list(during), Finalize: list(s.Before(signoff.Finalize)),
	}
}

func list(names []string) string {
	text, _ := json.Marshal(names) // strings always can be
	return string(text)
}

// page says who will be asked, when, and what there is to look at by then. It
// stands on the page of the run, where GitHub asks them.
func page(job *action.Job, environment string) {
	var rows [][]string
	preview := connect.Previewed(job)
	for _, r := range job.Config.SignOff.All() {
		rows = append(rows, []string{r.Title, "before " + string(r.Before), r.Environment(environment), strings.Join(r.Before.Look(preview), "; ")})
	}
	if len(rows) == 0 || environment == "" {
		return
	}
	job.Page.Section("Sign-offs")
	job.Page.Say("Each is asked on the page of the run, under Review deployments.")
	job.Page.Table([]string{"who", "when", "environment", "what to look at"}, rows)
	connect.Sights(job)
}
