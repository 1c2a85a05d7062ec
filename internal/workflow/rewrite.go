package workflow

import "regexp"

var (
	ownPath = regexp.MustCompile(`(?m)^(\s*(?:-\s+)?uses:\s*["']?)\$/([^\s"'#@]+)`)
	queue   = regexp.MustCompile(`(?m)^ +queue: max\b.*\n`) // of a concurrency group
	quiet   = regexp.MustCompile(`(?m)^( +environment: )\{ name: "(.*)", deployment: false \}`)
)

// Rewrite returns the text of a workflow or action in which every path of the
// own repository, such as $/actions/shift, is written out with repository
// (owner/name) and ref, such as acme/bluegreen/actions/shift@v1, and from which
// `queue: max` of the concurrency groups and `deployment: false` of the environments
// are left out. Everything else stays as it is.
func Rewrite(text, repository, ref string) string {
	text = quiet.ReplaceAllString(queue.ReplaceAllLiteralString(text, ""), "$1$2")
	return ownPath.ReplaceAllStringFunc(text, func(line string) string {
		m := ownPath.FindStringSubmatch(line)
		return m[1] + repository + "/" + m[2] + "@" + ref
	})
}

// The artifact actions that GitHub Enterprise Server takes; later ones refuse it.
// Source: the documentation of actions/upload-artifact and actions/download-artifact.
const (
	serverUpload   = "actions/upload-artifact@c6a366c94c3e0affe28c06c8df20a878f24da3cf # v3.2.2"
	serverDownload = "actions/download-artifact@9bc31d5ccc31df68ecc42ccf4149144866c47d8a # v3.0.2"
)

var (
	upload    = regexp.MustCompile(`(?m)actions/upload-artifact@[0-9a-f]{40} # v\S+`)
	download  = regexp.MustCompile(`(?m)actions/download-artifact@[0-9a-f]{40} # v\S+`)
	overwrite = regexp.MustCompile(`(?m)^ +overwrite: true\n`)                                     // that one always does
	pattern   = regexp.MustCompile(`(?m)(actions/download-artifact@.*\n +with:\n) +pattern: .*\n`) // without a name, that one fetches all
)

// ForServer returns the text of a workflow or action for GitHub Enterprise Server,
// which knows neither $/, nor queue, nor deployment, nor the artifact actions that GitHub.com wants. A
// text that has been through it stays as it is.
func ForServer(text, repository, ref string) string {
	text = Rewrite(text, repository, ref)
	text = overwrite.ReplaceAllString(upload.ReplaceAllLiteralString(text, serverUpload), "")
	return pattern.ReplaceAllString(download.ReplaceAllLiteralString(text, serverDownload), "$1")
}
