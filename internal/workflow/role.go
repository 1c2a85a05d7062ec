package workflow

import "regexp"

var (
	aJob        = regexp.MustCompile(`(?m)^  [a-z][a-z0-9-]*:\n(?:(?:    .*)?\n)+`)
	asksAWS     = regexp.MustCompile(`(?m)uses:\s*\S+/actions/(?:preflight|migrate|deploy-green|smoke|shift|rollback|finalize)(?:@\S+)?$`)
	permissions = regexp.MustCompile(`(?m)^    permissions:\n(?:      .+\n)+`)
	mayHave     = regexp.MustCompile(`(?m)^      id-token: `)
)

// ForRole returns the text of a workflow in which every job whose action may ask AWS
// can have GitHub's OIDC token, for a role of AWS. The workflows do not ask for it by
// themselves: GitHub refuses a call whose caller does not grant what a job asks for.
// A text that has been through it stays as it is.
func ForRole(text string) string {
	return aJob.ReplaceAllStringFunc(text, func(job string) string {
		if !asksAWS.MatchString(job) || mayHave.MatchString(job) {
			return job
		}
		return permissions.ReplaceAllStringFunc(job, func(granted string) string {
			return granted + "      id-token: write # for a role of AWS\n"
		})
	})
}
