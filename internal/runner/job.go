package runner

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"

	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// Job is what a runner says about the job that it executes. Outside of a
// runner everything is empty but APIURL and Attempt.
type Job struct {
	Repository string // owner/name
	RunID      int64
	Attempt    int
	Commit     release.Commit
	Actor      string // who started the run
	Trigger    string // who started this attempt of it
	APIURL     string
	ServerURL  string
}

// Job reads the job's facts, and refuses a run id or commit that is none.
func (r *Runner) Job() (Job, error) {
	job := Job{
		Repository: r.getenv("GITHUB_REPOSITORY"),
		Actor:      r.getenv("GITHUB_ACTOR"),
		Trigger:    cmp.Or(r.getenv("GITHUB_TRIGGERING_ACTOR"), r.getenv("GITHUB_ACTOR")),
		APIURL:     cmp.Or(r.getenv("GITHUB_API_URL"), "https://api.github.com"),
		ServerURL:  cmp.Or(r.getenv("GITHUB_SERVER_URL"), "https://github.com"),
	}
	var errs []error
	job.RunID = number(r.getenv("GITHUB_RUN_ID"), 0, "GITHUB_RUN_ID", &errs)
	job.Attempt = int(number(r.getenv("GITHUB_RUN_ATTEMPT"), 1, "GITHUB_RUN_ATTEMPT", &errs))
	if sha := r.getenv("GITHUB_SHA"); sha != "" {
		if err := job.Commit.UnmarshalText([]byte(sha)); err != nil {
			errs = append(errs, fmt.Errorf("GITHUB_SHA: %w", err))
		}
	}
	return job, errors.Join(errs...)
}

// URL is the page of the run, empty outside of a runner.
func (j Job) URL() string {
	if j.Repository == "" || j.RunID == 0 {
		return ""
	}
	return fmt.Sprintf("%s/%s/actions/runs/%d", j.ServerURL, j.Repository, j.RunID)
}

// CommitURL is the page of a commit; empty where there is no repository to have it.
func (j Job) CommitURL(c release.Commit) string {
	if j.Repository == "" || c == "" {
		return ""
	}
	return fmt.Sprintf("%s/%s/commit/%s", j.ServerURL, j.Repository, c)
}

func number(text string, absent int64, name string, errs *[]error) int64 {
	if text == "" {
		return absent
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		*errs = append(*errs, fmt.Errorf("%s is %q: want a number from 1", name, text))
	}
	return n
}
