package connect

import (
	"maps"
	"slices"

	"github.com/bluegreen-actions/bluegreen/internal/action"
	"github.com/bluegreen-actions/bluegreen/internal/config"
)

// Sights links to what whoever signs off looks at. GitHub tells a job neither the
// address of its own summary nor of its artifacts: both stand on the page of the run.
func Sights(job *action.Job) {
	run := job.Runner.URL()
	if run == "" {
		return
	}
	job.Page.Link("The page of the run, with the summary of each job", run)
	job.Page.Link("The reports of its jobs, such as the JUnit file of smoke", run+"#artifacts")
	job.Page.Link("The commit", job.Runner.CommitURL(job.Release.Commit))
}

// Previewed reports whether a load balancer is set up to show the candidate to those
// who know a secret value.
func Previewed(job *action.Job) bool {
	routers := append(slices.Collect(maps.Values(job.Config.Routers)), job.Config.Router)
	return slices.ContainsFunc(routers, func(r config.Router) bool { return r.Nginx.Preview != "" || r.HAProxy.Preview != "" })
}
